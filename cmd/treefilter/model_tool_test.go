//go:build linux

package main_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What treefilter does, and what is said by it.

// programs are the ways to keep stamps that know nothing of each other: the
// default, another program, and another directory.
var programs = []string{"", "other", "elsewhere"}

// expected is what must become of each file that a run looks at.
type expected struct {
	verdicts map[string]verdict
	owners   map[string]string
	stdin    []string // nil where it is the roots that are walked
	words    []string // that say so
}

// expect judges the files that a run will look at.
func (w *world) expect(o op) *expected {
	e := &expected{verdicts: map[string]verdict{}, owners: map[string]string{}}
	paths := w.present(o.roots())
	if o.arg["follow"] == "" {
		paths = slices.DeleteFunc(paths, func(path string) bool { return path == places["f"] })
	}
	if o.arg["stdin"] != "" || o.roots() == nil {
		e.stdin = w.spellAll(o, paths)
	}
	if o.arg["stdin"] != "" {
		e.words = append(e.words, "--stdin")
	}
	e.words = append(e.words, w.spellAll(o, o.roots())...)
	for _, path := range paths {
		s := subject{o.arg["program"], path}
		f, _ := w.look(path)
		e.owners[path] = w.owner(s.program, path, o.roots(), o.cwd())
		if o.verb != "filter" || o.arg["refresh"] != "" {
			w.place(s.program, path, o.roots(), o.cwd())
		}
		e.verdicts[path] = w.history.judge(s, e.owners[path], w.question(o), seen{f, w.blind[seenAt{path, f}]})
	}
	return e
}

// compare compares the files that a run took for work with those that it must.
func (w *world) compare(e *expected, took []string) {
	for _, path := range slices.Sorted(maps.Keys(e.verdicts)) {
		switch took := slices.Contains(took, path); {
		case e.verdicts[path] == must && !took:
			w.wrong("skipped", "%s needs work%s", path, w.saidOf(path))
		case e.verdicts[path] == mustNot && took:
			w.wrong("extra", "%s needs no work%s", path, w.saidOf(path))
		}
	}
	for _, path := range took {
		if _, known := e.verdicts[path]; !known {
			w.wrong("strange", "%s", path)
		}
	}
}

// saidOf is what was said of a path, to be read.
func (w *world) saidOf(path string) string {
	now, _ := w.look(path)
	text := fmt.Sprintf("\n\tis now %s", now)
	for _, program := range programs {
		for _, f := range w.history[subject{program, path}] {
			text += fmt.Sprintf("\n\tsaid to program %q: %s", program, f)
		}
	}
	return text + "\n"
}

// filter runs the filter and returns what it has printed.
func (w *world) filter(o op) (printed []string) {
	e := w.expect(o)
	words := slices.Concat([]string{"filter", "-0"}, w.words(o, false))
	if o.arg["any"] != "" {
		words = append(words, "--no-check-config")
	}
	if o.arg["refresh"] != "" {
		words = append(words, "--refresh")
	}
	if o.arg["follow"] != "" {
		words = append(words, "--follow")
	}
	r := w.run(o, e.stdin, append(words, e.words...)...)
	for spelled := range strings.SplitSeq(r.out, "\x00") {
		if spelled != "" {
			printed = append(printed, w.plain(o, spelled))
		}
	}
	w.compare(e, printed)
	if o.arg["refresh"] == "" {
		w.mustEnd(r, 0)
	} else if r.code <= 1 { // that it could not write is a warning
		w.refreshed(o, e, r, r.code == 0)
	}
	return printed
}

// mustEnd checks the exit code of a run. Damage explains what it likes, and a power
// cut a warning.
func (w *world) mustEnd(r result, code int) {
	if r.code != code && !w.anyDamage() && !(w.torn && r.code == 1) {
		w.wrong("exit", "%d, want %d: %s", r.code, code, r.err)
	}
}

func (w *world) anyDamage() bool {
	return slices.Contains(slices.Collect(maps.Values(w.damaged)), true)
}

// refreshed says what a refresh may have stamped anew: what has another mtime than
// its stamp, and the content that was recorded.
func (w *world) refreshed(o op, e *expected, r result, sure bool) {
	q := w.question(o)
	if q.rule != "content" {
		return
	}
	for _, path := range slices.Sorted(maps.Keys(e.verdicts)) {
		s := subject{o.arg["program"], path}
		now, _ := w.look(path)
		for _, f := range w.stamps(s) {
			if f.mtime != now.mtime && !f.needsWork(e.owners[path], q, seen{now, false}) {
				w.stamp(s, f.tree, o, r, sure && f.sure && r.err == "")
			}
		}
	}
}

// stamp says that a file was recorded as it is now, at least if the command says so.
func (w *world) stamp(s subject, tree string, o op, r result, sure bool) {
	now := time.Now().UnixNano()
	f, _ := w.look(s.path)
	said := fact{tree: tree, config: r.under, file: f, digest: w.question(o).rule == "content", result: w.result(s)}
	if o.verb == "import" {
		said.what = imported
	}
	heard := sure && r.code <= 1 && !w.names(r, o, s.path)
	said.sure = heard && r.code == 0 && !w.damaged[treeOf{s.program, tree}]
	if heard && !said.sure {
		// Damage may take the new stamp, but brings no older one back.
		w.say(s, fact{what: dropped, sure: true})
	}
	said.future = f.mtime > now
	w.say(s, said)
	if w.coming[f.mtime] && r.began.UnixNano() <= f.mtime && f.mtime <= now {
		said.future, said.sure = true, false // the moment at which it was made is not known
		w.say(s, said)
	}
}

// commit is a pipeline: find the work, do it, and commit it.
func (w *world) commit(o op) {
	roots, program := o.roots(), o.arg["program"]
	var paths []string
	if names := o.list("files"); names != nil {
		for _, name := range names {
			if _, exists := w.look(places[name]); exists {
				paths = append(paths, places[name])
			}
		}
	} else {
		found := op{"filter", args{}}
		for _, key := range []string{"program", "root", "spell", "config", "rule", "follow"} {
			if value, given := o.arg[key]; given {
				found.arg[key] = value
			}
		}
		paths = w.filter(found)
	}
	paths = slices.DeleteFunc(paths, func(path string) bool { return slices.Contains(o.list("fail"), filepath.Base(path)) })

	words := slices.Concat([]string{"commit", "-0"}, w.words(o, true))
	since := w.since(o, &words)
	if o.arg["wal"] == "no" {
		words = append(words, "--no-wal")
	}
	under, worked := w.config(o), map[string]file{}
	for _, path := range paths {
		w.work(o, path)
		worked[path], _ = w.look(path)
	}
	for _, name := range o.list("edit") {
		w.edit(op{"edit", args{"file": name, "now": "1"}})
	}
	if o.arg["depend"] != "" {
		w.depend(o)
	}
	owners := map[string]string{}
	for _, path := range paths {
		owners[path] = w.place(program, path, roots, o.cwd())
	}
	r := w.run(o, w.spellAll(o, paths), append(words, w.spellAll(o, roots)...)...)
	if since != 0 && (under != w.config(o) || r.code > 1) {
		return // it must refuse the one, and was free to do so in the other case
	}
	if o.arg["since"] == "" {
		w.mustEnd(r, 0)
	}
	for _, path := range paths {
		s := subject{program, path}
		switch f, _ := w.look(path); {
		case since == 0 || f == worked[path] && tickEnd(f.mtime) <= since:
			w.stamp(s, owners[path], o, r, true)
		case f != worked[path] || f.mtime >= since:
			w.say(s, fact{what: dropped, sure: true})
		default:
			w.say(s, fact{what: dropped, sure: true})
			w.stamp(s, owners[path], o, r, false)
		}
	}
}

// tickEnd is when no later write can bear a mtime any more.
func tickEnd(mtime int64) int64 {
	if mtime%1e9 == 0 {
		return mtime + 2e9
	}
	return mtime + 10e6
}

// since adds --since to the words of a commit and returns its moment, 0 for none:
// list is a list that was written before the work, ahead one with a mtime to come;
// else it is a time.
func (w *world) since(o op, words *[]string) int64 {
	text := o.arg["since"]
	if text == "" {
		return 0
	}
	if text != "list" && text != "ahead" {
		text = strings.ReplaceAll(text, "_", " ")
		*words = append(*words, "--since", text)
		zone, err := time.LoadLocation(o.arg["zone"])
		check(err)
		const layout = "2006-01-02 15:04"
		moment, err := time.ParseInLocation(layout, text, zone)
		check(err)
		if first := moment.Add(-time.Hour); first.Format(layout) == text {
			moment = first
		}
		return moment.UnixNano()
	}
	w.write("../todo", "a list")
	if text == "ahead" {
		w.setMtime("../todo", time.Now().Add(time.Hour).UnixNano())
	}
	*words = append(*words, "--since", w.spell(o, "../todo"))
	info, err := os.Stat(w.base("todo"))
	check(err)
	return info.ModTime().UnixNano()
}

// tree is the tree that a command on a single root is about.
func (w *world) tree(o op) treeOf {
	root := o.roots()[0]
	return treeOf{o.arg["program"], w.owner(o.arg["program"], filepath.Join(root, "-"), []string{root}, o.cwd())}
}

// dump folds a WAL. What was made under another config than the last stamp goes.
func (w *world) dump(o op) {
	k := w.tree(o)
	newest := w.newest[k]
	if w.running != nil {
		newest = nil // a run beside it writes its stamps when their work is durable
	}
	r := w.run(o, nil, append([]string{"dump"}, w.spellAll(o, o.roots())...)...)
	w.mustEnd(r, 0)
	if r.code == 0 && r.err == "" {
		w.damaged[k] = false // it has read all, and written it anew
	}
	for _, s := range w.of(k) {
		stamps := w.stamps(s)
		others := slices.DeleteFunc(slices.Clone(stamps), func(f fact) bool { return newest != nil && f.config == *newest })
		if len(others) > 0 {
			w.say(s, fact{what: dropped, sure: newest != nil && len(others) == len(stamps) && r.code == 0})
		}
	}
}

// stamps are those that a path may have.
func (w *world) stamps(s subject) (list []fact) {
	for _, f := range slices.Backward(w.history[s]) {
		if f.what <= imported {
			list = append(list, f)
		}
		if f.sure {
			break
		}
	}
	return list
}

// discard throws a WAL away, and with it all that was said since the last dump. It
// refuses a directory that lies in a tree.
func (w *world) discard(o op) {
	k := w.tree(o)
	subjects, since := w.of(k), w.dumped[k]
	r := w.run(o, nil, append([]string{"discard"}, w.spellAll(o, o.roots())...)...)
	if k.dir != o.roots()[0] {
		w.mustEnd(r, 2) // the WAL is that of more than was named
		return
	}
	w.mustEnd(r, 0)
	for _, s := range subjects {
		said, sure := false, false
		for _, f := range w.history[s] {
			if f.seq > since && f.what <= dropped {
				said, sure = true, sure || f.sure
			}
		}
		if said {
			w.say(s, fact{what: dropped, sure: sure && r.code == 0})
		}
	}
	w.newest[k] = nil
}

// prune drops the stamps of files that are gone.
func (w *world) prune(o op) {
	subjects := w.of(w.tree(o))
	r := w.run(o, nil, append([]string{"prune"}, w.spellAll(o, o.roots())...)...)
	if r.code > 1 {
		return // refused
	}
	for _, s := range subjects {
		if _, exists := w.look(s.path); exists {
			continue
		}
		// Where a directory is empty a disk may not be mounted.
		beside := w.present([]string{filepath.Dir(s.path)})
		sure := r.code == 0 && len(beside) > 0 && isBelow(s.path, o.roots()[0])
		w.say(s, fact{what: dropped, sure: sure})
	}
}

// pythonStamps writes what the Python package treestamps would have: every file of
// a root was processed just now.
func (w *world) pythonStamps(o op) {
	root := o.roots()[0]
	w.clock = (w.clock/1e9 + 1) * 1e9
	w.python[root] = fact{file: file{mtime: w.clock}, seq: w.seq}
	seconds := w.clock / 1e9
	text := fmt.Sprintf(".: %d.0\nconfig: {}\ntreestamps_config: {symlinks: false}\n", seconds)
	for _, path := range w.present([]string{root}) {
		rel, err := filepath.Rel(root, path)
		check(err)
		text = fmt.Sprintf("%s: %d.0\n", rel, seconds) + text
	}
	w.write(filepath.Join(root, ".python_treestamps.yaml"), strings.TrimSuffix(text, "\n"))
}

// importStamps takes over what treestamps knew. It may stamp what nothing else was
// said of: all that treefilter says is younger.
func (w *world) importStamps(o op) {
	root := o.roots()[0]
	paths, owners := w.present([]string{root}), map[string]string{}
	for _, path := range paths {
		owners[path] = w.place(o.arg["program"], path, o.roots(), ".")
	}
	r := w.run(o, nil, slices.Concat([]string{"import", "--from", "python"}, w.words(o, true), o.roots())...)
	if r.code > 1 {
		return
	}
	for _, path := range paths {
		s := subject{o.arg["program"], path}
		if f, _ := w.look(path); f.mtime <= w.python[root].mtime && !w.known(s, w.python[root].seq) {
			w.stamp(s, owners[path], o, r, false)
		}
	}
}

// known reports whether a path was processed, and that not undone, or its command
// failed, after treestamps had to do with it.
func (w *world) known(s subject, since int) bool {
	undone := false
	for _, f := range slices.Backward(w.history[s]) {
		switch {
		case f.seq <= since, f.what == forgotten:
			return false
		case f.what == dropped:
			undone = true
		case f.what == processed && !undone, f.what == failed:
			return true
		case f.what == processed:
			return false
		}
	}
	return false
}

// pending is the filter with its result written down.
func (w *world) pending(o op) {
	var want, demanded []string
	for _, name := range o.list("files") {
		want = append(want, places[name])
	}
	e := w.expect(o)
	for path, v := range e.verdicts {
		if v == must {
			demanded = append(demanded, path)
		}
	}
	printed := w.filter(o)
	slices.Sort(printed)
	slices.Sort(demanded)
	switch slices.Sort(want); {
	case !slices.Equal(demanded, want):
		w.wrong("broken", "the model demands %q, want %q", demanded, want)
	case !slices.Equal(printed, want) && !w.anyDamage():
		w.wrong("extra", "%q, want %q", printed, want)
	}
}
