#!/usr/bin/env bash
# scripts/run-tests: what it counts as passed, failed and skipped.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# make_test NAME SCRIPT-BODY
make_test()
{
    printf '#!/bin/sh\n%s\n' "$2" >"$work/$1"
    chmod +x "$work/$1"
}

# counts NAME CODE LINE SCRIPT-BODY: the exit code and the last line of run-tests on one
# test that is made of the body.
counts()
{
    local code
    make_test test_made.sh "$4"
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

# Two that wait for each other end well only if they run at once; a third waits for nobody.
meet="for i in \$(seq 1200); do
    [ -e $work/\$other ] && echo 'ok 1 - met' && exit; sleep 0.05; done; exit 1"
make_test test_left "touch $work/left; other=right; $meet"
make_test test_right "touch $work/right; other=left; $meet"
make_test test_quick 'echo "not ok 1 - this"; echo "that"'
TEST_JOBS=3 scripts/run-tests "$work"/test_{left,quick,right} >"$work/out" 2>&1
ok "as many run at once as were asked for" grep -qx '2 passed, 1 failed' "$work/out"
cat >"$work/expected" <<'END'
test_left 1 passed 0 failed 0 skipped
test_quick 0 passed 1 failed 0 skipped
--- test_quick: exit code 0
not ok 1 - this
that
---
test_right 1 passed 0 failed 0 skipped
2 passed, 1 failed
END
sed -E 's/ +[0-9]+ s$//; s/ +/ /g' "$work/out" | diff "$work/expected" - >"$work/diff"
report=$?
ok "what they say comes whole and in the order of their names" [ "$report" -eq 0 ]

# No other while one has the folder.
apart="mkdir $work/busy && sleep 0.2 && rmdir $work/busy && echo 'ok 1 - alone'"
make_test test_first "$apart"
make_test test_second "$apart"
make_test test_third "$apart"
TEST_JOBS=2 scripts/run-tests "$work/test_first" --alone "$work"/test_{second,third} \
    >"$work/out" 2>&1
ok "those behind --alone run by themselves" grep -qx '3 passed, 0 failed' "$work/out"

# Stopped, it leaves nothing behind.
make_test test_slow "echo \$\$ >$work/pid; exec sleep 100"
scripts/run-tests "$work/test_slow" >"$work/out" 2>&1 &
await test -s "$work/pid"
kill -TERM $!
wait $!
ok "stopped: its exit code" [ $? -eq 130 ]
is_gone() # on a loaded machine it dies a little later
{
    ! kill -0 "$(cat "$work/pid")" 2>/dev/null
}
await is_gone
ok "stopped: no test is left" is_gone

plan
