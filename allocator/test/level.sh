# shellcheck shell=bash
# level.sh: sourced by tests that run programs under libsnug.so at a level of SNUG_DEBUG.
# They set library, and scratch: a folder.
name="" failed="" what=""
unset SNUG_DEBUG LD_PRELOAD

# begin NAME, then what is to hold, then end: one test. What does not hold is added to
# failed; what may name the case that is tried.
begin()
{
    name=$1 failed="" what=""
}

end()
{
    if [ -z "$failed" ]; then
        pass "$name"
    else
        fail "$name" "$failed"
    fi
}

# wrong TEXT: the test fails, and says so.
wrong()
{
    failed+="${what:+$what: }$1"$'\n'
}

# run LEVEL PROGRAM...: its stderr is a file; leaves status, and out and err in scratch.
# shellcheck disable=SC2154 # scratch and library: of the script
run()
{
    local level=$1
    shift
    {
        env SNUG_DEBUG="$level" LD_PRELOAD="$library" "$@" >"$scratch/out" 2>"$scratch/err"
        status=$?
    } 2>/dev/null # where bash says "Aborted"
}

expect_status()
{
    [ "$status" -eq "$1" ] || wrong "exit status $status, not $1
$(cat "$scratch/err")"
}

# expect FILE LINE: in a file of scratch, as a basic regular expression.
expect()
{
    grep -qx -- "$2" "$scratch/$1" || wrong "no line \"$2\" in $1:
$(cat "$scratch/$1")"
}

# Of its stderr: no line with a part like this, and line N.
expect_none()
{
    ! grep -q -- "$1" "$scratch/err" || wrong "\"$1\" in
$(cat "$scratch/err")"
}

expect_line()
{
    local line
    line=$(sed -n "$1p" "$scratch/err")
    [ "$line" = "$2" ] || wrong "line $1 is \"$line\", not \"$2\""
}
