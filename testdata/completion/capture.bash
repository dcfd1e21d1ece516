#!/usr/bin/env bash
# What TAB offers at the end of each command line on stdin.
#
#   capture.bash SCRIPT <LINES
#
# A line "==" ends what is offered for one. Each is asked of the function that
# SCRIPT binds, as bash would do it: with the line divided into words at blanks
# and at COMP_WORDBREAKS. What the function leaves to bash is added.
source "$1" || exit

# The function uses these to leave the rest to bash.
compopt() { options+=" $*"; }

# split LINE sets COMP_WORDS. The lines have no quotes but backslashes.
split() {
	local line=$1 piece
	COMP_WORDS=()
	while [[ -n $line ]]; do
		[[ $line =~ ^[[:space:]]*(([^[:space:]=:@\<\>\\]|\\.)+|[=:@]+|[\<\>]+|$) ]]
		piece=${BASH_REMATCH[0]}
		line=${line:${#piece}}
		COMP_WORDS+=("${BASH_REMATCH[1]}")
		[[ -n $line || ${BASH_REMATCH[1]} != [\<\>]* ]] || COMP_WORDS+=('')
	done
}

while IFS= read -r COMP_LINE; do
	split "$COMP_LINE"
	COMP_POINT=${#COMP_LINE} COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
	options=$(complete -p treefilter)
	current=${COMP_WORDS[COMP_CWORD]}
	"$(sed 's/.* -F \([^ ]*\) .*/\1/' <<<"$options")" treefilter "$current" "${COMP_WORDS[COMP_CWORD - 1]}"
	if [[ ${#COMPREPLY[@]} -gt 0 ]]; then
		printf '%s\n' "${COMPREPLY[@]}"
	elif [[ $options == *'-o dirnames' ]]; then
		compgen -d -- "${current#=}"
	elif [[ $options != *'+o default'* ]]; then
		compgen -f -- "$(sed 's/\\\(.\)/\1/g' <<<"${current#=}")"
	fi
	echo ==
done
