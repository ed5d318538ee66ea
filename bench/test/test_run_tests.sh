#!/usr/bin/env bash
# scripts/run-tests: what it counts as passed, failed and skipped.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# counts NAME CODE LINE SCRIPT-BODY: the exit code and the last line of run-tests on one
# test that is made of the body.
counts()
{
    local code
    printf '#!/bin/sh\n%s\n' "$4" >"$work/test_made.sh"
    chmod +x "$work/test_made.sh"
    scripts/run-tests "$work/test_made.sh" >"$work/out" 2>&1
    code=$?
    if [ "$code" -eq "$2" ] && [ "$(tail -n 1 "$work/out")" = "$3" ]; then
        pass "$1"
    else
        fail "$1" "exit code $code: $(cat "$work/out")"
    fi
}

counts "passed" 0 "2 passed, 0 failed" 'echo "ok 1 - a"; echo "ok 2 - b"'
counts "failed" 1 "1 passed, 1 failed" 'echo "ok 1 - a"; echo "not ok 2 - b"; exit 1'
counts "failed, whatever the exit code" 1 "0 passed, 1 failed" 'echo "not ok 1 - a"'
counts "skipped by a script" 0 "1 passed, 0 failed, 1 skipped" \
    'echo "ok 1 - a"; echo "ok 2 - b # SKIP no strace"'
counts "skipped by cmocka" 0 "1 passed, 0 failed, 1 skipped" \
    'echo "not ok 1 # SKIP a"; echo "ok 2 - b"'
counts "a failure beside a skip" 1 "0 passed, 1 failed, 1 skipped" \
    'echo "not ok 1 # SKIP a"; echo "not ok 2 - b"; exit 1'
counts "all skipped" 0 "0 passed, 0 failed, 1 skipped" 'echo "not ok 1 # SKIP a"'
counts "silence is a failure" 1 "0 passed, 1 failed" 'exit 0'
counts "death after a pass is a failure" 1 "1 passed, 1 failed" \
    'echo "ok 1 - a"; kill -SEGV $$'
counts "death after a skip is a failure" 1 "0 passed, 1 failed, 1 skipped" \
    'echo "not ok 1 # SKIP a"; exit 3'

plan
