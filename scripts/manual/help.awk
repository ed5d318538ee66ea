# The manual page of a command from what it prints with --help, which has the form
#
#     [name and version - summary]
#     usage: COMMAND ...
#            COMMAND ...
#
#     paragraphs
#
#     heading:
#       -o, --option NAME  list, or examples
#
# Variables: name of the page, package (name and version), summary.
{
    line[NR] = $0
}

function section(title)
{
    if (title != current) {
        print ".SH " title
    }
    current = title
}

# Exit codes have a section of their own. What stands right below a list belongs to it.
function paragraph(text,    at, length_of_head)
{
    at = match(text, /Exit codes?: /)
    length_of_head = RLENGTH
    if (at != 1) {
        if (!is_below_list) {
            section(has_list ? "NOTES" : "DESCRIPTION")
        }
        print ".PP\n" escape(at ? substr(text, 1, at - 1) : text)
    }
    if (at) {
        section("EXIT STATUS")
        text = substr(text, at + length_of_head)
        print toupper(substr(text, 1, 1)) escape(substr(text, 2))
    }
}

function heading(text, i,    title)
{
    title = substr(text, 1, length(text) - 1)
    if (is_option(line[i + 1])) {
        section("OPTIONS")
        print ".SS " toupper(substr(title, 1, 1)) escape(substr(title, 2))
    } else {
        section(escape(toupper(title)))
    }
    has_list = 1
}

END {
    page(name, 1, package, summary)
    section("SYNOPSIS")
    for (i = 1; i <= NR && line[i] !~ /^usage: /; i++) {
        ;
    }
    print ".nf"
    for (; i <= NR && line[i] != ""; i++) {
        print escape(substr(line[i], 8))
    }
    print ".fi"
    while (++i <= NR) {
        # A block ends before a blank line and between paragraph and list.
        if (line[i] == "") {
            continue
        }
        if (line[i] ~ /^[a-z].*:$/ && line[i - 1] == "" && line[i + 1] ~ /^ /) {
            heading(line[i], i)
            continue
        }
        for (last = i; last < NR && line[last + 1] != ""; last++) {
            if ((line[last + 1] ~ /^ /) != (line[i] ~ /^ /)) {
                break
            }
        }
        if (current == "EXAMPLES" && line[i] ~ /^ /) {
            verbatim(line, i, last)
        } else {
            if (is_option(line[i])) {
                section("OPTIONS")
                has_list = 1
            }
            is_below_list = line[i - 1] ~ /^ /
            body(line, i, last)
        }
        i = last
    }
}
