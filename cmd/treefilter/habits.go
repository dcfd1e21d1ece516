package main

import (
	"slices"
	"strings"
)

// A habit is what people type who know another program, and the answer.
type habit struct {
	typed  string // spellings, separated by blanks
	of     string // the commands that it is an answer for, "" for all that lack such a flag
	answer string
}

// inFront is the answer to flags of find that are none here.
const inFront = `find can choose the files: "find ROOT ... -print0 | treefilter --stdin ROOT"`

// flagHabits are the flags of find, fd, rg, xargs, parallel, rsync, make and git. The
// first row that fits counts. A flag that the command at hand has is never looked up.
var flagHabits = []habit{
	// How paths end, and where they come from.
	{"-print0 --print0 -print", "", "paths end in NUL in a pipe and in a file, in a newline on a terminal; -0 and -l choose"},
	{"-z --zero --nul --null-data", "", "-0 is for paths that end in NUL"},
	{"-d --delimiter", "commit exec prune", "-0 is for paths that end in NUL, -l for lines"},
	{"--stdin --files-from --files0-from -T -a --arg-file", "commit", "commit reads its paths from stdin without a flag"},
	{"--in-null --in-lines --from0", "commit exec status forget", "-0 is for paths on stdin that end in NUL, -l for lines"},
	{"--from0", "", "--in-null is for paths on stdin that end in NUL, where that is not recognised"},
	{"--files-from --files0-from --from-file -T --arg-file", "", "--stdin reads paths: treefilter --stdin ROOT <FILE"},
	{"-a", "exec", "--stdin reads paths: treefilter exec --stdin ROOT -- COMMAND <FILE"},

	// Which files.
	{"-L --dereference --copy-links -follow", "", "--follow follows symbolic links"},
	{"-P", "exec", "-j N runs N commands at once"},
	{"-P --no-dereference", "", "symbolic links are not followed without --follow; the -P of xargs is exec -j N"},
	{"-H --hidden --no-ignore --no-ignore-vcs -u --unrestricted -a --all", "filter exec status", "hidden files are walked like any other, and no .gitignore is read"},
	{"-I", "exec", "{} stands for the path without a flag"},
	{"-I", "", "no .gitignore is read; the -I of xargs is {} in exec"},
	{"-r --no-run-if-empty -R --recursive", "exec", "nothing is run when nothing needs work; all below a ROOT is walked"},
	{"-r -R --recursive", "", "all below a ROOT is walked without a flag"},
	{"-g --glob --iglob -name -iname -path -ipath -wholename --filter", "", "--include GLOB takes only what matches, -e EXT only files .EXT"},
	{"-regex -iregex", "", inFront},
	{"--ignore --exclude-dir --ignore-file --skip -prune -not", "", "--exclude GLOB passes over what matches, as in .gitignore"},
	{"--exclude-from --excludes", "", "--exclude GLOB passes over what matches; TREEFILTER_EXCLUDE holds many, one a line"},
	{"--ext --extensions --suffix", "", "-e EXT takes only files .EXT (--extension)"},
	{"-type -t --type", "", "only regular files are printed; -e EXT takes only files .EXT (--extension)"},
	{"-d --depth --max-depth --maxdepth -maxdepth -mindepth --min-depth", "", inFront},
	{"-S --size -size -mtime -mmin --changed-within --changed-before -perm -user --owner -empty", "", inFront},
	{"-newer -cnewer -anewer --newer --newer-than -N --after-date", "", "each file is compared with its own stamp; otherwise " + inFront},
	{"-mount -xdev", "", "--one-file-system stays on the file system of each ROOT"},
	{"-s --sort", "", "the order is always the same"},

	// Running commands.
	{"-exec -execdir -ok --exec -X --exec-batch", "", `"treefilter exec ROOT -- COMMAND {}" runs it on each file that needs work`},
	{"-i --replace", "exec", "{} stands for the path without a flag"},
	{"--max-procs --parallel --processes --workers -w", "exec", "-j N runs N commands at once"},
	{"-j --jobs --max-procs --parallel --processes --workers -w", "", `-j N is a flag of exec; --threads N is how many look-ups there are at once`},
	{"-o --out --outfile --outdir", "filter commit exec status explain prune", "--output PATTERN is what the work makes: a file without it needs work"},
	{"-1 --max-args -N --max-lines", "exec", "--batch N gives up to N paths to one command"},
	{"-k --keep-going --ignore-errors", "exec", "exec goes on after a failure; --max-failures N ends it"},
	{"-k --keep-going --ignore-errors", "", "what cannot be read is named, and the rest is done"},
	{"-S --stop --halt --exitfirst --bail", "exec", "--fail-fast starts no more commands once one has failed"},
	{"--retry --tries --attempts", "exec", "--retries N tries a command that fails again"},
	{"--progress", "", "a terminal shows the progress"},

	// Caution, and the lack of it.
	{"--just-print --recon --check", "exec", "--dry-run prints the commands, and runs none"},
	{"-n --dry-run --just-print --recon", "filter status explain", "nothing is changed: it only prints"},
	{"-n --dry-run --check", "commit", `"treefilter ROOT" prints what a commit of everything would stamp`},
	{"-n --dry-run", "discard dump", `"treefilter status" shows what is stored`},
	{"-n --dry-run", "forget", `"treefilter explain PATH" shows the stamp that would go`},
	{"-n --dry-run", "import", "--program NAME imports into other state files, which can be deleted"},
	{"-f -B --always-make --redo --again", "filter exec", "--force takes all that is selected, whatever its stamp"},
	{"-f --force", "dump", "--repair moves a snapshot that cannot be read aside"},
	{"-f --force", "commit discard import forget", "no question is asked, and what is refused cannot be forced"},
	{"--silent --no-messages", "exec", "--quiet counts what is wrong with files, without their names"},
	{"-q --quiet --silent", "filter", "--check prints nothing, and ends with 1 when something needs work"},
	{"-q --quiet --silent", "", "nothing is printed about what went well"},
	{"-i --interactive", "", "no question is ever asked"},

	// Other words for it.
	{"--cwd --chdir --root --cd", "", "-C DIR runs it as if started in DIR (--directory)"},
	{"-m --message -am --amend --all", "commit", "a commit stamps the paths that it reads from stdin: treefilter ROOT | treefilter commit ROOT"},
	{"-delete --delete --delete-after --prune --remove", "", `no file is ever deleted; "treefilter prune" drops the stamps of files that are gone`},
	{"--checksum --hash --content", "", "--detect content compares contents"},
	{"--size-only --update --times", "", "--detect chooses the rule for files that have a stamp"},
	{"-D --define --set --setting --var --option", "", "-c KEY=VALUE is a setting"},
	{"--name --namespace --tool", "", "--program NAME keeps the stamps of one tool from those of another"},
	{"--state --db --database --cache --cache-dir --cache-location --cache-file", "", "--state-dir DIR keeps the state files in DIR"},
	{"--color --colour --no-color --no-colour", "", "NO_COLOR=1 turns colors off"},
}

// commandHabits are the first words of git, make, npm and the like.
var commandHabits = []habit{
	{"init create new start setup install", "", "nothing needs to be set up: a directory becomes a tree with its first stamp"},
	{"run do each apply xargs parallel make build map", "", `"treefilter exec ROOT -- COMMAND" runs it on each file that needs work`},
	{"list ls show find files pending todo print walk scan", "", `"treefilter ROOT" prints the files that need work`},
	{"add mark done stamp save record touch put", "", `"treefilter commit ROOT" stamps the paths that it reads from stdin`},
	{"rm remove delete drop untrack reset redo revert undo restore", "", `"treefilter forget PATH" makes files come again; "treefilter discard" takes back all since the last dump`},
	{"clean clear purge gc tidy", "", `"treefilter prune" drops the stamps of files that are gone; "treefilter forget ROOT" starts over`},
	{"check test verify", "", "treefilter --check ROOT ends with 1 when something needs work"},
	{"stat state info", "", `"treefilter status" shows what is stored, and what is pending`},
	{"why log diff blame debug", "", `"treefilter explain PATH" says why a file needs work`},
	{"compact fold flush pack merge", "", `"treefilter dump" folds the WAL into the snapshot`},
	{"config set get", "", "-c KEY=VALUE is a setting; it goes with each command"},
	{"version", "", "--version shows it"},
	{"man completion completions", "", "treefilter --man and treefilter --completion print them"},
	{"migrate convert", "", `"treefilter import" takes over what the Python package treestamps wrote`},
}

// answerTo returns what the row for the command says, or else the row for all; "" where
// there is none.
func answerTo(habits []habit, typed, command string) string {
	has := func(list, word string) bool { return slices.Contains(strings.Fields(list), word) }
	general := ""
	for _, h := range habits {
		switch {
		case !has(h.typed, typed):
		case has(h.of, command):
			return h.answer
		case h.of == "" && general == "":
			general = h.answer
		}
	}
	return general
}
