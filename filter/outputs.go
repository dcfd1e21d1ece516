package filter

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"treefilter/store/rule"
	"treefilter/store/state"
	"treefilter/walk"
)

// outputNamer names the outputs of files, and finds out whether they are there. For one
// goroutine.
type outputNamer struct {
	opt    *Options
	roots  []root
	report *reporter
	rel    bool // the path below its ROOT is asked for
	stat   walk.Statter

	at    *location // the directory of the source before
	below string    // that, below its ROOT
}

func newOutputNamer(opt *Options, roots []root, report *reporter) *outputNamer {
	rel := slices.ContainsFunc(opt.Outputs, func(p pattern) bool { return p.holds(relPath, relBare) })
	return &outputNamer{opt: opt, roots: roots, report: report, rel: rel}
}

// forCommands has it name all that a command may ask for.
func (n *outputNamer) forCommands() *outputNamer {
	n.rel = true
	return n
}

// close gives up what was opened to stat outputs that lie side by side.
func (n *outputNamer) close() { n.stat.Close() }

// source returns what the placeholders stand for.
func (n *outputNamer) source(p filePath) *source {
	s := &source{path: p.path()}
	if n.rel {
		if p.location != n.at {
			n.at, n.below = p.location, n.relative(p.dir(), p.tree)
		}
		if s.rel = p.name; n.below != "" {
			s.rel = n.below + "/" + p.name
		}
	}
	return s
}

// sourceOf is source for a file whose path only was given.
func (n *outputNamer) sourceOf(f *file) *source {
	s := &source{path: f.path}
	if n.rel {
		tree := root{real: f.destination.Root()}
		s.rel = n.relative(tree.join(f.rel), f.destination.Tree)
	}
	return s
}

// command is source for the arguments of a command.
func (n *outputNamer) command(p filePath) *source {
	s := n.source(p)
	if len(n.opt.Outputs) > 0 {
		s.out = n.opt.Outputs[0].expand(s)
	}
	return s
}

// relative returns an absolute path relative to the deepest ROOT that it lies in, or
// else to its tree.
func (n *outputNamer) relative(path string, t *state.Tree) string {
	rel, ok := belowRoots(n.roots, path)
	if !ok && t != nil {
		rel = t.Below(path)
	}
	return rel
}

// all returns the outputs as operands of a command.
func (n *outputNamer) all(p filePath) (outputs []string) {
	s := n.source(p)
	for _, p := range n.opt.Outputs {
		outputs = append(outputs, operand(p.expand(s)))
	}
	return outputs
}

// missing returns the first output that is not there, "" where all are. One that cannot
// be examined is missing: it may be.
func (n *outputNamer) missing(s *source) (output string) {
	for _, p := range n.opt.Outputs {
		output = p.expand(s)
		_, err := n.stat.Stat(output)
		if err == nil {
			continue
		}
		if why := unseen(err); why != nil { // mostly that of a directory
			n.report.once(&pathError{filepath.Dir(output), fmt.Errorf("outputs in it taken for missing: %w", why)}, n.opt.Warn)
		}
		return output
	}
	return ""
}

// unseen returns what went wrong in a stat that does not say that there is nothing.
func unseen(err error) error {
	if isGone(err) || errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENAMETOOLONG) {
		return nil
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// judge lets a missing output decide about a file that its stamp leaves alone. The
// content of one that was touched is then of no interest.
func (n *outputNamer) judge(d rule.Detect, f *finding) {
	if len(n.opt.Outputs) > 0 && (f.Reason == rule.Unchanged || f.Reason == rule.Touched) {
		f.NoOutput = n.missing(n.source(f.filePath)) != ""
		f.Reason = rule.Judge(d, &f.Evidence)
	}
}

// done returns why the work on a file cannot have been done, as far as its outputs say;
// it registers the file systems that they lie on.
func (n *outputNamer) done(s *source, g *state.Grove) error {
	for _, p := range n.opt.Outputs {
		output := p.expand(s)
		info, err := n.stat.Stat(output)
		if err != nil {
			return &outputError{output, unseen(err)}
		}
		switch {
		case info.IsDir:
			g.WorkOn(info.Dev, output)
		case info.Link:
			if real, err := filepath.EvalSymlinks(output); err == nil {
				g.WorkOn(info.Dev, filepath.Dir(real))
			}
		default:
			g.WorkOn(info.Dev, filepath.Dir(output))
		}
	}
	return nil
}

// prepare makes the directories of the outputs, and registers their file systems before
// anything is written to them.
func (n *outputNamer) prepare(s *source, g *state.Grove) error {
	for _, p := range n.opt.Outputs {
		dir := filepath.Dir(p.expand(s))
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		info, err := n.stat.Stat(dir)
		if err != nil {
			return err
		}
		g.WorkOn(info.Dev, dir)
	}
	return nil
}

// An outputError is an output that is missing once the work is done.
type outputError struct {
	output string
	err    error // why it cannot be seen
}

func (e *outputError) Error() string {
	text := "its output is missing: " + e.output
	if e.err != nil {
		text += ": " + e.err.Error()
	}
	return text
}
