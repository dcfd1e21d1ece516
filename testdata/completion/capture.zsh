#!/usr/bin/env zsh
# What TAB offers at the end of each command line on stdin.
#
#   capture.zsh SCRIPT <LINES
#
# A line "==" ends what is offered for one. The lines are typed into an
# interactive zsh on a terminal of its own, whose compadd prints what is added.
zmodload zsh/zpty || exit
scratch=$(mktemp -d) || exit
cat >$scratch/setup <<END
	PS1= PS2=
	autoload -Uz compinit && compinit -D -u
	source ${(q)1:a}
	unsetopt beep
	compadd() {
		if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
			builtin compadd "\$@"
			return
		fi
		local -a hits prefix
		builtin compadd -A hits "\$@"
		zparseopts -E P:=prefix
		((\$#hits)) && print -rl -- "\${(@)hits/#/\${prefix[2]-}}" >>$scratch/offered
		builtin compadd "\$@"
	}
	capture-end() {
		BUFFER=
		print -n '<done>'
	}
	zle -N capture-end
	bindkey '^I' complete-word '^X^E' capture-end
	print -n '<ready>'
END
zpty inner zsh -f -i
zpty -w inner "source $scratch/setup"
zpty -r inner seen '*<ready>*' || exit
while IFS= read -r line; do
	: >$scratch/offered
	zpty -w -n inner "$line"$'\t\C-X\C-E'
	zpty -r inner seen '*<done>*' || exit
	sort -u $scratch/offered
	print -r -- '=='
done
zpty -d inner
rm -r $scratch
