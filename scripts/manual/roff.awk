# From plain text, as --help prints it and comments hold it, to a manual page. Run with
# text.awk and a program that has a function paragraph(text), which prints one.
#
# What begins at the margin is a paragraph; what is indented is a list of terms and what is
# said of them, two blanks apart or in lines that are indented further, or else is shown as
# it is.
BEGIN {
    roff["\\"] = "\\e"
    roff["-"] = "\\-"
    roff["'"] = "\\(aq"
    roff["`"] = "\\(ga"
    roff["^"] = "\\(ha"
    roff["~"] = "\\(ti"
}

function escape(text,    i, c, out)
{
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        out = out (c in roff ? roff[c] : c)
    }
    return substr(out, 1, 1) == "." ? "\\&" out : out
}

# Options stand bold, what they take in italics; any other term is bold.
function term(text,    words, count, i, out)
{
    if (text !~ /^-[-A-Za-z]/) {
        return "\\fB" escape(text) "\\fR"
    }
    count = split(text, words, " ")
    for (i = 1; i <= count; i++) {
        out = out (i > 1 ? " " : "") (words[i] ~ /^-/ ? "\\fB" : "\\fI") \
              escape(words[i]) "\\fR"
    }
    return out
}

function verbatim(lines, first, last,    base)
{
    print ".PP\n.RS 4\n.nf"
    base = indentation(lines[first])
    for (; first <= last; first++) {
        print escape(substr(lines[first], base + 1))
    }
    print ".fi\n.RE"
}

function list(lines, first, last,    base, has_options, i, text, at)
{
    base = indentation(lines[first])
    has_options = is_option(lines[first])
    while (first <= last) {
        for (i = first + 1; i <= last; i++) {
            if (has_options ? is_option(lines[i]) : indentation(lines[i]) <= base) {
                break
            }
        }
        text = lines[first]
        sub(/^ +(- +)?/, "", text)
        at = match(text, /  +/)
        if (at == 0 && i == first + 1 && !has_options) {
            while (i <= last && !match(lines[i], /[^ ]  +/)) {
                i++
            }
            verbatim(lines, first, i - 1)
        } else {
            print ".TP\n" term(at ? substr(text, 1, at - 1) : text)
            if (at) {
                print escape(substr(text, at + RLENGTH))
            }
            for (first++; first < i; first++) {
                text = lines[first]
                sub(/^ +/, "", text)
                print (text ~ /^-/ ? ".br\n" : "") escape(text)
            }
        }
        first = i
    }
}

# The lines first to last of `lines`.
function body(lines, first, last,    i, text)
{
    while (first <= last) {
        if (lines[first] == "") {
            first++
            continue
        }
        text = lines[first]
        for (i = first + 1; i <= last && lines[i] != ""; i++) {
            if ((indentation(lines[i]) == 0) != (indentation(lines[first]) == 0)) {
                break
            }
            text = text " " lines[i]
        }
        if (indentation(lines[first]) > 0) {
            list(lines, first, i - 1)
        } else {
            paragraph(text)
        }
        first = i
    }
}

# The head of a page.
function page(name, section, package, summary)
{
    print ".\\\" Made by scripts/manual from the text of --help or snug.h."
    printf ".TH %s %s \"\" \"%s\"\n.nh\n.ad l\n", toupper(escape(name)), section, package
    printf ".SH NAME\n%s \\- %s\n", escape(name), escape(summary)
}
