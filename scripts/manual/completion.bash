# Completion of snugbench in bash. What is not known here is a file.
_snugbench()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local chosen="" words="" i command options argument
    ((COMP_CWORD < 2)) || chosen=${COMP_WORDS[1]}
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = -- ]; then # a program and its arguments
            ((i + 1 < COMP_CWORD)) || mapfile -t COMPREPLY < <(compgen -c -- "$current")
            return
        fi
    done
    while IFS='|' read -r command options argument _; do
        if [ -z "$chosen" ]; then
            [ -n "$options" ] || words+=" $command"
        elif [ "$command" = "$chosen" ] && [ -n "$options" ]; then
            words+=" $options"
            if [ -n "$argument" ] && [[ " $options " == *" $previous "* ]]; then
                case $argument in
                NAME | NAME\[*) words=$("${COMP_WORDS[0]}" list | awk 'NR > 1 { print $1 }') ;;
                DIR)
                    mapfile -t COMPREPLY < <(compgen -d -- "$current")
                    return
                    ;;
                *) return ;;
                esac
                mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
                return
            fi
        fi
    done <<'TABLE'
@TABLE@
TABLE
    if [ -z "$chosen" ]; then
        words+=" --help --version"
    elif [[ $current != -* ]]; then
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _snugbench snugbench
