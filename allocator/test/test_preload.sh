#!/usr/bin/env bash
# Real programs, unchanged, with and without libsnug.so preloaded: what they print, their
# errors and their exit status must be the same. Each job below runs in an empty folder in
# a bash of its own, so bash and every child are under the allocator too.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
scratch=$(mktemp -d)
library=$(scripts/preload-path "${BUILD:-build}/libsnug.so" "$scratch")
trap 'rm -rf "$scratch"' EXIT
# Jobs work on a copy of the sources: an edit between two runs is no difference.
export ROOT=$scratch/source HOME=$scratch LC_ALL=C TZ=UTC
mkdir "$ROOT" && cp -r allocator bench "$ROOT"

job_bash()
{
    declare -A squares=()
    text=""
    for ((i = 0; i < 3000; i++)); do
        squares[$i]=$((i * i))
        text+="line $i;"
    done
    echo "${#squares[@]} ${squares[2999]} ${#text} ${text//line/word}" | cksum
    for i in 1 2 3 4; do
        (value=$(printf '%*s' $((i * 100000)) "" | tr ' ' x) && echo "$i ${#value}") >"$i" &
    done
    wait
    cat 1 2 3 4
    while read -r a b; do echo "$b $a"; done < <(seq 2000 | paste - -) | cksum
    diff <(seq 100) <(seq 2 101) || echo "diff says $?"
}

job_git()
{
    export GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z'
    git init -q -b main repository && cd repository || exit
    git config user.name tester && git config user.email tester@example.org
    cp -r "$ROOT/bench" "$ROOT/allocator" .
    git add . && git commit -q -m "first"
    for i in 1 2 3 4 5; do
        seq $((i * 1000)) >numbers && git add numbers && git commit -q -m "numbers $i"
    done
    git checkout -q -b side HEAD~2 && echo side >side && git add side &&
        git commit -q -m side && git merge -q -m merged main
    git repack -q -a -d --threads=2 && git fsck --strict
    git log --stat --graph | cksum
    git blame numbers | cksum
    git grep -c include | cksum
    git clone -q . ../copy && git -C ../copy rev-parse HEAD
    git archive HEAD | cksum
}

job_python()
{
    # Every object from malloc, not from the interpreter's own arenas.
    export PYTHONMALLOC=malloc PYTHONHASHSEED=0
    python3 - <<'END'
import hashlib, json, re, subprocess, threading

records = [{"id": i, "name": "n%d" % i, "tags": ["t"] * (i % 7)} for i in range(8000)]
text = json.dumps(records)
assert json.loads(text) == records
print(len(text), len(re.findall(r'"name": "n(\d*7)"', text)))

sums = [0] * 8
def work(k):
    for i in range(200):
        block = bytearray(1 + (i * 7919 * (k + 1)) % 200000)
        block += b"x" * i
        sums[k] += len(block) + len({j: str(j) for j in range(i)})
threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
for t in threads: t.start()
for t in threads: t.join()
print(sums)

out = subprocess.run(["python3", "-c", "print(sum(range(10**5)))"], capture_output=True)
print(out.stdout, out.stderr, out.returncode)
print(hashlib.sha256(hex(3 ** 50000).encode()).hexdigest())
END
}

job_perl()
{
    perl -e '
        my %count;
        for my $i (1 .. 60000) { $count{"key" . ($i * 7919 % 5003)} .= chr(65 + $i % 26) }
        print scalar(keys %count), " ", length(join "", map { $count{$_} } sort keys %count), "\n";
        my $text = "the quick brown fox " x 20000;
        my $n = () = $text =~ /(\w+)\s+\w*o\w*/g;
        $text =~ s/(\w+)/ucfirst $1/ge;
        print "$n ", substr($text, 0, 19), "\n";
        my @parts = map { [split //, "abc" x ($_ % 50)] } 1 .. 2000;
        print scalar(map { @$_ } @parts), "\n";
        defined(my $pid = fork) or die; if (!$pid) { my @x = (1) x 100000; exit 7 }
        waitpid $pid, 0; print $? >> 8, "\n"; warn "a warning\n";'
}

job_gcc()
{
    for file in bench/main.c allocator/heap/bins.c; do
        gcc -std=gnu17 -D_GNU_SOURCE -O2 -g -I"$ROOT/${file%%/*}" -c -o part.o "$ROOT/$file" &&
            cksum <part.o
    done
    printf '#include <stdio.h>\nint main(void) { return puts("linked") < 0; }\n' >small.c
    gcc -O2 -flto -o small small.c && ./small && cksum <small
    echo 'int main(void) { return undeclared; }' | gcc -x c - || echo "gcc says $?"
}

job_cxx()
{
    cat >program.cc <<'END'
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
struct alignas(64) Line { char bytes[64]; };
int main()
{
    std::vector<std::thread> threads;
    std::vector<size_t> sums(4);
    for (size_t k = 0; k < sums.size(); k++)
        threads.emplace_back([k, &sums] {
            std::map<std::string, std::vector<int>> table;
            for (int i = 0; i < 20000; i++)
                table[std::to_string(i * 31 % 977) + std::string(i % 40, 'x')].push_back(i);
            for (auto &[key, values] : table) sums[k] += key.size() * values.size();
        });
    for (auto &thread : threads) thread.join();
    for (size_t sum : sums) std::cout << sum << '\n';
    auto lines = std::make_unique<Line[]>(100);
    std::cout << reinterpret_cast<uintptr_t>(lines.get()) % 64 << '\n';
    try {
        throw std::runtime_error(std::string(1000, 'e'));
    } catch (const std::exception &error) {
        std::cout << std::string(error.what()).size() << '\n';
    }
    try {
        volatile size_t huge = SIZE_MAX / 4;
        std::cout << (new char[huge] != nullptr) << '\n';
    } catch (const std::bad_alloc &) {
        std::cout << "bad_alloc\n";
    }
}
END
    g++ -std=c++17 -O1 -pthread -o program program.cc && ./program
}

job_sqlite3()
{
    sqlite3 data.db <<'END'
create table item(id integer primary key, name text, price real, stock integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000)
insert into item select i, 'item ' || (i * 7919 % 10007), i * 0.25, i % 13 from n;
create index by_name on item(name);
select count(*), sum(price), count(distinct name) from item;
select name, count(*), group_concat(id) from item group by name having count(*) > 2 order by name limit 20;
select a.id, b.id from item a join item b on a.name = b.name and a.id < b.id order by 1, 2 limit 20;
update item set name = upper(name) || hex(randomblob(0)) where stock = 5;
delete from item where stock = 6;
vacuum;
pragma integrity_check;
select count(*), max(length(name)) from item;
END
}

job_sort()
{
    seq 200000 | awk '{ print ($1 * 7919) % 200003, "text", $1 % 97 }' >lines
    sort --parallel=4 -S 4M -T . -k3,3n -k1,1n lines | cksum
    sort --parallel=2 -u -k3,3 lines | cksum
    join <(seq 1000 | sort) <(seq 500 1500 | sort) | wc -l
    cut -d ' ' -f 1 lines | tac | nl | tr 1-5 a-e | shuf --random-source=lines | cksum
}

job_awk()
{
    seq 100000 | awk '{ n[$1 % 1009] = n[$1 % 1009] "," $1 } END { for (k = 0; k < 1009; k++) total += length(n[k]); print total }'
    seq 20000 | sed -E 's/([0-9])([0-9])/\2\1/g; /7/!d' | grep -cE '(1|9)0*$'
}

job_gnuplot()
{
    cat >plot.gp <<'END'
set terminal svg size 640,400
set output "chart.svg"
set samples 500
plot sin(x) / x with lines, "data" using 1:2:3 with yerrorbars
set terminal pngcairo size 640,400
set output "chart.png"
splot x ** 2 * sin(y)
END
    seq 200 | awk '{ print $1 / 10 - 10, $1 % 7 / 7, 0.1 }' >data
    gnuplot plot.gp && cksum chart.svg chart.png
}

job_jq()
{
    seq 20000 | jq -c '{id: ., name: "n\(.)", tags: [range(. % 5)]}' >lines.json
    jq -s 'map(select(.id % 3 == 0)) | group_by(.tags | length) | map({n: length, sum: (map(.id) | add)})' lines.json
    jq -r '[.id, .name, (.tags | join("-"))] | @csv' lines.json | cksum
    echo '{"broken": ' | jq . || echo "jq says $?"
}

job_lua()
{
    lua5.4 - <<'END'
local words, parts = {}, {}
for i = 1, 100000 do
    local key = "w" .. (i * 7919 % 1009)
    words[key] = (words[key] or 0) + i
    parts[#parts + 1] = string.rep("x", i % 17)
end
local keys = {}
for key in pairs(words) do keys[#keys + 1] = key end
table.sort(keys)
print(#keys, words[keys[1]], words[keys[#keys]], #table.concat(parts))
collectgarbage()
print(select(2, ("the quick brown fox"):rep(5000):gsub("%w+", string.upper)))
print(pcall(error, {1, 2}) == false)
END
}

job_compression()
{
    seq 120000 >numbers
    tar -cf - --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner numbers | cksum
    xz -T2 --block-size=512KiB -2 -k numbers && xz -dc numbers.xz | cksum && rm numbers.xz
    zstd -q -T2 -9 numbers && zstd -dcq numbers.zst | cksum
    gzip -nk9 numbers && cksum <numbers.gz
    tar -caf all.tar.xz numbers numbers.gz && tar -xOf all.tar.xz numbers.gz | cksum
}

job_make()
{
    {
        echo "all: \$(patsubst %,out/%.txt,$(seq -s ' ' 60))"
        echo "	@cat \$(sort \$^) | cksum"
        echo "out/%.txt:"
        echo "	@mkdir -p out && seq \$* >\$@"
    } >Makefile
    make -j4 && make -q && echo "nothing to do"
    find "$ROOT" -name '*.h' -size +1 -type f -printf '%P %s\n' | sort | cksum
    find "$ROOT" -type f -print0 |
        sort -z | xargs -0 -n 5 wc -c | cksum
}

# run JOB FOLDER [VARIABLE=VALUE]: stdout, stderr and status of a job in FOLDER.
run()
{
    local job=$1 folder=$2
    shift 2
    # The same path both times: some outputs hold it.
    rm -rf "$scratch/work" && mkdir -p "$folder" "$scratch/work"
    (cd "$scratch/work" &&
        env "$@" timeout 100 bash -c "$(declare -f "$job"); $job") \
        >"$folder/stdout" 2>"$folder/stderr" </dev/null
    echo $? >"$folder/status"
}

# program NAME COMMAND...: compare job_NAME's two runs; skipped without its commands.
program()
{
    local name=$1
    shift
    needs "$name" "$@" || return
    run "job_$name" "$scratch/plain"
    run "job_$name" "$scratch/snug" "LD_PRELOAD=$library"
    if [ "$(cat "$scratch/plain/status")" != 0 ] || [ ! -s "$scratch/plain/stdout" ]; then
        fail "$name" "the job fails without libsnug.so too:
$(tail -n 5 "$scratch/plain/stderr")"
    elif diff -r "$scratch/plain" "$scratch/snug" >"$scratch/difference"; then
        pass "$name"
    else
        fail "$name" "$(head -n 30 "$scratch/difference" | cut -c 1-300)"
    fi
}

# Without this, equal outputs would prove nothing: malloc must come from the library.
preloaded()
{
    local command found
    for command in "$@"; do
        command -v "$command" >/dev/null || continue
        rm -f "$scratch"/bindings.*
        echo | LD_PRELOAD=$library LD_BIND_NOW=1 LD_DEBUG=bindings \
            LD_DEBUG_OUTPUT=$scratch/bindings "$command" --version >/dev/null 2>&1
        found=$(cat "$scratch"/bindings.* 2>/dev/null |
            grep -cF "to $library [0]: normal symbol \`malloc'")
        if [ "$found" -eq 0 ]; then
            fail "malloc resolves into libsnug.so" "not in $command"
            return
        fi
    done
    pass "malloc resolves into libsnug.so"
}

preloaded bash git python3 perl gcc sqlite3 sort gnuplot jq awk tar xz zstd make find
program bash bash
program git git
program python python3
program perl perl
program gcc gcc
program cxx g++
program sqlite3 sqlite3
program sort sort
program awk awk
program gnuplot gnuplot
program jq jq
program lua lua5.4
program compression tar xz zstd gzip
program make make find
plan
