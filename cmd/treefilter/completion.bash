# bash completion for treefilter, as "treefilter --completion bash" prints it.

_treefilter() {
	COMPREPLY=()
	local IFS=$' \t\n'
	local words=() at=() line=${COMP_LINE:0:COMP_POINT} word blank i

	# bash divides words at "=", ":" and "@", too: put together what no blank
	# divides, except redirections.
	for ((i = 0; i <= COMP_CWORD; i++)); do
		blank=${line%%[![:space:]]*}
		line=${line#"$blank"}
		word=${COMP_WORDS[i]}
		((i < COMP_CWORD)) || word=$line
		line=${line#"$word"}
		if [[ $i == 0 || -n $blank || $word == [\<\>]* || ${words[${#words[@]} - 1]} == *[\<\>] ]]; then
			words+=("$word")
			at+=("$i")
		else
			words[${#words[@]} - 1]+=$word
		fi
	done

	# What the words before the cursor mean for the one at it.
	local last=$((${#words[@]} - 1)) cur command='' value='' ended=''
	cur=${words[last]}
	for ((i = 1; i < last; i++)); do
		word=${words[i]}
		if [[ -n $value ]]; then
			value=''
			continue
		fi
		case $word in
		--)
			ended=${at[i + 1]}
			break
			;;
		*[\<\>]) value='<' ;;
		@LONG@) value=$word ;;
		--*) ;;
		-?*)
			[[ $word != *[@SHORT@] || ${word%?} == *[@SHORT@]* ]] || value=-${word: -1}
			;;
		*)
			[[ -z $command ]] || continue
			case $word in
			@COMMANDS@) command=$word ;;
			*) command=@DEFAULT@ ;;
			esac
			;;
		esac
	done

	local glued=''
	if [[ -z $ended && -z $value && $cur == --*=* ]]; then
		value=${cur%%=*}
		cur=${cur#*=}
		[[ $COMP_WORDBREAKS == *=* ]] || glued=$value=
	fi

	# What a command knows: its flags, and what the value of one can be.
	local flags='' offer='' paths=files runs=''
	case $command in
@CASES@	esac

	if [[ -n $ended ]]; then
		[[ -z $runs ]] || _treefilter_runs "$ended" "${at[last]}" "$cur"
		return
	elif [[ -n $value ]]; then
		: # as the case above has it
	elif [[ $cur == -* ]]; then
		offer=$flags
		paths=''
	elif [[ -z $command ]]; then
		offer='@NAMES@'
	fi
	COMPREPLY=($(compgen -P "$glued" -W "$offer" -- "$cur"))

	# Names are left to bash, which knows how to quote them; not where words may
	# stand beside them, and not where one that begins with a dash would become
	# a flag.
	case $paths in
	'') compopt +o bashdefault +o default ;;
	dirs) compopt +o bashdefault +o default -o dirnames ;;
	*)
		if [[ -z $cur || ${#COMPREPLY[@]} -gt 0 ]]; then
			compopt -o filenames
			while IFS= read -r word; do
				[[ $word != -* ]] || word=./$word
				[[ ! -e $word && ! -L $word ]] || COMPREPLY+=("$glued$word")
			done < <(compgen -f -- "$cur")
		fi
		;;
	esac 2>/dev/null # bash 3.2 has no compopt, and does without
}

# _treefilter_runs BEGIN AT CUR completes another command, whose name is the word
# BEGIN; the cursor is in the word AT.
_treefilter_runs() {
	local name
	if declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset "$1"
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif [[ $1 == "$2" ]]; then
		while IFS= read -r name; do
			COMPREPLY+=("$name")
		done < <(compgen -c -- "$3")
	fi
}

complete -o bashdefault -o default -F _treefilter treefilter
