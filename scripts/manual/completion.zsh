#compdef snugbench
# Completion of snugbench in zsh.
_snugbench_allocators()
{
    local -a names
    if compset -P '*='; then
        _files
        return
    fi
    names=(${(f)"$(_call_program allocators snugbench list | awk 'NR > 1 { print $1 }')"})
    _describe allocator names
}

_snugbench()
{
    local chosen="" command options argument description option action
    local -a commands specs
    (( CURRENT < 3 )) || chosen=$words[2]
    while IFS='|' read -r command options argument description; do
        if [[ -z $options ]]; then
            commands+=("$command:$description")
        elif [[ $command == $chosen ]]; then
            case $argument in
            '') action="" ;;
            NAME | NAME\[*) action=_snugbench_allocators ;;
            DIR) action='_files -/' ;;
            *) action=_files ;;
            esac
            description=${description//(#m)[\\\[\]]/\\$MATCH}
            for option in ${=options}; do
                specs+=("*${option}[$description]${argument:+:${argument//:/ }:$action}")
            done
        fi
    done <<'TABLE'
@TABLE@
TABLE
    if [[ -z $chosen ]]; then
        _describe command commands
        return
    fi
    local end=${words[(i)--]}
    if (( end < CURRENT )); then # a program and its arguments
        shift $end words
        (( CURRENT -= end ))
        _normal
        return
    fi
    shift words
    (( CURRENT-- ))
    _arguments -S $specs '*:file:_files'
}

_snugbench "$@"
