//go:build linux

package main_test

import (
	"fmt"
	"slices"
)

// history is everything that was ever said of each path, to each program, in the
// order in which it was said. It is all that the model decides by: the files in
// which treefilter keeps its stamps are never read.
type history map[subject][]fact

type subject struct{ program, path string }

// fact is one thing that was said of a path.
type fact struct {
	what what
	sure bool // false: it may have been heard, or not
	seq  int  // facts are numbered through all paths
	tree string
	// What was processed.
	config string
	file
	future bool   // its mtime lay in the future
	result string // what the work left elsewhere
	digest bool   // its content was recorded
}

// anyTree is the tree of a fact whose tree is not known.
const anyTree = "?"

type what int

const (
	processed what = iota // with success
	imported              // processed, says treestamps
	failed                // a command began on it, and has not succeeded
	dropped               // its stamp was taken away in another way
	lost                  // its stamp may have been hit by damage
	forgotten             // all state was deleted
	unknown               // nothing is promised any more
)

func (f fact) String() string {
	text := [...]string{"processed", "imported", "failed", "dropped", "lost", "forgotten", "unknown"}[f.what]
	if !f.sure {
		text = "perhaps " + text
	}
	if f.what <= imported {
		text += fmt.Sprintf(" in tree %s under config %q: %s", f.tree, f.config, f.file)
	}
	return text
}

func (f file) String() string {
	return fmt.Sprintf("%q of %d.%09d", f.content, f.mtime/1e9, f.mtime%1e9)
}

// file is a file as one look found it.
type file struct {
	mtime   int64 // nanoseconds since 1970; of a link the later of its own and its target's
	through int64 // that of the target, where it is a link
	content string
}

// question is what a run asks of each file.
type question struct {
	rule      string // newer, differs or content
	config    string
	anyConfig bool
}

// seen is a file as a question finds it.
type seen struct {
	file
	// The last change was one that a mtime need not show: see "What it cannot
	// see" in MANUAL.md.
	blind bool
}

type verdict int

const (
	must    verdict = iota // needs work: not to print it is a skip
	may                    // MANUAL.md allows both
	mustNot                // needs no work, and nothing excuses printing it
)

// judge says whether a file must be printed. The last thing that was surely said of
// its path decides, unless something that was said later, but perhaps not heard,
// decides otherwise.
func (h history) judge(s subject, tree string, q question, now seen) verdict {
	work, done := false, false
	for _, f := range slices.Backward(h[s]) {
		if f.what == unknown {
			return may
		}
		if f.needsWork(tree, q, now) {
			work = true
		} else {
			done = true
		}
		if f.sure {
			return summary(work, done)
		}
	}
	return summary(true, done)
}

func summary(work, done bool) verdict {
	switch {
	case work && done:
		return may
	case work:
		return must
	}
	return mustNot
}

// needsWork is the rule, for a file of which this was said last.
func (f *fact) needsWork(tree string, q question, now seen) bool {
	switch {
	case f.what > imported, f.tree != tree && f.tree != anyTree, f.config != q.config && !q.anyConfig:
		return true
	case q.rule == "differs" && now.through != f.through:
		return true
	case now.mtime == f.mtime:
	case q.rule == "content":
		return !f.digest || now.content != f.content
	case q.rule == "differs", f.future, now.mtime > f.mtime:
		return true
	}
	// An edit always shows, whatever became of its mtime.
	return now.content != f.content && !now.blind
}
