# awk: group lines by word, split, substitute, join.
{
    key = substr($1, 1, 4)
    sum[key] += $2
    lines[key]++
    n = split($3, words, " ")
    for (i = 1; i <= n; i++) {
        word = tolower(words[i])
        gsub(/[aeiou]/, "_", word)
        seen[word]++
    }
    if (length($3) > length(longest[key])) longest[key] = $3
}
END {
    for (key in sum) printf "%s %d %.1f %s\n", key, lines[key], sum[key] / lines[key], longest[key]
    n = 0
    for (word in seen) n += seen[word] > 1
    print n
}
