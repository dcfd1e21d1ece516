//go:build linux

package main_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The files of every world, by the names that operations call them. Commands run in
// the directory above t, to which all paths are relative.
var places = map[string]string{
	"a": "t/a",
	"b": "t/b",
	"c": "t/in/c",
	"d": "t/in/d",
	"e": "t/in/deep/e",
	"f": "t/f", // a link, where there is one
}

var (
	names = []string{"a", "b", "c", "d", "e"}
	roots = []string{"t", "t/in", "t/in/deep", "."}
)

// world is a directory with a few small files, and what was said of them.
type world struct {
	binary string
	top    string // everything of this world is in it
	dir    string // where commands run
	disk   *disk  // that dir is on, nil where power is never cut
	style  string // how work leaves its result, see workScript

	history history
	seq     int
	founded map[treeOf]bool    // what may be a tree: it was the place for a stamp once
	stray   string             // a tree that may not be one, "" for none
	dumped  map[treeOf]int     // the number of the last fact that a dump has folded
	newest  map[treeOf]*string // the config of the last stamp, nil where it is in doubt
	damaged map[treeOf]bool
	torn    bool            // the power was cut
	python  map[string]fact // what treestamps knew, by directory

	was    map[string][]file // what each file was, the present last
	aside  map[string]file   // files that were moved away
	blind  map[seenAt]bool   // what a change made of a file that need not show
	clock  int64             // of mtimes that lie in the past
	ticks  int
	coming map[int64]bool // mtimes that lay in the future when they were set
	count  int
	passed time.Time // when every mtime that is to pass has passed

	running      *running // the exec that began last and has not ended
	execs        []*running
	log, gate    *os.File // FIFOs, see workScript
	lines        *bufio.Reader
	unprivileged bool

	script []string // what was done, as a shell script
}

type treeOf struct{ program, dir string }

// fault is why a history fails.
type fault struct{ kind, text string }

func (f *fault) Error() string { return f.kind + ": " + f.text }

// wrong ends the history.
func (w *world) wrong(kind, format string, args ...any) {
	panic(&fault{kind, fmt.Sprintf(format, args...)})
}

// check ends the history for an error of the model itself.
func check(err error) {
	if err != nil {
		panic(&fault{"broken", err.Error()})
	}
}

// workScript is the work, as exec runs it: "work FILE..." reads files and leaves a
// result of each. STYLE says how: elsewhere; aside, by way of a temporary file;
// inplace, in the file itself; replace, as a new file in its place. FAIL names the
// files that it fails for, BLOCK one at which it waits until the FIFO gate says how
// that ends. What has run the model reads from the FIFO log.
const workScript = `ended=ok
for path; do
	echo "start ${path##*/}" >>"$TOP/log"
done
for path; do
	name=${path##*/}
	read -r content <"$path"
	content=${content%% *}
	outcome=ok
	case " $FAIL " in *" $name "*) outcome=fail ;; esac
	if [ "$name" = "$BLOCK" ]; then
		echo "block $name" >>"$TOP/log"
		read -r outcome <"$TOP/gate"
	fi
	if [ "$outcome" = fail ]; then
		echo half >"$OUT/$name"
		ended=fail
		continue
	fi
	case $STYLE in
	elsewhere) echo "$content $CONFIG" >"$OUT/$name" ;;
	aside) echo "$content $CONFIG" >"$OUT/$name.new" && mv "$OUT/$name.new" "$OUT/$name" ;;
	inplace) echo "$content $CONFIG" >"$path" ;;
	replace) echo "$content $CONFIG" >"$OUT/$name.new" && mv "$OUT/$name.new" "$path" ;;
	esac
done
for path; do
	echo "$ended ${path##*/}" >>"$TOP/log"
done
[ $ended = ok ]
`

// newWorld is a world in an empty directory, before anything is there.
func newWorld(binary, top string, first op) *world {
	return &world{
		binary: binary, top: top, style: first.given("style", "elsewhere"),
		history: history{}, founded: map[treeOf]bool{}, dumped: map[treeOf]int{}, newest: map[treeOf]*string{},
		damaged: map[treeOf]bool{}, python: map[string]fact{},
		was: map[string][]file{}, aside: map[string]file{}, blind: map[seenAt]bool{}, coming: map[int64]bool{}, clock: 1_000_000_000 * 1e9,
	}
}

// make makes what is there from the beginning.
func (w *world) make(power bool) {
	base := w.top
	if power {
		w.disk = &disk{mounted: w.at("disk"), image: w.at("image0")}
		w.disk.make()
		base = w.disk.mounted
	}
	w.dir = filepath.Join(base, "w")
	w.note("set -u; TOP=$(mktemp -d); cd $TOP; export TOP OUT=$TOP/out STYLE=%s FAIL= BLOCK= CONFIG=", w.style)
	w.note("mkdir -p w/t/in/deep out/other out/elsewhere; mkfifo gate; ln -s w/t/in l")
	w.note("cat >work <<'EOF'\n%sEOF", workScript)
	w.note("cd w")
	check(os.MkdirAll(w.path("t/in/deep"), 0o777))
	for _, program := range programs {
		check(os.MkdirAll(w.out(program), 0o777))
	}
	check(os.Symlink("w/t/in", w.base("l")))
	check(os.WriteFile(w.at("work"), []byte(workScript), 0o666))
	for name, file := range map[string]**os.File{"log": &w.log, "gate": &w.gate} {
		check(syscall.Mkfifo(w.at(name), 0o666))
		opened, err := os.OpenFile(w.at(name), os.O_RDWR, 0) // neither end waits for the other
		check(err)
		*file = opened
	}
	w.lines = bufio.NewReader(w.log)
	for _, name := range names {
		w.edit(op{"edit", args{"file": name}})
	}
	w.write("../settings", "s: 0")
	w.settle()
}

func (w *world) at(name string) string   { return filepath.Join(w.top, name) }
func (w *world) base(name string) string { return filepath.Join(filepath.Dir(w.dir), name) }
func (w *world) path(path string) string { return filepath.Join(w.dir, path) }
func (w *world) out(name string) string  { return filepath.Join(w.base("out"), name) }

// close ends all that the world has begun, and removes it.
func (w *world) close() {
	for r := w.running; r != nil; r = r.beside {
		r.cancel()
		<-r.waited
		_, err := w.gate.WriteString("fail\n") // its command may wait there
		check(err)
	}
	if w.disk != nil {
		check(w.disk.close())
	}
	check(eventually(func() error { return os.RemoveAll(w.top) })) // a command may still write
	w.log.Close()
	w.gate.Close()
}

// eventually tries something until it succeeds, for as long as anything may take.
func eventually(try func() error) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if err := try(); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

func (w *world) note(format string, args ...any) {
	w.script = append(w.script, fmt.Sprintf(format, args...))
}

// look looks at a file.
func (w *world) look(path string) (f file, exists bool) {
	info, err := os.Lstat(w.path(path))
	if errors.Is(err, fs.ErrNotExist) {
		return f, false
	}
	check(err)
	f = file{mtime: info.ModTime().UnixNano(), content: w.content(w.path(path))}
	if info.Mode()&fs.ModeSymlink != 0 {
		to, err := os.Stat(w.path(path))
		check(err)
		f.through = to.ModTime().UnixNano()
		f.mtime = max(f.mtime, f.through)
	}
	return f, true
}

func (w *world) content(path string) string {
	content, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		check(err)
	}
	return strings.TrimSuffix(string(content), "\n")
}

// present is the files that are there, of those below some directories or all.
func (w *world) present(roots []string) (paths []string) {
	for _, name := range slices.Sorted(maps.Keys(places)) {
		path := places[name]
		below := func(root string) bool { return isBelow(path, root) }
		if _, exists := w.look(path); exists && (roots == nil || slices.ContainsFunc(roots, below)) {
			paths = append(paths, path)
		}
	}
	return paths
}

// stateDir is where a program keeps the files of a tree.
func (w *world) stateDir(program, dir string) string {
	if program != "elsewhere" {
		return w.path(dir)
	}
	return filepath.Join(w.base("state"), strings.ReplaceAll(w.path(dir), "/", "+"))
}

// stateFiles are the WAL and the snapshot of a tree, whether they are there or not.
func (w *world) stateFiles(k treeOf) (wal, snapshot string) {
	base := filepath.Join(w.stateDir(k.program, k.dir), "."+nameOf(k.program)+"_treestamps.")
	return base + "wal.yaml", base + "yaml"
}

// nameOf is the name that a program has for others.
func nameOf(program string) string {
	if program == "" || program == "elsewhere" {
		return "treefilter"
	}
	return program
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func (w *world) isTree(k treeOf) bool {
	wal, snapshot := w.stateFiles(k)
	return exists(wal) || exists(snapshot)
}

// place is the tree that the stamp of a path goes to.
func (w *world) place(program, path string, roots []string, cwd string) string {
	dir := w.owner(program, path, roots, cwd)
	w.founded[treeOf{program, dir}] = true
	return dir
}

// owner is the tree of a path: the nearest one at or above it, else the deepest
// root, else the directory where the command runs.
func (w *world) owner(program, path string, roots []string, cwd string) string {
	dir := filepath.Dir(path)
	for up := dir; ; up = filepath.Dir(up) {
		if w.isTree(treeOf{program, up}) {
			return up
		}
		if up == "." {
			break
		}
	}
	owner := ""
	for _, root := range roots {
		if root == path {
			root = dir
		}
		if isBelow(dir, root) && (owner == "" || isBelow(root, owner)) {
			owner = root
		}
	}
	if owner == "" {
		owner = cwd
	}
	return owner
}

func isBelow(path, dir string) bool {
	return dir == "." || path == dir || strings.HasPrefix(path, dir+"/")
}

// say adds a fact.
func (w *world) say(s subject, f fact) {
	w.seq++
	f.seq = w.seq
	w.history[s] = append(w.history[s], f)
	if f.what <= imported {
		k := treeOf{s.program, f.tree}
		w.newest[k] = nil
		if f.sure {
			w.newest[k] = &f.config
		}
	}
	// What an exec in the background has done may be written down only now.
	for r := w.running; r != nil; r = r.beside {
		if r.arg["program"] != s.program || r.done[s.path] == nil {
			continue
		}
		late := *r.done[s.path]
		late.seq, late.sure = w.seq, false
		w.newest[treeOf{s.program, late.tree}] = nil
		w.history[s] = append(w.history[s], late)
	}
}

// of returns the paths of a tree.
func (w *world) of(k treeOf) (subjects []subject) {
	for _, name := range slices.Sorted(maps.Keys(places)) {
		if path := places[name]; w.owner(k.program, path, nil, ".") == k.dir {
			subjects = append(subjects, subject{k.program, path})
		}
	}
	return subjects
}

// observe notes what a command has made of the files, and which trees have nothing
// in their WAL: a discard takes nothing of what was said until now.
func (w *world) observe() {
	for _, path := range places {
		was := w.was[path]
		if f, exists := w.look(path); exists && (was == nil || f != was[len(was)-1]) {
			w.was[path] = append(was, f)
		}
	}
	w.uproot()
	for _, program := range programs {
		for _, dir := range roots {
			k := treeOf{program, dir}
			if wal, _ := w.stateFiles(k); !exists(wal) {
				w.dumped[k] = w.seq
			}
			if w.isTree(k) && !w.founded[k] && w.stray == "" {
				w.stray = fmt.Sprintf("%s became a tree of program %q", dir, program)
			}
		}
	}
}

// checkTrees ends the history when a directory has become a tree that may not be one.
func (w *world) checkTrees() {
	if w.stray != "" {
		w.wrong("tree", "%s", w.stray)
	}
}

// result is how a command ended.
type result struct {
	code     int
	out, err string
	began    time.Time
	under    string // the config that it read
}

// names reports whether a command complained of a path.
func (w *world) names(r result, o op, path string) bool {
	return strings.Contains(r.err, w.spell(o, path)+":") || strings.Contains(r.err, "/"+path+":")
}

// patience is how long anything may take.
const patience = 30 * time.Second

// run runs treefilter to its end.
func (w *world) run(o op, stdin []string, words ...string) result {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd, line := w.command(ctx, o, words)
	cmd.Stdin = strings.NewReader(joined(stdin))
	switch {
	case stdin == nil:
		line += " </dev/null"
	case len(stdin) == 0:
		line = ": | " + line
	default:
		line = "printf '%s\\0' " + quote(stdin) + " | " + line
	}
	w.noteCommand(o, line)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	r := result{began: time.Now(), under: w.config(o)}
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		check(err)
	}
	if ctx.Err() != nil {
		w.wrong("hangs", "%s", line)
	}
	r.code, r.out, r.err = cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
	w.noteResult(r)
	return r
}

// command is treefilter with the flags that all commands know, and as a line of a
// shell script.
func (w *world) command(ctx context.Context, o op, words []string) (cmd *exec.Cmd, line string) {
	switch program := o.arg["program"]; program {
	case "":
	case "elsewhere":
		words = slices.Insert(words, 1, "--state-dir", w.base("state"))
	default:
		words = slices.Insert(words, 1, "--program", program)
	}
	argv := append([]string{"treefilter"}, words...)
	if w.unprivileged {
		argv = append([]string{"setpriv", "--bounding-set=-dac_override,-dac_read_search"}, argv...)
	}
	line = quote(argv)
	argv[slices.Index(argv, "treefilter")] = w.binary
	cmd = exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = time.Second
	cmd.Dir = w.path(o.cwd())
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TOP=" + w.top, "STYLE=" + w.style}
	for _, v := range [][2]string{
		{"CONFIG", w.config(o)},
		{"OUT", w.out(o.arg["program"])},
		{"FAIL", strings.ReplaceAll(o.arg["fail"], ",", " ")},
		{"BLOCK", o.arg["block"]},
		{"TZ", o.arg["zone"]},
	} {
		cmd.Env = append(cmd.Env, v[0]+"="+v[1])
		if v[1] != "" && (words[0] == "exec" || v[0] == "TZ") {
			line = v[0] + "=" + quote(v[1:]) + " " + line
		}
	}
	return cmd, line
}

func (w *world) noteCommand(o op, line string) {
	if o.cwd() != "." {
		line = "(cd " + o.cwd() + " && " + line + ")"
	}
	w.note("%s", w.scripted(line))
}

// scripted is a line without the directories of this world.
func (w *world) scripted(line string) string {
	return strings.ReplaceAll(strings.ReplaceAll(line, filepath.Dir(w.dir), "$TOP"), w.top, "$TOP")
}

func (w *world) noteResult(r result) {
	text := fmt.Sprintf("exit %d\n%s\n%q", r.code, r.err, r.out)
	text = strings.TrimSuffix(strings.TrimSuffix(text, `""`), "\n")
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			w.note("# %s", line)
		}
	}
}

func joined(paths []string) string {
	if len(paths) == 0 {
		return ""
	}
	return strings.Join(paths, "\x00") + "\x00"
}

func quote(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if word == "" || strings.ContainsAny(word, " '{}$*:") {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
