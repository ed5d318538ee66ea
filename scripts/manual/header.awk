# The manual of the library from snug.h: section 3 describes the functions, section 7 what
# users of programs need: LD_PRELOAD and the environment.
#
# A comment at the margin describes the code below it, down to the next blank line. One with
# no code below it goes on where the last ended; if it names a variable of the environment,
# it belongs to section 7.
#
# Variables: section, package (name and version).
function paragraph(text)
{
    print ".PP\n" escape(text)
}

# The names of the functions declared in the code, for a heading.
function names(    text, out)
{
    text = code
    while (match(text, /snug_[a-z0-9_]+\(/)) {
        out = out (out == "" ? "" : ", ") substr(text, RSTART, RLENGTH - 1)
        text = substr(text, RSTART + RLENGTH)
    }
    return out
}

function show_code(    shown, count, i)
{
    print ".PP\n.nf"
    count = split(code, shown, "\n")
    for (i = 1; i <= count; i++) {
        sub(/^SNUG_API /, "", shown[i])
        print shown[i] == "" ? "" : "\\fB" escape(shown[i]) "\\fR"
    }
    print ".fi"
}

# What was read since the last blank line.
function flush(    is_of_environment, title)
{
    is_of_environment = code == "" && environment
    if (section == 7 ? is_of_environment : !is_of_environment) {
        title = names()
        if (title != "") {
            print ".SS " title
        }
        if (code != "") {
            show_code()
        }
        body(comment, 1, comments)
    }
    comments = 0
    code = ""
    environment = 0
}

function add_comment(text)
{
    if (sub(/ *\*\/ *$/, "", text)) {
        in_comment = 0
    }
    sub(/^(\/\*| \*) ?/, "", text)
    sub(/\/path\/to\//, "@PREFIX@/lib/", text)
    if (text ~ /SNUG_[A-Z]/) {
        environment = 1
    }
    comment[++comments] = text
}

function head(    first, last)
{
    for (first = 1; comment[first] != ""; first++) {
        ;
    }
    last = comments
    if (section == 3) {
        page("snug", 3, package, substr(comment[1], 8, index(comment[1], ".") - 8))
        print ".SH SYNOPSIS\n.nf\n.B #include <snug.h>"
        print "\ncc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs snug)"
        print "cc program.c \\-I@PREFIX@/include @PREFIX@/lib/libsnug.a\n.fi"
        print ".PP\nThe first takes the shared library, with which snug also takes the"
        print "place of malloc and its kin; the second adds the functions below alone."
    } else {
        page("snug", 7, package, "programs with this memory allocator, and its environment")
        print ".SH SYNOPSIS\n.nf\nLD_PRELOAD=@PREFIX@/lib/libsnug.so \\fIprogram\\fR ..."
        print "SNUG_DEBUG=check LD_PRELOAD=@PREFIX@/lib/libsnug.so \\fIprogram\\fR ...\n.fi"
        for (last = first + 1; comment[last] != ""; last++) {
            ; # the ways to use it; the rest is for programmers
        }
    }
    print ".SH DESCRIPTION"
    body(comment, first, last)
    comments = 0
    print section == 3 ? ".SH FUNCTIONS" : ".SH ENVIRONMENT"
}

/^\/\*/ {
    in_comment = 1
}
in_comment {
    add_comment($0)
    if (!in_comment && !has_head) {
        head()
        has_head = 1
    }
    next
}
# Between the head and this stand the guard and the includes.
/^#define SNUG_API$/ {
    getline # the #endif
    in_body = 1
    next
}
!in_body {
    next
}
/^#ifdef __cplusplus/ {
    exit
}
$0 == "" {
    flush()
    next
}
{
    code = code == "" ? $0 : code "\n" $0
}

END {
    print ".SH FILES"
    print ".TP\n@PREFIX@/share/doc/snug/allocator/DEBUGGING.md\nsessions with the debug levels"
    print ".TP\n@PREFIX@/share/snugbench/snug.gdb\ncommands for gdb"
    print ".SH SEE ALSO"
    print section == 3 ? "snug(7), malloc(3), snugbench(1)" : "snug(3), snugbench(1), ld.so(8)"
}
