#compdef treefilter
# zsh completion for treefilter, as "treefilter --completion zsh" prints it.

_treefilter() {
	# What the words before the cursor mean for the one at it.
	local command='' ended=0 word
	local -i i
	for ((i = 2; i < CURRENT; i++)); do
		word=${(Q)words[i]}
		case $word in
		--)
			ended=$i
			break
			;;
		@LONG@) i+=1 ;;
		--*) ;;
		-?*)
			[[ $word != *[@SHORT@] || ${word%?} == *[@SHORT@]* ]] || i+=1
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

	local -a operands=('*:ROOT:_treefilter_paths')
	[[ -n $command || $ended != 0 ]] || operands=('1: :_treefilter_first' $operands)

	case $command in
@CASES@	esac
}

_treefilter_first() {
	_alternative 'commands:command:_treefilter_commands' 'files:ROOT:_treefilter_paths'
}

_treefilter_commands() {
	local -a commands=(
@DESCRIBED@	)
	_describe -t commands command commands "$@"
}

# A name that begins with a dash would become a flag: it gets ./ in front, but
# for behind "--".
_treefilter_paths() {
	local -a dashed
	local -i ret=1
	if ((ended)) || [[ $PREFIX == */* ]]; then
		_files "$@"
		return
	fi
	dashed=(-*(N))
	_files -F '(-*)' "$@" && ret=0
	(($#dashed)) && compadd -f -P ./ "$@" -- $dashed && ret=0
	return ret
}

# _treefilter_word_or_file WORD...
_treefilter_word_or_file() {
	_alternative "words:word:($*)" 'files:file:_treefilter_paths'
}

# _treefilter_run ENDED completes the command behind that word.
_treefilter_run() {
	words=("${(@)words[$1 + 1, -1]}")
	((CURRENT -= $1))
	_normal
}

# Autoloaded it is called at once, sourced it is for later.
if [[ $funcstack[1] == _treefilter ]]; then
	_treefilter "$@"
else
	compdef _treefilter treefilter
fi
