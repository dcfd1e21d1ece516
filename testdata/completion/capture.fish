#!/usr/bin/env fish
# What TAB offers at the end of each command line on stdin.
#
#   capture.fish SCRIPT <LINES
#
# A line "==" ends what is offered for one.
source $argv[1]
or exit
# It must not be read a second time, from where it may be installed.
set fish_complete_path
while read -l line
    complete -C $line | string replace -r '\t.*' ''
    echo ==
end
