# gawk: files read whole into strings that grow line by line, changed, taken apart and put
# together again; what came of the last few is kept.
function slurp(name,    text, line) {
    while ((getline line < name) > 0)
        text = text line "\n"
    close(name)
    return text
}

BEGIN {
    for (i = 1; i < ARGC; i++) {
        text = slurp(ARGV[i])
        gsub(/[aeiou]+/, "<&>", text)
        count = split(text, lines, "\n")
        joined = ""
        for (k = 1; k <= count; k += 3)
            joined = joined lines[k] " "
        kept[i % 4] = toupper(joined) text
        total += length(joined)
        delete lines
    }
    print total
}
