# What a line of a --help text is. All of scripts/manual is for any awk that POSIX describes.
function indentation(line)
{
    match(line, /^ */)
    return RLENGTH
}

# " -a, --all NAME" and the like: an entry, not a line that goes on about one.
function is_option(line)
{
    return line ~ /^ +--?[A-Za-z]/ && indentation(line) <= 6
}
