package main

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A row is what is measured on some of the trees.
type row struct {
	name    string
	trees   string
	measure func(*bench, tree) error
}

// rows are all of them. What they must reach stands in targets.go.
func rows() []row {
	return []row{
		{"start", "flat-10k deep-10k go", (*bench).measureNoChange},
		{"no-change", "flat deep many real yours", (*bench).measureNoChange},
		{"changed", "deep real", (*bench).measureChanged},
		{"cold", "flat deep real yours", (*bench).measureCold},
		{"slow", "slow", (*bench).measureSlow},
		{"stdin", "real yours", (*bench).measureStdin},
		{"one-path", "flat deep", (*bench).measureOnePath},
		{"narrow", "flat", (*bench).measureNarrow},
		{"exec", "few", (*bench).measureExec},
		{"commit", "flat deep", (*bench).measureCommit},
		{"wal", "flat deep", (*bench).measureWAL},
		{"dump-new", "flat deep", (*bench).measureDumpNew},
		{"dump-first", "flat deep", (*bench).measureDumpFirst},
		{"sync", "single", (*bench).measureSync},
		{"sync-busy", "single", (*bench).measureSyncBusy},
		{"huge", "huge", (*bench).measureHuge},
	}
}

func rowNames() []string {
	var names []string
	for _, r := range rows() {
		names = append(names, r.name)
	}
	return names
}

// rowsOf are the rows to be measured on a tree.
func (b *bench) rowsOf(tree string) []row {
	return slices.DeleteFunc(rows(), func(r row) bool {
		return !slices.Contains(strings.Fields(r.trees), tree) || len(b.Rows) > 0 && !slices.Contains(b.Rows, r.name)
	})
}

// A stateOf is one state of a tree: who keeps it, under which program name or where.
type stateOf struct {
	b      *bench
	tree   tree
	name   string // of the filter
	binary string
	flags  []string
	dumps  []string // flags of dump
}

// own is what treefilter itself keeps, under a program name.
func (b *bench) own(t tree, program string) stateOf {
	s := stateOf{b: b, tree: t, name: "treefilter", binary: b.tools.treefilter, flags: t.flags}
	if program != "" {
		s.flags = append(slices.Clone(t.flags), "--program", program)
	}
	return s
}

const (
	noListings     = "treefilter --no-listings"
	listingsAbsent = "treefilter, listings absent"
	withStateDir   = "treefilter --state-dir"
	before         = "treefilter before"
)

// states are all that a no-change run is measured with.
func (b *bench) states(t tree) []stateOf {
	absent := b.own(t, bare)
	absent.name, absent.dumps = listingsAbsent, []string{"--no-listings"}
	all := []stateOf{b.own(t, ""), absent}
	if t.name != yours { // whose state lies elsewhere anyway
		elsewhere := b.own(t, "")
		elsewhere.name, elsewhere.flags = withStateDir, []string{"--state-dir", stateDir(t)}
		all = append(all, elsewhere)
	}
	if b.tools.before != "" {
		all = append(all, b.before(t))
	}
	return all
}

// before is what the treefilter of --before keeps.
func (b *bench) before(t tree) stateOf {
	s := b.own(t, older)
	s.name, s.binary = before, b.tools.before
	return s
}

func (s stateOf) command(name string, words ...string) command {
	c := command{name: "treefilter " + name, args: []string{s.binary}}
	if name != "" {
		c.args = append(c.args, name)
	}
	c.args = slices.Concat(c.args, s.flags, words)
	return c
}

func (s stateOf) filter(words ...string) command {
	c := s.command("", append(words, s.tree.root)...)
	c.name = s.name
	return c
}

func (s stateOf) commit(list string) command {
	c := s.command("commit", "--dump", "never", s.tree.root)
	c.stdin = list
	return c
}

func (s stateOf) dump() command {
	return s.command("dump", append(slices.Clone(s.dumps), s.tree.root)...)
}

// Commands beside it.

func (b *bench) filter(t tree) command { return b.own(t, "").filter() }

func (b *bench) floor(root string) command {
	return command{name: "floor", args: []string{b.tools.floor, root}}
}

// knownBy is the floor for who knows all names.
func (b *bench) knownBy(t tree, threads int) contender {
	n := strconv.Itoa(threads)
	c := command{name: "known, " + n + " threads", args: []string{b.tools.floor, "--known", n}, stdin: t.names()}
	return contender{command: c, want: count(t.files + t.others)}
}

// count is what the floor prints.
func count(files int) string { return strconv.Itoa(files) + "\n" }

// listers are the peers that can print all files, NUL-delimited.
func (b *bench) listers(t tree) []command {
	var cs []command
	for _, peer := range []struct{ name, path string }{{"bfs", b.tools.bfs}, {"find", b.tools.find}} {
		if peer.path != "" {
			cs = append(cs, command{name: peer.name, args: []string{peer.path, t.root, "-type", "f", "-print0"}})
		}
	}
	if b.tools.fd != "" {
		cs = append(cs, command{name: "fd", args: []string{b.tools.fd, "-u", "-0", "-t", "f", ".", t.root}})
	}
	return cs
}

// seekers are all that can name changed files, NUL-delimited.
func (b *bench) seekers(t tree, ref reference) []command {
	cs := []command{b.filter(t)}
	for _, c := range b.listers(t) {
		if c.name == "fd" {
			c.args = slices.Insert(c.args, 1, "--changed-after", ref.time.UTC().Format(time.RFC3339))
		} else {
			c.args = slices.Insert(c.args, len(c.args)-1, "-newer", ref.file)
		}
		cs = append(cs, c)
	}
	return cs
}

func isState(path string) bool { return stateName.MatchString(filepath.Base(path)) }
