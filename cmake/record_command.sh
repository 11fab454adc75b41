#!/bin/sh
# record_command.sh FILE WORD COMMAND...: runs COMMAND. If WORD is in one of its arguments, writes into FILE the
# folder that it ran in and its arguments, a line each.
file=$1 word=$2
shift 2
case "$*" in
    *"$word"*) { pwd && printf '%s\n' "$@"; } >"$file.new" && mv "$file.new" "$file" ;;
esac
exec "$@"
