# bash completion for treefilter, as "treefilter --completion bash" prints it. It
# needs neither the package bash-completion nor, for the sake of macOS, more than
# bash 3.2 has, or else does without.

_treefilter() {
	# A flag as it is written: the commands that have it: what its value can be,
	# words in lower case as they stand.
	local table='
		--stdin: filter exec status forget
		--check: filter
		--json: filter status explain
		-0 --null: filter commit exec status prune forget
		-l --lines: filter commit exec status prune forget
		--in-null: filter
		--in-lines: filter
		--detect: filter commit exec status explain: newer differs content
		--refresh: filter
		--force: filter exec prune
		--output: filter commit exec status explain prune: PATTERN
		--include: filter exec status prune import: GLOB
		-e --extension: filter exec status prune import: EXT
		-E --exclude: filter exec status prune import: GLOB
		--follow: filter exec status import
		-x --one-file-system: filter exec status
		--shard: filter exec status: auto
		--no-listings: filter exec dump status
		--threads: filter commit exec status prune import: N
		-c --config: filter commit exec status explain import: KEY=VALUE
		--config-file: filter commit exec status explain import: FILE
		--depends: filter commit exec status explain import: FILE
		--depends-name: filter commit exec status explain import: NAME
		--default: filter commit dump exec status explain import: KEY=VALUE
		--no-check-config: filter commit exec dump status explain
		--since: commit exec: start FILE
		--ignore-missing: commit exec
		--dump: commit exec: auto always never
		--no-wal: commit
		--no-sync: commit exec
		--own-wal: filter commit exec prune import forget
		--empty-config: commit exec status explain import
		-v --verbose: commit exec
		-q --quiet: exec
		-j --jobs: exec: N
		--batch: exec: N
		--max-failures: exec: N
		--fail-fast: exec
		--retries: exec: N
		--bisect: exec
		--give-up: exec status explain: N
		--repair: dump
		-n --dry-run: exec prune
		--from: import: NAME
		-C --directory: all: DIR
		--program: all: NAME
		--state-dir: all: DIR
		--state-base: all: DIR
		-h --help: all
		-V --version: all
		--man: all
		--completion: all: bash zsh fish'
	local names='filter commit exec dump status explain prune forget discard import help'

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

	local flag commands values valued=' ' letters=''
	while IFS=$':\t' read -r flag commands values; do
		[[ -n $values ]] || continue
		valued+="$flag "
		[[ $flag == --* ]] || letters+=${flag:1:1}
	done <<<"$table"

	# What the words before the cursor mean for the one at it. The command is the
	# first word that is no flag and no value of one.
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
		--*) [[ $valued != *" $word "* ]] || value=$word ;;
		-?*)
			[[ $word != *[$letters] || ${word%?} == *[$letters]* ]] || value=-${word: -1}
			;;
		*)
			[[ -z $command ]] || continue
			command=filter
			[[ " $names " != *" $word "* ]] || command=$word
			;;
		esac
	done

	local glued=''
	if [[ -z $ended && -z $value && $cur == --*=* ]]; then
		value=${cur%%=*}
		cur=${cur#*=}
		[[ $COMP_WORDBREAKS == *=* ]] || glued=$value=
	fi

	local offer='' paths=files flags=''
	if [[ -n $ended ]]; then
		[[ $command != exec ]] || _treefilter_runs "$ended" "${at[last]}" "$cur"
		return
	fi
	while IFS=$':\t' read -r flag commands values; do
		[[ -z $command || "$commands " == *' all '* || "$commands " == *" $command "* ]] || continue
		flags+=" $flag"
		[[ -n $value && " $flag " == *" $value "* ]] || continue
		paths=''
		for word in $values; do
			case $word in
			FILE) paths=files ;;
			DIR) paths=dirs ;;
			[a-z]*) offer+=" $word" ;;
			esac
		done
	done <<<"$table"
	if [[ -n $value ]]; then
		: # as the table has it
	elif [[ $cur == -* ]]; then
		offer=$flags
		paths=''
	elif [[ -z $command ]]; then
		offer=$names
	elif [[ $command == help ]]; then
		offer=$names
		paths=''
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
