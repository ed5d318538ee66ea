# shellcheck shell=bash disable=SC2154 # recorder, target, programs, wanted: see below
# recording.sh: sourced by the scripts that record traces of programs. They set
#   recorder  their name, for messages       target  the folder of the traces
#   programs  PROGRAM:PACKAGE of what they start
#   wanted    (array) the traces to make; empty: all
# and stand in the root of the project. Afterwards the current folder, removed at exit, holds
# the inputs of scripts/workloads, and record and generate write into the target.
root=$PWD
snugbench=$root/${BUILD:-build}/snugbench
case ${BUILD:-} in /*) snugbench=$BUILD/snugbench ;; esac

missing=""
for pair in $programs; do
    command -v "${pair%%:*}" >/dev/null || missing+=" ${pair#*:}"
done
if [ -n "$missing" ]; then
    echo "$recorder: programs are missing; as root: apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi
if [ ! -x "$snugbench" ]; then
    echo "$recorder: $snugbench is missing: run make" >&2
    exit 1
fi

mkdir -p "$target"
target=$(realpath "$target")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What a program reads from its environment is the same everywhere.
unset "${!PYTHON@}" "${!GIT@}" "${!PERL@}" "${!RUBY@}" LD_PRELOAD BASH_ENV VIMINIT || true
export LC_ALL=C TZ=UTC HOME="$work" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null

cp "$root"/scripts/workloads/* "$work"
cd "$work" || exit
echo "$recorder: making the inputs" >&2

is_wanted()
{
    [ ${#wanted[@]} -eq 0 ] && return 0
    local name
    for name in "${wanted[@]}"; do
        [ "$name" != "$1" ] || return 0
    done
    return 1
}

# record NAME PACKAGE PROGRAM ARGS...: into NAME.rep.zst; its output does not matter.
# No package: the program is one of our own.
record()
{
    local name=$1 package=$2 origin="program: our own"
    shift 2
    is_wanted "$name" || return 0
    [ -z "$package" ] || origin="package: $package $(dpkg-query -W -f '${Version}' "$package")"
    local code=0
    timeout 300 "$snugbench" record -o "$target/$name.rep.zst" -c "$origin" -- "$@" \
        </dev/null >output.txt 2>messages.txt || code=$?
    # 10 and 20 are a solver's answers.
    if [ "$code" -ne 0 ] && [ "$code" -ne 10 ] && [ "$code" -ne 20 ]; then
        tail -n 20 messages.txt >&2
        echo "$recorder: recording $name failed" >&2
        exit 1
    fi
    # What is shipped may take longer to compress than what is written beside a program.
    zstd -dcq "$target/$name.rep.zst" | zstd -19 -qf -o smaller.zst
    mv smaller.zst "$target/$name.rep.zst"
    tail -n 1 messages.txt >&2
}

# generate SEED MODEL [OPTION...]: into gen-MODEL.rep.zst.
generate()
{
    local seed=$1 model=$2
    shift
    is_wanted "gen-$model" || return 0
    "$snugbench" generate "$@" -s "$seed" -o "$target/gen-$model.rep.zst"
    echo "$recorder: made gen-$model.rep.zst" >&2
}
