#compdef treefilter
# zsh completion for treefilter, as "treefilter --completion zsh" prints it: to be
# sourced or, as _treefilter, to be put where fpath leads.

_treefilter() {
	# What the words before the cursor mean for the one at it. The command is the
	# first word that is no flag and no value of one.
	local -a names=(filter commit exec dump status explain prune forget discard import help)
	local -a valued=(
		--batch --completion --config --config-file --default --depends
		--depends-name --detect --directory --dump --exclude --extension --from --give-up --include --jobs
		--max-failures --output --program --retries --shard --since --state-base --state-dir --threads
	)
	local command='' ended=0 word
	local -i i
	for ((i = 2; i < CURRENT; i++)); do
		word=${(Q)words[i]}
		case $word in
		--)
			ended=$i
			break
			;;
		--*) (($valued[(Ie)$word])) && i+=1 ;;
		-?*)
			[[ $word != *[CEcej] || ${word%?} == *[CEcej]* ]] || i+=1
			;;
		*)
			[[ -z $command ]] || continue
			command=filter
			(($names[(Ie)$word])) && command=$word
			;;
		esac
	done

	if [[ $command == exec && $ended != 0 ]]; then
		_treefilter_run $ended
		return
	fi

	# Each flag after the commands that have it.
	local -a flags
	_treefilter_of filter exec status forget && flags+=('(--stdin)--stdin[read paths from stdin; ROOTs only name the trees]')
	_treefilter_of filter && flags+=('(--check)--check[print nothing; exit 1 when something needs work]')
	_treefilter_of filter status explain && flags+=('(--json)--json[print an object a line]')
	_treefilter_of filter commit exec status prune forget && flags+=('(-0 --null -l --lines)'{-0,--null}'[paths end in NUL]')
	_treefilter_of filter commit exec status prune forget && flags+=('(-0 --null -l --lines)'{-l,--lines}'[paths end in a newline]')
	_treefilter_of filter && flags+=('(--in-null --in-lines)--in-null[paths on stdin end in NUL]')
	_treefilter_of filter && flags+=('(--in-null --in-lines)--in-lines[paths on stdin end in a newline]')
	_treefilter_of filter commit exec status explain && flags+=('(--detect)--detect=[the rule for stamped files (newer)]:rule:(newer differs content)')
	_treefilter_of filter && flags+=('(--refresh)--refresh[stamp what --detect content found unchanged anew]')
	_treefilter_of filter exec prune && flags+=('(--force)--force[whatever its stamp, each file needs work; of prune, what is missing is gone]')
	_treefilter_of filter commit exec status explain prune && flags+=('*--output=[what the work makes, as small/{rel} (repeatable)]:PATTERN:()')
	_treefilter_of filter exec status prune import && flags+=('*--include=[take only matches, as in .gitignore (repeatable)]:GLOB:()')
	_treefilter_of filter exec status prune import && flags+=('*'{-e+,--extension=}'[take only files .EXT, in any case (repeatable)]:EXT:()')
	_treefilter_of filter exec status prune import && flags+=('*'{-E+,--exclude=}'[pass over matches, as in .gitignore (repeatable)]:GLOB:()')
	_treefilter_of filter exec status import && flags+=('(--follow)--follow[follow symbolic links]')
	_treefilter_of filter exec status && flags+=('(-x --one-file-system)'{-x,--one-file-system}'[stay on the file system of each ROOT]')
	_treefilter_of filter exec status && flags+=('(--shard)--shard=[this run is the K-th of N that share the work]:K/N:(auto)')
	_treefilter_of filter exec dump status && flags+=('(--no-listings)--no-listings[read all directories, whatever is remembered]')
	_treefilter_of filter commit exec status prune import && flags+=('(--threads)--threads=[N look-ups at once, whether they wait or not]:N:()')
	_treefilter_of filter commit exec status explain import && flags+=('*'{-c+,--config=}'[a setting that decides the outcome (repeatable)]:KEY=VALUE:()')
	_treefilter_of filter commit exec status explain import && flags+=('(--config-file)--config-file=[a YAML mapping of such settings]:FILE:_treefilter_paths')
	_treefilter_of filter commit exec status explain import && flags+=('*--depends=[a file whose content decides it (repeatable)]:FILE:_treefilter_paths')
	_treefilter_of filter commit exec status explain import && flags+=('*--depends-name=[for what is below each file NAME (repeatable)]:NAME:()')
	_treefilter_of filter commit dump exec status explain import && flags+=('*--default=[a missing setting counts as VALUE (repeatable)]:KEY=VALUE:()')
	_treefilter_of filter commit exec dump status explain && flags+=('(--no-check-config)--no-check-config[let stamps made under another config count]')
	_treefilter_of commit exec && flags+=('(--since)--since=[leave files unstamped that are not older]:start|FILE|TIME: _treefilter_word_or_file start')
	_treefilter_of commit exec && flags+=('(--ignore-missing)--ignore-missing[pass over paths that are gone, without a warning]')
	_treefilter_of commit exec && flags+=('(--dump)--dump=[when to fold the WAL into the snapshot (auto)]:when:(auto always never)')
	_treefilter_of commit && flags+=('(--no-wal)--no-wal[keep stamps in memory, dump them at the end]')
	_treefilter_of commit exec && flags+=('(--no-sync)--no-sync[for work without results\: no sync before stamps]')
	_treefilter_of filter commit exec prune import forget && flags+=('(--own-wal)--own-wal[record in a WAL of this process'\''s own]')
	_treefilter_of commit exec status explain import && flags+=('(--empty-config)--empty-config[no config is meant, not forgotten]')
	_treefilter_of commit exec && flags+=('(-v --verbose)'{-v,--verbose}'[name each directory that becomes a tree]')
	_treefilter_of exec && flags+=('(-q --quiet)'{-q,--quiet}'[count what is wrong with files, without names]')
	_treefilter_of exec && flags+=('(-j --jobs)'{-j+,--jobs=}'[commands at once (one a processor)]:N:()')
	_treefilter_of exec && flags+=('(--batch)--batch=[paths per command, at most (1)]:N:()')
	_treefilter_of exec && flags+=('(--max-failures --fail-fast)--max-failures=[start no more commands once N have failed]:N:()')
	_treefilter_of exec && flags+=('(--max-failures --fail-fast)--fail-fast[the same as --max-failures 1]')
	_treefilter_of exec && flags+=('(--retries)--retries=[try a command that fails again, up to N times]:N:()')
	_treefilter_of exec && flags+=('(--bisect)--bisect[try the halves of a batch that fails again]')
	_treefilter_of exec status explain && flags+=('(--give-up)--give-up=[leave out what failed N runs in a row, till it changes]:N:()')
	_treefilter_of dump && flags+=('(--repair)--repair[move a snapshot that cannot be read aside, and go on]')
	_treefilter_of exec prune && flags+=('(-n --dry-run)'{-n,--dry-run}'[print what would be done, do nothing]')
	_treefilter_of import && flags+=('(--from)--from=[the program whose files are read (--program)]:NAME:()')
	_treefilter_of all && flags+=('*'{-C+,--directory=}'[run as if started in DIR (repeatable)]:DIR:_files -/')
	_treefilter_of all && flags+=('(--program)--program=[another name for the two files of a tree]:NAME:()')
	_treefilter_of all && flags+=('(--state-dir)--state-dir=[keep the two files in DIR, ignore those in trees]:DIR:_files -/')
	_treefilter_of all && flags+=('(--state-base)--state-base=[name trees there by their path below this DIR]:DIR:_files -/')
	_treefilter_of all && flags+=('(- *)'{-h,--help}'[help; after a COMMAND, the help of that]')
	_treefilter_of all && flags+=('(- *)'{-V,--version}'[the version]')
	_treefilter_of all && flags+=('(- *)--man[the man page\: treefilter --man | man -l -]')
	_treefilter_of all && flags+=('(- *)--completion=[for\: source <(treefilter --completion bash)]:shell:(bash zsh fish)')

	[[ -n $command || $ended != 0 ]] || flags+=('1: :_treefilter_first')
	if [[ $command == help ]]; then
		_arguments -s -S $flags '*:command:_treefilter_commands'
		return
	fi
	_arguments -s -S $flags '*:ROOT:_treefilter_paths'
}

# _treefilter_of COMMAND... reports whether the command is one of these, or may become one.
_treefilter_of() {
	[[ -z $command || $1 == all ]] || (($@[(Ie)$command]))
}

_treefilter_first() {
	_alternative 'commands:command:_treefilter_commands' 'files:ROOT:_treefilter_paths'
}

_treefilter_commands() {
	local -a described=(
		'filter:print the files that need work (what it does without COMMAND)'
		'commit:read processed paths from stdin, append their stamps to the WAL'
		'exec:filter, run a command on each file, commit those that succeed'
		'dump:fold the WAL into the snapshot'
		'status:show what is stored, what is pending'
		'explain:say why each path would or would not be printed'
		'prune:drop the stamps of files that are gone'
		'forget:drop the stamps of files that are to be processed again'
		'discard:throw away the WAL of a failed run'
		'import:take over what the Python package treestamps wrote'
		'help:show the help of a COMMAND'
	)
	_describe -t commands command described "$@"
}

# A name that begins with a dash would become a flag: it gets ./ in front, except
# after "--".
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

# _treefilter_run ENDED completes the command after that word.
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
