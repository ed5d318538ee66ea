# shellcheck shell=bash
# help.sh: sourced by a script before it does anything. -h or --help prints the comment at
# the script's head.
case ${1:-} in
-h | --help)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
