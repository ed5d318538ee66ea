# shellcheck shell=bash
# Bash: arrays, associative arrays, expansions, functions and here-strings.
declare -A count
declare -a order
total=0

title() {
    local word=$1
    printf '%s' "${word^}"
}

while read -r first second rest; do
    for word in $first $second; do
        word=${word%.}
        word=${word,,}
        [[ -n ${count[$word]} ]] || order+=("$word")
        count[$word]=$((${count[$word]:-0} + 1))
        total=$((total + ${#word}))
    done
    rest=${rest//so/SO}
    IFS=' ' read -ra fields <<<"$rest"
    joined=$(printf '%s-' "${fields[@]:0:3}")
    last=${joined%-}
done < <(head -n "$2" "$1")
for word in "${order[@]:0:300}"; do
    title "$word" >/dev/null
    printf '%s %d\n' "$word" "${count[$word]}"
done
echo "$total $last ${#order[@]}"
