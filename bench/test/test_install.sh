#!/usr/bin/env bash
# make install and uninstall: to a prefix with a blank in it, where the tools find each other
# from any folder, with pages and completion for every command; and below DESTDIR.
set -u
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../../scripts/tap.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL
BUILD=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix="$work/x y/usr"
bench=$prefix/bin/snugbench
here=$PWD

has()
{
    command -v "$1" >/dev/null
}

make_it()
{
    make -s "$@" "BUILD=$BUILD"
}

# What is there, folders too.
all_of()
{
    (cd "$1" && find . | sort)
}

# Somebody else's folder and file, which have to stay.
mkdir -p "$prefix/share/man" "$prefix/bin"
echo mine >"$prefix/bin/mine"
before=$(all_of "$work/x y")

ok "make install" make_it install "PREFIX=$prefix"
installed=$(all_of "$prefix")
cd / || exit 1

# ---- the tools ----

ours_are_found()
{
    "$bench" list >"$work/list" &&
        grep -q "^snug .* $prefix/lib/libsnug.so\$" "$work/list" &&
        grep -q "^floor .* $prefix/lib/snugbench/libsnugbench-floor.so\$" "$work/list"
}
ok "list names the installed libraries" ours_are_found
ok "generate" "$bench" generate churn -n 1000 -o "$work/churn.rep"
ok "replay" "$bench" replay "$work/churn.rep" -a snug -a glibc -r 1 -w 1 -o "$work/run"
ok "with figures of snug" grep -q 'snug' "$work/run/summary.csv"
ok "record" "$bench" record -o "$work/sort.rep" -- sort "$work/run/summary.csv"
ok "stat reads it" "$bench" stat "$work/sort.rep"
ok "micro" "$bench" micro --only start -a snug -a glibc -r 1
ok "a shipped trace" "$bench" stat "$prefix/share/snugbench/traces/mawk.rep.zst"
if has gnuplot; then
    ok "charts" "$bench" report "$work/run"
    ok "and the page" grep -q '</html>' "$work/run/report.html"
    ok "and they are there" grep -q '</svg>' "$work/run/scatter.svg"
else
    skip "charts" "no gnuplot"
fi
link=$work/link
ln -s "$bench" "$link"
ok "by a symbolic link" "$link" replay "$work/churn.rep" -a snug -r 1 -w 1

# ---- the library ----

cat >"$work/app.c" <<'C'
#include <snug.h>
#include <stdlib.h>
/* Exit code 1: malloc is snug's, 0: it is not, 2: something does not work. */
int main(void)
{
    struct snug_stats before, between, after;
    bool walked = snug_stats(&before);
    void *block = malloc(1000000);
    walked = walked && snug_stats(&between);
    void *ours = snug_malloc(1000000);
    walked = walked && snug_stats(&after);
    if (!walked || block == NULL || after.live_bytes < between.live_bytes + 1000000) {
        return 2;
    }
    snug_free(ours);
    return between.live_bytes >= before.live_bytes + 1000000;
}
C
exit_code()
{
    local expected=$1
    shift
    "$@"
    [ $? -eq "$expected" ]
}
static_program()
{
    gcc -o "$work/static" "$work/app.c" -I"$prefix/include" "$prefix/lib/libsnug.a" &&
        exit_code 0 "$work/static"
}
shared_program()
{
    eval "gcc -fno-builtin -o '$work/shared' '$work/app.c' $(
        PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs snug)" &&
        LD_LIBRARY_PATH=$prefix/lib exit_code 1 "$work/shared"
}
same_version()
{
    [ "snugbench $(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --modversion snug)" = \
        "$("$bench" --version)" ]
}
ok "a program with libsnug.a" static_program
cat >"$work/own.c" <<'C'
#include <snug.h>
int heap = 1, cache = 2;
void policy(void) {}
void heap_free(void *count);
int main(void)
{
    int count = 0;
    snug_free(snug_malloc(10));
    policy();
    heap_free(&count);
    return count + heap + cache - 10;
}
C
echo 'void heap_free(void *count) { *(int *)count = 7; }' >"$work/other.c"
# What libsnug.a calls inside is neither in the program's way nor taken for the other's.
own_names()
{
    gcc -c -o "$work/other.o" "$work/other.c" && ar rcs "$work/other.a" "$work/other.o" &&
        gcc -o "$work/own" "$work/own.c" -I"$prefix/include" "$prefix/lib/libsnug.a" \
            "$work/other.a" && "$work/own"
}
ok "a program and a library with names that are used inside" own_names
if has pkg-config; then
    ok "a program built by pkg-config has snug's malloc" shared_program
    ok "pkg-config knows the version" same_version
else
    skip "pkg-config" "no pkg-config"
fi

# ---- manual pages ----

commands=$("$bench" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
# The long options that a command's --help lists.
options()
{
    "$bench" "$1" --help | sed '/^examples:/q' | grep -E '^ {2,6}-' | sed 's/  *[^ -].*//' |
        grep -oE -- '--[a-z-]+'
}
# Every option of every command is in its page.
pages_tell_options()
{
    local command option
    [ "$(wc -w <<<"$commands")" -ge 7 ] || return
    for command in $commands; do
        for option in $(options "$command"); do
            grep -qF -- "${option//-/\\-}" "$prefix/share/man/man1/snugbench-$command.1" || {
                echo "snugbench-$command.1: no $option"
                return 1
            }
        done
    done
}
pages_are_clean()
{
    local page words
    for page in "$prefix"/share/man/man*/*; do
        case $(head -n 1 "$page") in
        .so*) [ -f "$prefix/share/man/$(sed 's/^.so //' "$page")" ] || return ;;
        *)
            words=$(groff -man -ww -Tutf8 -Kutf8 -z "$page" 2>&1)
            [ -z "$words" ] || { echo "$words"; return 1; }
            ;;
        esac
    done
}
functions_have_pages()
{
    local function functions
    functions=$(grep -oE '\bsnug_[a-z_0-9]+\(' "$prefix/include/snug.h" | sort -u)
    [ "$(wc -w <<<"$functions")" -ge 20 ] || return
    for function in $functions; do
        if [ ! -s "$prefix/share/man/man3/${function%(}.3" ] ||
            ! grep -qF "$function" "$prefix/share/man/man3/snug.3"; then
            echo "no page of $function"
            return 1
        fi
    done
}
variables_are_told()
{
    local name names
    names=$(grep -ohE '\bSNUG_[A-Z_]+=' "$prefix/include/snug.h" | sort -u)
    [ "$(wc -w <<<"$names")" -ge 5 ] || return
    for name in $names; do
        grep -q "$name" "$prefix/share/man/man7/snug.7" || { echo "no $name"; return 1; }
    done
}
ok "each command's page has its options" pages_tell_options
ok "each function has its page" functions_have_pages
ok "snug(7) has the variables of the environment" variables_are_told
ok "and the path of the library" grep -qF "LD_PRELOAD=$prefix/lib/libsnug.so" \
    "$prefix/share/man/man7/snug.7"
if has groff; then
    ok "groff has no complaint" pages_are_clean
else
    skip "groff has no complaint" "no groff"
fi

# ---- completion ----

# complete_bash WORD...: what bash offers for the last word.
complete_bash()
{
    PATH=$prefix/bin:$PATH bash -c '
        . "$0" && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) && _snugbench &&
            printf "%s\n" "${COMPREPLY[@]}"' \
        "$prefix/share/bash-completion/completions/snugbench" "$@"
}
bash_offers_commands()
{
    [ "$(complete_bash snugbench "" | grep -v ^-)" = "$commands" ]
}
bash_offers_options()
{
    local command option
    for command in $commands; do
        for option in $(options "$command"); do
            complete_bash snugbench "$command" -- | grep -qx -- "$option" || {
                echo "$command: no $option"
                return 1
            }
        done
    done
}
bash_offers_allocators()
{
    [ "$(complete_bash snugbench replay -a snu)" = snug ] &&
        [ "$(complete_bash snugbench replay --reference glib)" = glibc ]
}
bash_leaves_files()
{
    [ -z "$(complete_bash snugbench replay "" | tr -d '\n')" ]
}
ok "bash: the commands" bash_offers_commands
ok "bash: every option" bash_offers_options
ok "bash: allocators" bash_offers_allocators
ok "bash: files" bash_leaves_files

# An interactive zsh to whose line the tabulator key is added shows the words. They are
# waited for, up to 20 seconds.
cat >"$work/zsh" <<'ZSH'
zmodload zsh/zpty || exit 1
prefix=$1 line=$2
shift 2
zpty shell zsh -f -i
zpty -w shell "PS1=; path=(${(q)prefix}/bin \$path)
fpath=(${(q)prefix}/share/zsh/site-functions \$fpath)
autoload -U compinit; compinit -u -D; LISTMAX=1000; COLUMNS=200; stty -echo
bindkey '^I' complete-word; echo rea''dy"
zpty -r shell shown '*ready*'
zpty -w -n shell "$line"$'\t'
shown=
for ((i = 0; i < 200; i++)); do
    while zpty -r -t shell more; do
        shown+=$more
    done
    missing=()
    for word in $@; do
        [[ $shown == *$word* ]] || missing+=$word
    done
    (( $#missing )) || break
    sleep 0.1
done
zpty -d shell
print -r -- "missing: $missing; shown: $shown"
exit $#missing
ZSH
zsh_offers()
{
    TERM=dumb timeout 60 zsh -f "$work/zsh" "$prefix" "$@"
}
if has zsh && zsh -fc 'zmodload zsh/zpty' 2>"$work/out"; then
    # shellcheck disable=SC2086 # words
    ok "zsh: the commands" zsh_offers "snugbench " $commands
    # shellcheck disable=SC2046
    ok "zsh: every option" zsh_offers "snugbench replay -" $(options replay)
    ok "zsh: allocators" zsh_offers "snugbench replay -a s" snug scudo
else
    skip "zsh: completion" "no zsh"
fi

# ---- again, and away ----

cd "$here" || exit 1
# As from an older version: a file that this one does not have.
echo old >"$prefix/bin/old"
sed -i "1i $prefix/bin/old" "$prefix/share/snugbench/manifest"
ok "install again" make_it install "PREFIX=$prefix"
ok "leaves the same" [ "$(all_of "$prefix")" = "$installed" ]
# What is asked for help, wherever one stands, does nothing else.
silent=
for script in scripts/* scripts/heldout/record; do
    if [ ! -f "$script" ] || [ ! -x "$script" ]; then continue; fi
    said=$(cd "${script%/*}" &&
        PREFIX=$prefix timeout 10 "./${script##*/}" --help 2>&1 </dev/null) &&
        grep -q "^${script#scripts/}\b" <<<"$said" || silent+=" $script"
done
ok "every script has --help, but for:$silent" [ -z "$silent" ]
ok "which removes nothing" [ "$(all_of "$prefix")" = "$installed" ]
ok "uninstall" make_it uninstall "PREFIX=$prefix"
ok "leaves what was there before" [ "$(all_of "$work/x y")" = "$before" ]
nothing_to_remove()
{
    ! make_it uninstall "PREFIX=$prefix" 2>"$work/out" &&
        grep -q 'is not installed' "$work/out"
}
ok "uninstall where nothing is" nothing_to_remove

mkdir "$work/stage"
ok "DESTDIR" make_it install "DESTDIR=$work/stage" "PREFIX=/opt/sn ug"
ok "the prefix is the final one" grep -qx 'prefix=/opt/sn\\ ug' \
    "$work/stage/opt/sn ug/lib/pkgconfig/snug.pc"
ok "nothing of it outside" [ ! -e "/opt/sn ug" ]
grep -rl "$work/stage" "$work/stage" >"$work/out"
ok "nothing tells of DESTDIR" [ ! -s "$work/out" ]
ok "uninstall from DESTDIR" make_it uninstall "DESTDIR=$work/stage" "PREFIX=/opt/sn ug"
ok "leaves nothing" [ -z "$(ls -A "$work/stage")" ]
plan
