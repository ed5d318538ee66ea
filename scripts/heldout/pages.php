<?php
// PHP: a server of pages, each built from records by templates and thrown away.
$records = json_decode(file_get_contents($argv[1]), true);
$cache = [];
$total = 0;
for ($page = 0; $page < 120; $page++) {
    $rows = array_slice($records, $page * 31 % 3500, 40 + $page % 50);
    usort($rows, fn($a, $b) => strcmp($a['name'], $b['name']));
    $html = '<table>';
    foreach ($rows as $row) {
        $cells = array_map('htmlspecialchars', [$row['name'], $row['note'], implode(', ', $row['tags'])]);
        $html .= '<tr><td>' . implode('</td><td>', $cells) . "</td></tr>\n";
    }
    $html .= '</table>';
    $cache[$page % 20] = gzcompress($html);
    $total += strlen(preg_replace('/<[^>]*>/', '', $html));
}
echo $total, "\n";
