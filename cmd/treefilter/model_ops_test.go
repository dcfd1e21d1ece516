//go:build linux

package main_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// op is one operation of a history, as a line of text: a verb, and what it is to be
// done to. What is not said has the plainest meaning.
type op struct {
	verb string
	arg  args
}

type args map[string]string

type verb struct {
	do    func(w *world, o op)
	knows string // its arguments
}

var verbs map[string]verb

func init() {
	verbs = map[string]verb{
		// What happens to files.
		"edit":    {(*world).edit, "file now by at"}, // new content, newer mtime
		"touch":   {(*world).touch, "file now"},      // newer mtime
		"future":  {(*world).future, "file by"},      // new content, with a mtime to come
		"restore": {(*world).restore, "file back"},   // an earlier content and mtime, or an older file
		"setback": {(*world).setback, "file back"},   // an earlier mtime
		"remove":  {(*world).remove, "file"},         // out of the tree
		"return":  {(*world).comeBack, "file"},       // as it was
		"point":   {(*world).point, "to"},            // the link f leads, by way of another, to file one or two
		"depend":  {(*world).depend, ""},             // the file changes that config depends is about, and config file
		"wait":    {(*world).wait, ""},               // until the mtimes that are to pass have passed
		"python":  {(*world).pythonStamps, "root"},   // stamps of the Python package treestamps

		// What treefilter does.
		"filter":  {func(w *world, o op) { w.filter(o) }, "program root spell config rule stdin any refresh follow"},
		"commit":  {(*world).commit, "program root spell config rule files fail edit depend since zone dump wal follow"},
		"exec":    {(*world).exec, "program root spell config rule stdin fail since dump batch follow"},
		"begin":   {(*world).begin, "program root spell config rule stdin fail since dump block batch follow"},
		"end":     {(*world).end, "how"}, // ok, fail, kill or term
		"dump":    {(*world).dump, "program root spell"},
		"discard": {(*world).discard, "program root spell"},
		"prune":   {(*world).prune, "program root spell"},
		"import":  {(*world).importStamps, "program root config"},

		// What happens to the files of a tree, and to the machine.
		"forget": {(*world).forget, "program tree"}, // both are deleted
		"damage": {(*world).damage, "program tree file how at"},
		"sync":   {func(w *world, _ op) { w.settle() }, ""},
		"cut":    {(*world).cut, ""},

		"world": {func(*world, op) {}, "style power"}, // the first one: what kind of world it is

		// What a fixed history says must be printed.
		"pending": {(*world).pending, "program root spell config rule any stdin follow files"},
	}
}

// parse reads operations, a line each. Words without a key name files.
func parse(text string) []op {
	var ops []op
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		o := op{words[0], args{}}
		var files []string
		for _, word := range words[1:] {
			if key, value, ok := strings.Cut(word, "="); ok {
				o.arg[key] = value
			} else {
				files = append(files, word)
			}
		}
		if files != nil {
			o.arg["files"] = strings.Join(files, ",")
		}
		ops = append(ops, o)
	}
	return ops
}

func (o op) String() string {
	text := o.verb
	for _, key := range slices.Sorted(maps.Keys(o.arg)) {
		text += " " + key + "=" + o.arg[key]
	}
	return text
}

// do does one operation, unless it is one of another kind of world.
func (w *world) do(o op) {
	verb, known := verbs[o.verb]
	if !known {
		check(fmt.Errorf("no such operation: %s", o))
	}
	for key := range o.arg {
		if !slices.Contains(strings.Fields(verb.knows), key) {
			check(fmt.Errorf("no such argument: %s in %s", key, o))
		}
	}
	w.note("")
	w.note("# %s", o)
	if root := o.arg["root"]; strings.HasPrefix(root, "t/") && !exists(w.path(root)) {
		o.arg = maps.Clone(o.arg)
		o.arg["root"] = filepath.Dir(root) // of a file that is gone
	}
	verb.do(w, o)
	w.observe()
}

// given is the value of an argument, or what it is without one.
func (o op) given(key, without string) string {
	if value, ok := o.arg[key]; ok {
		return value
	}
	return without
}

// list is an argument of several words.
func (o op) list(key string) []string {
	if o.arg[key] == "" {
		return nil
	}
	return strings.Split(o.arg[key], ",")
}

// roots are the directories that an operation is about; none is "-".
func (o op) roots() []string {
	if o.arg["root"] == "-" {
		return nil
	}
	return strings.Split(o.given("root", "t"), ",")
}

func (o op) key() treeOf { return treeOf{o.arg["program"], o.given("tree", "t")} }

// cwd is where a command runs.
func (o op) cwd() string {
	if o.arg["spell"] == "inside" {
		return "t"
	}
	return "."
}

// spell writes a path in one of several ways.
func (w *world) spell(o op, path string) string {
	switch o.arg["spell"] {
	case "dot":
		return "./" + strings.ReplaceAll(path, "/", "//")
	case "up":
		return "t/in/../../" + path
	case "absolute":
		return w.path(path)
	case "inside":
		rel, err := filepath.Rel("t", path)
		check(err)
		return rel
	case "link":
		if rest, ok := strings.CutPrefix(path, "t/in"); ok {
			return "../l" + rest
		}
	}
	return path
}

func (w *world) spellAll(o op, paths []string) []string {
	spelled := make([]string, len(paths))
	for i, path := range paths {
		spelled[i] = w.spell(o, path)
	}
	return spelled
}

// plain is the path, relative to where commands run, that was spelled in some way.
func (w *world) plain(o op, spelled string) string {
	if !filepath.IsAbs(spelled) {
		spelled = filepath.Join(w.path(o.cwd()), spelled)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(spelled))
	check(err)
	rel, err := filepath.Rel(w.dir, filepath.Join(dir, filepath.Base(spelled)))
	check(err)
	return rel
}

// config is the settings of an operation, "" for none: what decides whether two
// are equal.
func (w *world) config(o op) string {
	config := o.arg["config"]
	if config == "depends" || config == "file" {
		return config + ":" + w.content(w.base("settings"))
	}
	return config
}

// configWords are the flags for it.
func (w *world) configWords(o op, writes bool) []string {
	switch config := o.arg["config"]; {
	case config == "depends":
		return []string{"--depends", w.spell(o, "../settings")}
	case config == "file":
		return []string{"--config-file", w.spell(o, "../settings")}
	case config != "":
		return []string{"-c", "q=" + config}
	case writes:
		return []string{"--empty-config"}
	}
	return nil
}

// words are the flags that several commands know.
func (w *world) words(o op, writes bool) []string {
	words := w.configWords(o, writes)
	if rule := o.arg["rule"]; rule != "" {
		words = append(words, "--detect", rule)
	}
	if since := o.arg["since"]; since != "" && o.verb != "commit" {
		words = append(words, "--since", "start")
	}
	if dump := o.arg["dump"]; dump != "" {
		words = append(words, "--dump", dump)
	}
	return words
}

func (w *world) question(o op) question {
	return question{o.given("rule", "newer"), w.config(o), o.arg["any"] != ""}
}
