# fish completion for treefilter, as "treefilter --completion fish" prints it.

set -g __treefilter_names filter commit exec dump status explain prune forget discard import help

# The flags that take a value.
set -g __treefilter_valued --batch --completion --config --config-file --default --depends --depends-name \
    --detect --directory --dump --exclude --extension --from --give-up --include --jobs \
    --max-failures --output --program --retries --shard --since --state-base --state-dir --threads

# What the words before the cursor mean for the one at it: prints the command,
# "-" for none as yet, then whether there was a "--", and what stands after that.
function __treefilter_words
    set -l command -
    set -l value no
    set -l ended no
    set -l rest
    for word in (commandline -opc)[2..-1]
        if test $ended = yes
            set -a rest $word
        else if test $value = yes
            set value no
        else
            switch $word
                case --
                    set ended yes
                case '--*'
                    contains -- $word $__treefilter_valued
                    and set value yes
                case '-*'
                    string match -qr -- '^-[^CEcej]*[CEcej]$' $word
                    and set value yes
                case $__treefilter_names
                    test $command = -
                    and set command $word
                case '*'
                    test $command = -
                    and set command filter
            end
        end
    end
    printf '%s\n' $command $ended $rest
end

# Whether one of these is the command.
function __treefilter_in
    contains -- (__treefilter_words)[1] $argv
end

function __treefilter_ended
    test (__treefilter_words)[2] = yes
end

function __treefilter_at_first
    __treefilter_in - help && ! __treefilter_ended
end

# A name that begins with a dash would become a flag: after ./ it does not.
function __treefilter_paths
    complete -C "'' "(commandline -ct) | string match -v -- '-*'
end

# Completes the command after "--".
function __treefilter_run
    set -l rest (__treefilter_words)[3..-1]
    complete -C (string join -- ' ' (string escape -- $rest) (commandline -ct))
end

# __treefilter_flag COMMANDS OPTION... describes a flag of these commands; until
# there is one, the flags of all are offered.
function __treefilter_flag -a commands
    test $commands = all
    and set commands $__treefilter_names
    complete -c treefilter -n "__treefilter_in - $commands" $argv[2..-1]
end

complete -c treefilter -n 'not __treefilter_ended && not __treefilter_in help' -f -a '(__treefilter_paths)'
complete -c treefilter -n '__treefilter_at_first' -a filter -d 'print the files that need work (what it does without COMMAND)'
complete -c treefilter -n '__treefilter_at_first' -a commit -d 'read processed paths from stdin, append their stamps to the WAL'
complete -c treefilter -n '__treefilter_at_first' -a exec -d 'filter, run a command on each file, commit those that succeed'
complete -c treefilter -n '__treefilter_at_first' -a dump -d 'fold the WAL into the snapshot'
complete -c treefilter -n '__treefilter_at_first' -a status -d 'show what is stored, what is pending'
complete -c treefilter -n '__treefilter_at_first' -a explain -d 'say why each path would or would not be printed'
complete -c treefilter -n '__treefilter_at_first' -a prune -d 'drop the stamps of files that are gone'
complete -c treefilter -n '__treefilter_at_first' -a forget -d 'drop the stamps of files that are to be processed again'
complete -c treefilter -n '__treefilter_at_first' -a discard -d 'throw away the WAL of a failed run'
complete -c treefilter -n '__treefilter_at_first' -a import -d 'take over what the Python package treestamps wrote'
complete -c treefilter -n '__treefilter_at_first' -a help -d 'show the help of a COMMAND'
complete -c treefilter -n '__treefilter_in help' -f
complete -c treefilter -n '__treefilter_in exec && __treefilter_ended' -x -a '(__treefilter_run)'

__treefilter_flag 'filter exec status forget' -l stdin -d 'read paths from stdin; ROOTs only name the trees'
__treefilter_flag filter -l check -d 'print nothing; exit 1 when something needs work'
__treefilter_flag 'filter status explain' -l json -d 'print an object a line'
__treefilter_flag 'filter commit exec status prune forget' -s 0 -l null -d 'paths end in NUL'
__treefilter_flag 'filter commit exec status prune forget' -s l -l lines -d 'paths end in a newline'
__treefilter_flag filter -l in-null -d 'paths on stdin end in NUL'
__treefilter_flag filter -l in-lines -d 'paths on stdin end in a newline'
__treefilter_flag 'filter commit exec status explain' -l detect -x -a 'newer differs content' -d 'the rule for stamped files (newer)'
__treefilter_flag filter -l refresh -d 'stamp what --detect content found unchanged anew'
__treefilter_flag 'filter exec prune' -l force -d 'whatever its stamp, each file needs work; of prune, what is missing is gone'
__treefilter_flag 'filter commit exec status explain prune' -l output -x -d 'what the work makes, as small/{rel} (repeatable)'
__treefilter_flag 'filter exec status prune import' -l include -x -d 'take only matches, as in .gitignore (repeatable)'
__treefilter_flag 'filter exec status prune import' -s e -l extension -x -d 'take only files .EXT, in any case (repeatable)'
__treefilter_flag 'filter exec status prune import' -s E -l exclude -x -d 'pass over matches, as in .gitignore (repeatable)'
__treefilter_flag 'filter exec status import' -l follow -d 'follow symbolic links'
__treefilter_flag 'filter exec status' -s x -l one-file-system -d 'stay on the file system of each ROOT'
__treefilter_flag 'filter exec status' -l shard -xa auto -d 'this run is the K-th of N that share the work'
__treefilter_flag 'filter exec dump status' -l no-listings -d 'read all directories, whatever is remembered'
__treefilter_flag 'filter commit exec status prune import' -l threads -x -d 'N look-ups at once, whether they wait or not'
__treefilter_flag 'filter commit exec status explain import' -s c -l config -x -d 'a setting that decides the outcome (repeatable)'
__treefilter_flag 'filter commit exec status explain import' -l config-file -r -F -d 'a YAML mapping of such settings'
__treefilter_flag 'filter commit exec status explain import' -l depends -r -F -d 'a file whose content decides it (repeatable)'
__treefilter_flag 'filter commit exec status explain import' -l depends-name -x -d 'for what is below each file NAME (repeatable)'
__treefilter_flag 'filter commit dump exec status explain import' -l default -x -d 'a missing setting counts as VALUE (repeatable)'
__treefilter_flag 'filter commit exec dump status explain' -l no-check-config -d 'let stamps made under another config count'
__treefilter_flag 'commit exec' -l since -r -F -a start -d 'leave files unstamped that are not older'
__treefilter_flag 'commit exec' -l ignore-missing -d 'pass over paths that are gone, without a warning'
__treefilter_flag 'commit exec' -l dump -x -a 'auto always never' -d 'when to fold the WAL into the snapshot (auto)'
__treefilter_flag commit -l no-wal -d 'keep stamps in memory, dump them at the end'
__treefilter_flag 'commit exec' -l no-sync -d 'for work without results: no sync before stamps'
__treefilter_flag 'filter commit exec prune import forget' -l own-wal -d 'record in a WAL of this process\'s own'
__treefilter_flag 'commit exec status explain import' -l empty-config -d 'no config is meant, not forgotten'
__treefilter_flag 'commit exec' -s v -l verbose -d 'name each directory that becomes a tree'
__treefilter_flag exec -s q -l quiet -d 'count what is wrong with files, without names'
__treefilter_flag exec -s j -l jobs -x -d 'commands at once (one a processor)'
__treefilter_flag exec -l batch -x -d 'paths per command, at most (1)'
__treefilter_flag exec -l max-failures -x -d 'start no more commands once N have failed'
__treefilter_flag exec -l fail-fast -d 'the same as --max-failures 1'
__treefilter_flag exec -l retries -x -d 'try a command that fails again, up to N times'
__treefilter_flag exec -l bisect -d 'try the halves of a batch that fails again'
__treefilter_flag 'exec status explain' -l give-up -x -d 'leave out what failed N runs in a row, till it changes'
__treefilter_flag dump -l repair -d 'move a snapshot that cannot be read aside, and go on'
__treefilter_flag 'exec prune' -s n -l dry-run -d 'print what would be done, do nothing'
__treefilter_flag import -l from -x -d 'the program whose files are read (--program)'
__treefilter_flag all -s C -l directory -x -a '(__fish_complete_directories)' -d 'run as if started in DIR (repeatable)'
__treefilter_flag all -l program -x -d 'another name for the two files of a tree'
__treefilter_flag all -l state-dir -x -a '(__fish_complete_directories)' -d 'keep the two files in DIR, ignore those in trees'
__treefilter_flag all -l state-base -x -a '(__fish_complete_directories)' -d 'name trees there by their path below this DIR'
__treefilter_flag all -s h -l help -d 'help; after a COMMAND, the help of that'
__treefilter_flag all -s V -l version -d 'the version'
__treefilter_flag all -l man -d 'the man page: treefilter --man | man -l -'
__treefilter_flag all -l completion -x -a 'bash zsh fish' -d 'for: source <(treefilter --completion bash)'
