//go:build linux

package main_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// generator makes a random history. What its operations have in common is drawn
// first: most faults need several operations on the same few things.
type generator struct {
	*rand.Rand
	programs, configs, rules []string
	harmless                 bool // no damage: so all that is printed must be explained
	power                    bool
	follow                   string
	running                  int // operations until the exec in the background ends
	ops                      []op
}

// generate makes the history of a number.
func generate(n int) []op {
	g := &generator{Rand: rand.New(rand.NewPCG(uint64(n), 0)), programs: []string{""}, rules: []string{"newer"}}
	g.configs = g.some([]string{"", "1.1", "1.10", "depends", "file"}, 3)
	if g.chance(6) {
		g.programs = g.some(programs, 2)
	}
	if g.chance(3) {
		g.rules = g.some([]string{"newer", "differs", "content"}, 2)
	}
	g.harmless, g.power = !g.chance(3), g.chance(12)
	g.add("world", "style", g.one("elsewhere", "elsewhere", "aside", "inplace", "replace"), "power", g.maybe(g.power, "yes"))
	if g.chance(12) {
		g.follow = "yes"
		g.rules = g.some([]string{"newer", "differs"}, 2)
		g.add("point")
	}
	passing := n%300 == 123 // few: it takes seconds
	if passing {
		g.add("future", "file", g.one(names...), "by", "passing")
	}
	for range 4 + g.IntN(12) {
		g.step()
		if g.chance(2) {
			g.look()
		}
		if g.running--; g.running == 0 {
			g.add("end", "how", g.one("ok", "fail", "fail", "kill", "term"))
		}
	}
	g.add("end")
	if passing {
		g.add("wait")
	}
	for _, program := range g.programs {
		for _, config := range g.configs {
			for _, rule := range g.rules {
				g.add("filter", "program", program, "config", config, "rule", rule, "follow", g.follow)
			}
		}
	}
	return g.ops
}

// chance is true once in n times.
func (g *generator) chance(n int) bool { return g.IntN(n) == 0 }

func (g *generator) one(of ...string) string { return of[g.IntN(len(of))] }

// some picks up to n of a list, at least one.
func (g *generator) some(of []string, n int) []string {
	picked := slices.Clone(of)
	g.Shuffle(len(picked), func(i, j int) { picked[i], picked[j] = picked[j], picked[i] })
	return picked[:1+g.IntN(n)]
}

func (g *generator) maybe(is bool, value string) string {
	if is {
		return value
	}
	return ""
}

// args are keys and values; what is empty is left out.
func (g *generator) args(pairs ...string) args {
	a := args{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			a[pairs[i]] = pairs[i+1]
		}
	}
	return a
}

func (g *generator) add(verb string, pairs ...string) {
	g.ops = append(g.ops, op{verb, g.args(pairs...)})
}

// step adds an operation that changes something.
func (g *generator) step() {
	file, program := g.one(names...), g.one(g.programs...)
	dir := g.one("", "", "t/in", "t/in", "t/in/deep", ".")
	switch n := g.IntN(100); {
	case g.power && g.chance(5):
		g.add(g.one("cut", "cut", "cut", "sync"))
	case g.follow != "" && g.chance(6):
		g.add("point", "to", g.one("one", "two"))
	case n < 14:
		g.add("edit", "file", file, "now", g.maybe(g.chance(4), "yes"), "by", g.maybe(g.chance(4), "rename"))
	case n < 18:
		g.add("touch", "file", file, "now", g.maybe(g.chance(4), "yes"))
	case n < 21:
		g.add("future", "file", file, "by", g.one("near", "far"))
	case n < 24:
		g.add("restore", "file", file, "back", g.one("", "2", "3"))
	case n < 26:
		g.add("setback", "file", file, "back", g.one("", "2", "3"))
	case n < 30:
		g.add("remove", "file", file)
	case n < 33:
		g.add("return", "file", file)
	case n < 35:
		g.add("depend")
	case n < 37 && !g.power:
		root := g.one("t", "t/in")
		if g.chance(2) {
			g.add("python", "root", root)
		}
		g.add("import", "program", program, "root", root, "config", g.one(g.configs...))
	case n < 60:
		g.commit(program)
	case n < 76:
		g.exec(program)
	case n < 81:
		g.add("dump", "program", program, "root", dir)
	case n < 85:
		g.add("discard", "program", program, "root", dir)
	case n < 88:
		g.add("prune", "program", program, "root", dir)
	case n < 90:
		g.add("forget", "program", program, "tree", dir)
	case !g.harmless:
		g.add("damage", "program", program, "tree", dir, "file", g.one("", "snapshot"), "at", fmt.Sprintf("%.6f", g.Float64()),
			"how", g.one("bend", "bend", "record", "cut", "version", "link", "unreadable", "fifo", "symlink", "delete"))
	default:
		g.look()
	}
}

// target draws what filter, commit and exec have in common.
func (g *generator) target(program string) []string {
	return []string{
		"program", program,
		"config", g.one(g.configs...),
		"follow", g.follow,
		"rule", g.one(g.rules...),
		"root", g.one("", "", "", "", "", "t/in", "t/in", "t/in", "t/in/deep", ".", "t,t/in", "t/in,t/in/deep", "t/a", "t/in/c", "-"),
		"spell", g.one("", "", "", "", "", "", "dot", "up", "absolute", "inside", "link"),
	}
}

func (g *generator) look() {
	rule := g.one(g.rules...)
	pairs := append(g.target(g.one(g.programs...)), "rule", rule, "stdin", g.maybe(g.chance(6), "yes"))
	if g.chance(10) {
		pairs = append(pairs, "any", "yes")
	} else if rule == "content" && g.chance(4) {
		pairs = append(pairs, "refresh", "yes")
	}
	g.add("filter", pairs...)
}

func (g *generator) dumpMode() string { return g.one("", "never", "never", "always") }

func (g *generator) commit(program string) {
	target := g.target(program)
	o := op{"commit", g.args(target...)}
	files := ""
	if g.chance(2) {
		files = g.files(o)
	}
	g.add("commit", append(target, "files", files,
		"fail", g.maybe(g.chance(4), g.one(names...)),
		"edit", g.maybe(g.chance(10), g.one(names...)),
		"depend", g.maybe(g.chance(20), "yes"),
		"since", g.maybe(g.chance(6), "list"),
		"dump", g.dumpMode(),
		"wal", g.maybe(g.chance(20), "no"))...)
}

// files draws some of the files below the roots of an operation.
func (g *generator) files(o op) string {
	below := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return o.roots() != nil && !slices.ContainsFunc(o.roots(), func(root string) bool { return isBelow(places[name], root) })
	})
	return strings.Join(g.some(below, len(below)), ",")
}

func (g *generator) exec(program string) {
	pairs := append(g.target(program),
		"fail", g.maybe(g.chance(2), strings.Join(g.some(names, 3), ",")),
		"since", g.maybe(g.chance(8), "start"),
		"stdin", g.maybe(g.chance(8), "yes"),
		"batch", g.maybe(g.chance(6), g.one("2", "5")),
		"dump", g.dumpMode())
	if g.running <= 0 && g.chance(4) {
		g.running = 1 + g.IntN(4)
		o := op{"begin", g.args(append(pairs, "block", g.one(names...))...)}
		if strings.Contains(o.arg["root"], ",") {
			delete(o.arg, "root") // a nested tree that is founded only in the end
		}
		g.ops = append(g.ops, o)
		return
	}
	g.add("exec", pairs...)
}

// shrink makes a history that fails as short and as plain as it goes.
func shrink(f *failure, again func(ops []op) *failure) *failure {
	try := func(ops []op) bool {
		got := again(ops)
		if got == nil || got.fault.kind != f.fault.kind {
			return false
		}
		got.number = f.number
		f = got
		return true
	}
	for size := len(f.ops); size > 0; {
		shorter := false
		for from := len(f.ops) - size; from >= 1; from -= size {
			if from < len(f.ops) && try(slices.Delete(slices.Clone(f.ops), from, min(from+size, len(f.ops)))) {
				shorter = true
			}
		}
		if !shorter || size > 1 {
			size /= 2
		}
	}
	for i := range f.ops {
		for _, key := range slices.Sorted(maps.Keys(f.ops[i].arg)) {
			ops := slices.Clone(f.ops)
			ops[i].arg = maps.Clone(ops[i].arg)
			delete(ops[i].arg, key)
			try(ops)
		}
	}
	return f
}
