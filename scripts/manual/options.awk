# The options of a command, from what it prints with --help, for completion: lines of
#     COMMAND|OPTIONS|ARGUMENT|DESCRIPTION
# with blanks between options of one meaning and the beginning of their description. Run
# with text.awk; variable: command.
function print_option()
{
    if (options != "") {
        sub(/^ +/, "", description)
        if (sub(/^\(/, "", description)) {
            sub(/\).*/, "", description)
        }
        if (match(description, /[;.] | \(/)) {
            description = substr(description, 1, RSTART - 1)
        }
        gsub(/\|/, "/", argument)
        print command "|" substr(options, 2) "|" substr(argument, 2) "|" description
    }
    options = ""
}

function read_option(text,    at, count, words, i)
{
    sub(/^ +/, "", text)
    at = match(text, /  +/)
    description = at ? substr(text, at) : ""
    argument = ""
    count = split(at ? substr(text, 1, at - 1) : text, words, /,? +/)
    for (i = 1; i <= count; i++) {
        if (words[i] !~ /^-/) {
            argument = argument " " words[i]
        } else if (match(words[i], /=/)) {
            options = options " " substr(words[i], 1, RSTART - 1)
            argument = argument " " substr(words[i], RSTART + 1)
        } else {
            options = options " " words[i]
        }
    }
}

# Read to the end all the same: who writes into a pipe that is closed fails.
/^examples:/ {
    has_ended = 1
}
has_ended {
    next
}
is_option($0) {
    print_option()
    read_option($0)
    next
}
/^ / {
    sub(/^ +/, " ")
    description = description $0
    next
}
{
    print_option()
}
END {
    print_option()
}
