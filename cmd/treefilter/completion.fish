# fish completion for treefilter, as "treefilter --completion fish" prints it.

# What the words before the cursor mean for the one at it: prints the command,
# "-" for none as yet, then whether there was a "--", and what stands behind that.
function __treefilter_words
    set -l command -
    set -l value no
    set -l ended no
    set -l behind
    for word in (commandline -opc)[2..-1]
        if test $ended = yes
            set -a behind $word
        else if test $value = yes
            set value no
        else
            switch $word
                case --
                    set ended yes
                case @LONG@
                    set value yes
                case '--*'
                case '-*'
                    string match -qr -- '^-[^@SHORT@]*[@SHORT@]$' $word
                    and set value yes
                case @COMMANDS@
                    test $command = -
                    and set command $word
                case '*'
                    test $command = -
                    and set command @DEFAULT@
            end
        end
    end
    printf '%s\n' $command $ended $behind
end

# Whether one of these is the command.
function __treefilter_in
    contains -- (__treefilter_words)[1] $argv
end

function __treefilter_ended
    test (__treefilter_words)[2] = yes
end

function __treefilter_at_first
    __treefilter_in - && ! __treefilter_ended
end

# A name that begins with a dash would become a flag: behind ./ it does not.
function __treefilter_paths
    complete -C "'' "(commandline -ct) | string match -v -- '-*'
end

# Completes the command behind "--".
function __treefilter_run
    set -l behind (__treefilter_words)[3..-1]
    complete -C (string join -- ' ' (string escape -- $behind) (commandline -ct))
end

complete -c treefilter -n 'not __treefilter_ended' -f -a '(__treefilter_paths)'
@RULES@
