# shellcheck shell=bash
# tap.sh: sourced by the test scripts. The lines that scripts/run-tests counts, and whether
# a tool or a right that a test needs is to be had here.
number=0

pass()
{
    number=$((number + 1))
    echo "ok $number - $1"
}

# fail NAME [TEXT]
fail()
{
    number=$((number + 1))
    echo "not ok $number - $1"
    [ -z "${2-}" ] || printf '%s\n' "$2" | sed 's/^/# /'
}

skip()
{
    number=$((number + 1))
    echo "ok $number - $1 # SKIP $2"
}

# ok NAME COMMAND...: passes if the command succeeds.
ok()
{
    local name=$1
    shift
    if "$@"; then pass "$name"; else fail "$name"; fi
}

# report NAME CODE: code 0 is passed. What "$work/out" and "$work/err" hold is shown if it is
# not.
# shellcheck disable=SC2154 # work: the folder of the script
report()
{
    if [ "$2" -eq 0 ]; then
        pass "$1"
    else
        fail "$1" "$(cat "$work/out" "$work/err")"
    fi
}

# expect NAME CODE WHERE PATTERN COMMAND...: the exit code, and PATTERN (extended) in
# WHERE: out, err
expect()
{
    local name=$1 code=$2 where=$3 pattern=$4 found
    shift 4
    "$@" >"$work/out" 2>"$work/err"
    found=$?
    [ "$found" -eq "$code" ] && grep -qE -- "$pattern" "$work/$where"
    report "$name" $?
    [ "$found" -eq "$code" ] || echo "# exit code $found, not $code"
}

# await COMMAND...: until it succeeds; false if it does not within two minutes.
await()
{
    local end=$((SECONDS + 120))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return
        sleep 0.05
    done
}

# is NAME FOUND EXPECTED: two texts, or two numbers.
is()
{
    if [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1" "expected: $3
found:    $2"
    fi
}

plan()
{
    echo "1..$number"
}

# gdb may be here and yet not run a program, or not call a function in one.
gdb_calls()
{
    local program answer
    program=$(mktemp) || return
    echo 'int puts(const char *); void call(void) { puts("called"); } int main() { return 0; }' |
        gcc -g -x c -o "$program" - &&
        answer=$(timeout 60 gdb -q -batch -nx -x allocator/snug.gdb \
            -ex "set startup-with-shell off" -ex "break main" -ex run \
            -ex "snug-call call()" -ex continue "$program" 2>&1)
    rm -f "$program"
    [[ $answer == *called*"exited normally"* ]]
}

# lacks ABILITY: in words what is missing, tried on something trivial; nothing if it is here.
lacks()
{
    case $1 in
    descriptors) (ulimit -n 6000) 2>/dev/null || echo "no 6,000 descriptors here" ;;
    gdb-calls) gdb_calls 2>/dev/null || echo "no gdb that can call functions here" ;;
    chosen-pids)
        unshare -rpf --mount-proc sh -c 'echo 99 >/proc/sys/kernel/ns_last_pid' 2>/dev/null ||
            echo "no right to choose a pid"
        ;;
    gcc-static)
        echo 'int main(void) { return 0; }' | gcc -static -x c -o /dev/null - 2>/dev/null ||
            echo "gcc -static does not work here"
        ;;
    pid-namespaces) unshare -rpf true 2>/dev/null || echo "no right to a pid namespace" ;;
    strace) strace -o /dev/null true 2>/dev/null || echo "no strace that may trace here" ;;
    user-mounts)
        unshare -rm mount -t tmpfs none /mnt 2>/dev/null || echo "no right to mount a tmpfs"
        ;;
    *.so.*) [ -z "$(LD_PRELOAD=$1 true 2>&1)" ] || echo "no $1 here" ;;
    *) command -v "$1" >/dev/null || echo "$1 is not installed" ;;
    esac
}

# needs NAME ABILITY...: false, and the test NAME skipped, where one is missing.
needs()
{
    local name=$1 ability reason
    shift
    for ability in "$@"; do
        reason=$(lacks "$ability")
        if [ -n "$reason" ]; then
            skip "$name" "$reason"
            return 1
        fi
    done
}
