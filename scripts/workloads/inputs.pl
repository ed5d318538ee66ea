#!/usr/bin/perl
# inputs.pl: writes the inputs of the recorded programs into the current folder. The same
# bytes on every machine for the same seed (an argument; 42): words are made of syllables by
# a generator of our own.
use strict;
use warnings;

my $state = shift // 42;

# A whole number below the limit (a 31-bit linear congruential generator, high bits).
sub below {
    my ($limit) = @_;
    $state = ($state * 1103515245 + 12345) & 0x7fffffff;
    return int(($state >> 4) / 0x8000000 * $limit);
}

my @syllables = qw(ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu
    bran clef dris flon grum plat stir trev kwol snug);
my @vocabulary;
{
    my %seen;
    while (@vocabulary < 12000) {
        my $word = join '', map { $syllables[below(scalar @syllables)] } 1 .. 2 + below(3);
        push @vocabulary, $word unless $seen{$word}++;
    }
}

# Few words are frequent and many rare, as in a language.
sub word {
    return $vocabulary[below(1 + below(1 + below(scalar @vocabulary)))];
}

sub sentence {
    my ($words) = @_;
    return ucfirst(join ' ', map { word() } 1 .. $words) . '.';
}

sub write_file {
    my ($name, $text) = @_;
    open my $file, '>', $name or die "$name: $!\n";
    print {$file} $text;
    close $file or die "$name: $!\n";
    return;
}

sub write_text {
    my $text = '';
    for (1 .. 2200) {
        $text .= join(' ', map { sentence(4 + below(12)) } 1 .. 1 + below(5)) . "\n";
        $text .= "\n" if below(6) == 0;
    }
    write_file('text.txt', $text);
    # The same for troff: blank lines begin paragraphs.
    my $head = join '', map { "$_\n" } (split /\n/, $text)[0 .. 599];
    $head =~ s/^$/.PP/mg;
    write_file('text.ms', ".TL\nA text\n.PP\n$head");
    return;
}

sub write_lines {
    my $lines = join '', map { sprintf "%s\t%d\t%s\n", word(), below(1000000), sentence(1 + below(20)) } 1 .. 60000;
    write_file('lines.txt', $lines);
    return;
}

sub record_fields {
    my ($number) = @_;
    return {
        id    => $number,
        name  => ucfirst(word()) . ' ' . ucfirst(word()),
        score => below(100000) / 100,
        note  => sentence(3 + below(15)),
        tags  => [ map { word() } 1 .. below(6) ],
    };
}

sub write_documents {
    my ($json, $xml) = ('', '');
    for my $number (1 .. 4000) {
        my $r = record_fields($number);
        my $tags = join ', ', map { "\"$_\"" } @{ $r->{tags} };
        $json .= ($number > 1 ? ",\n" : '')
            . "{\"id\": $r->{id}, \"name\": \"$r->{name}\", \"score\": $r->{score}, "
            . "\"note\": \"$r->{note}\", \"tags\": [$tags]}";
        $xml .= "<record id=\"$r->{id}\" score=\"$r->{score}\"><name>$r->{name}</name>"
            . "<note>$r->{note}</note>"
            . join('', map { "<tag>$_</tag>" } @{ $r->{tags} }) . "</record>\n";
    }
    write_file('records.json', "[\n$json\n]\n");
    write_file('records.xml', "<?xml version=\"1.0\"?>\n<records>\n$xml</records>\n");
    return;
}

sub write_points {
    my $points = '';
    my $y = 0;
    for my $x (0 .. 19999) {
        $y += below(2001) / 1000 - 1;
        $points .= sprintf "%d %.3f %.3f %d\n", $x, $y, abs($y) / 10, below(12);
    }
    write_file('points.dat', $points);
    return;
}

sub write_sql {
    my $sql = "BEGIN;\n"
        . "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, city TEXT, note TEXT);\n"
        . "CREATE TABLE sale (person INTEGER, day INTEGER, amount REAL, item TEXT);\n";
    for my $id (1 .. 3000) {
        $sql .= sprintf "INSERT INTO person VALUES (%d, '%s', '%s', '%s');\n", $id, word(),
            $vocabulary[ below(40) ], sentence(3 + below(10));
    }
    for (1 .. 12000) {
        $sql .= sprintf "INSERT INTO sale VALUES (%d, %d, %.2f, '%s');\n", 1 + below(3000),
            below(365), below(100000) / 100, word();
    }
    $sql .= "COMMIT;\nCREATE INDEX sale_person ON sale (person, day);\n";
    write_file('build.sql', $sql);
    return;
}

# A history for git fast-import: 60 files, 400 commits that change a few lines each.
sub write_history {
    my @files = map { [ map { sentence(5 + below(8)) } 1 .. 60 + below(200) ] } 1 .. 60;
    my $stream = '';
    for my $commit (1 .. 400) {
        my $message = sentence(6 + below(20)) . "\n";
        my $time = 1600000000 + $commit * 3600;
        $stream .= "commit refs/heads/main\ncommitter Snug <snug\@example.org> $time +0000\n"
            . 'data ' . length($message) . "\n$message";
        my @changed = $commit == 1 ? (0 .. $#files) : map { below(scalar @files) } 1 .. 1 + below(4);
        my %done;
        for my $index (grep { !$done{$_}++ } @changed) {
            my $lines = $files[$index];
            splice @{$lines}, below(scalar @{$lines}), below(4), map { sentence(5 + below(8)) } 1 .. below(6);
            my $text = join "\n", @{$lines}, '';
            my $path = sprintf 'part%d/file%d.txt', $index % 7, $index;
            $stream .= "M 100644 inline $path\ndata " . length($text) . "\n$text\n";
        }
    }
    write_file('history.import', $stream);
    return;
}

# C that keeps a compiler busy: system headers, then functions with loops and switches.
sub write_c {
    my $c = join '', map { "#include <$_>\n" } qw(ctype.h errno.h fcntl.h limits.h locale.h
        math.h netdb.h pthread.h pwd.h signal.h stdint.h stdio.h stdlib.h string.h
        sys/mman.h sys/socket.h sys/stat.h sys/wait.h termios.h time.h unistd.h wchar.h);
    for my $n (1 .. 40) {
        my $cases = join '', map {
            sprintf "        case %d: sum += x[i] * %d + (int)strlen(\"%s\"); break;\n", $_,
                below(1000), sentence(2)
        } 1 .. 3 + below(12);
        my $called = $n > 1 ? sprintf('sum ^= work%d(x, n / 2);', 1 + below($n - 1)) : '';
        $c .= "struct item$n { int a, b; double c; char name[" . (1 + below(64)) . "]; };\n"
            . "int work$n(const int *x, int n)\n{\n    int sum = $n;\n"
            . "    struct item$n item = {.a = n, .b = sum};\n"
            . "    for (int i = 0; i < n; i++) {\n        switch (x[i] & 15) {\n$cases"
            . "        default: item.c += sqrt((double)x[i]); break;\n        }\n"
            . "        item.b += item.a * i;\n    }\n    if (n > 3) { $called }\n"
            . "    return sum + item.b + (int)item.c;\n}\n";
    }
    write_file('functions.c', $c);
    return;
}

write_text();
write_lines();
write_documents();
write_points();
write_sql();
write_history();
write_c();
