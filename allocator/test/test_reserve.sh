#!/usr/bin/env bash
# What the heap reserves in whole programs: it leaves a limit on address space to the
# program's own mappings, and does not become resident in one that locks its memory.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
library=$(scripts/preload-path "${BUILD:-build}/libsnug.so" "$scratch")

# Under a limit of 200 MB python maps 140 MB: more than the limit less 64 MiB of reserve.
limited()
{
    (ulimit -v 200000 && LD_PRELOAD=$1 python3 -c 'import mmap; mmap.mmap(-1, 140 << 20)') 2>&1
}

# KiB that python holds locked after mlockall and some work.
locked()
{
    LD_PRELOAD=$1 python3 -c '
import ctypes
if ctypes.CDLL(None).mlockall(3) != 0:
    raise SystemExit("refused")
lists = [[i] for i in range(10000)]
print(next(l.split()[1] for l in open("/proc/self/status") if l.startswith("VmRSS")))' 2>&1
}

name="a limit on address space is left to the program"
if ! limited "" >/dev/null; then
    skip "$name" "python needs more, or is not here"
elif text=$(limited "$library"); then
    pass "$name"
else
    fail "$name" "$text"
fi

# The tables of a heap that was there before may stay: 3 MiB.
name="mlockall does not make the reserve resident"
without=$(locked "") with=$(locked "$library")
if ! [[ $without =~ ^[0-9]+$ ]]; then
    skip "$name" "${without##*$'\n'}"
elif [[ $with =~ ^[0-9]+$ ]] && [ "$with" -lt $((without + 8192)) ]; then
    pass "$name"
else
    fail "$name" "$with KiB with snug, $without without"
fi
plan
