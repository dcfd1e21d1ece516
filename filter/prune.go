package filter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"treefilter/store/state"
	"treefilter/walk"
)

// Prune drops the stamps of files that are gone.
type Prune struct {
	Options
	// Choice is the files whose stamps are looked at.
	Choice *walk.Choice
	// DryRun writes the paths whose stamps would be dropped to Out, and drops
	// nothing.
	DryRun bool
	// Force takes all that is missing for gone, wherever it may be.
	Force bool
	// Out gets these paths, or in their place the Outputs of these files where there
	// are any, also without DryRun.
	Out io.Writer
	// OutDelimiter is walk.NUL or walk.Newline.
	OutDelimiter walk.Delimiter
}

// Run prunes what lies below every root, or the current directory: stamps made
// under any config, since the file is gone for all of them.
func (p *Prune) Run(ctx context.Context) error {
	out := newOutput(p.Out, nil)
	every := p.Options
	every.NoCheckConfig = true
	named, _, _ := parseRoots(p.Roots) // eachRoot reports what is wrong with them
	err := every.eachRoot(ctx, func(t *state.Tree, root root, report *reporter) error {
		r := &pruneRun{Prune: p, tree: t, root: root, below: t.Below(root.real), report: report, out: out}
		r.outputs = newOutputNamer(&p.Options, append(named, root), report)
		if r.below != "" {
			r.below += "/"
		}
		return r.run(ctx)
	})
	if lost := out.Flush(); !errors.Is(err, lost) {
		err = errors.Join(err, lost)
	}
	return err
}

// pruneRun is one run of a Prune over one tree.
type pruneRun struct {
	*Prune
	tree   *state.Tree
	root   root
	below  string // what paths of the tree that lie below the root begin with
	report *reporter
	out    *output

	outputs *outputNamer
	again   *absence // for a second look
	stamps  int64
	dropped int
}

func (r *pruneRun) run(ctx context.Context) (err error) {
	if err := r.refuse(); err != nil {
		return err
	}
	if r.again, err = newAbsence(r.root.dir); err != nil {
		return err
	}
	defer r.again.at.Close()
	r.again.certain = r.Force
	err = r.each(ctx)
	r.report.problems(r.tree)
	if r.DryRun {
		return err
	}
	if err := errors.Join(err, r.tree.Sync()); err != nil {
		return err
	}
	r.report.notice(fmt.Errorf("%s: %d of %s dropped", r.root.real, r.dropped, Counted(r.stamps, "stamp")))
	return nil
}

// refuse reports why the tree must not be pruned: its files may be out of reach
// only, and their stamps be needed again.
func (r *pruneRun) refuse() error {
	if err := r.root.refuseFile(); err != nil {
		return err
	}
	if err := r.tree.Writable(); err != nil || r.Force {
		return err
	}
	empty, err := isEmpty(r.root.dir, r.StateDir)
	if err != nil {
		return err
	}
	if empty {
		return &pathError{r.root.real, &OutOfReachError{"empty, perhaps an unmounted disk: nothing is dropped"}}
	}
	if then, now, moved := r.tree.Moved(); moved {
		return &pathError{r.tree.Root(), &OutOfReachError{fmt.Sprintf("on another file system (%s) than when its stamps were made (%s): nothing is dropped (the next commit takes the new one for granted)", now, then)}}
	}
	return nil
}

// each stats the file of every stamp, and drops or prints those that are gone.
func (r *pruneRun) each(ctx context.Context) error {
	err := r.eachGone(ctx, r.stamped, func(found *absent) (err error) {
		r.stamps += int64(found.looked)
		if r.DryRun || len(r.Outputs) > 0 {
			if found.gone, err = r.print(found.gone); err == nil {
				err = r.out.Flush() // nothing but its stamp leads to an output
			}
			if err != nil || r.DryRun {
				return err
			}
		}
		dropped, err := r.drop(found.gone)
		r.dropped += dropped
		return err
	})
	if err != nil || r.DryRun {
		return err
	}
	// What is remembered of the failures on files that are gone is no stamp: these are
	// not counted, and neither their paths nor their outputs are printed.
	return r.eachGone(ctx, r.failed, func(found *absent) error {
		_, err := r.drop(found.gone)
		return err
	})
}

// eachGone calls take with those of some paths that are gone, a number at a time.
func (r *pruneRun) eachGone(ctx context.Context, paths iter.Seq[string], take func(*absent) error) error {
	all := &absences{dir: r.root.dir, certain: r.Force, threads: r.Threads}
	for found, err := range all.of(ctx, paths) {
		for _, warn := range found.warns {
			r.report.once(warn, r.Warn)
		}
		if err == nil {
			err = take(&found)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stamped yields the paths, relative to the root, of stamps.
func (r *pruneRun) stamped(yield func(string) bool) {
	for e := range r.tree.Stamps() {
		if rel, within := r.within(e.Path); within && !yield(rel) {
			return
		}
	}
}

// failed yields the paths of files on which failures are remembered.
func (r *pruneRun) failed(yield func(string) bool) {
	for _, path := range r.tree.Failed() {
		if rel, within := r.within(path); within && !yield(rel) {
			return
		}
	}
}

// within returns a path of the tree relative to the root, and whether it is to be
// looked at.
func (r *pruneRun) within(path string) (rel string, ok bool) {
	rel, ok = strings.CutPrefix(path, r.below)
	return rel, ok && r.Choice.Has(rel)
}

// drop drops what is known of the paths, relative to the root, that are still gone.
func (r *pruneRun) drop(gone []string) (dropped int, err error) {
	if len(gone) == 0 {
		return 0, nil
	}
	r.again.forget()
	for i := range gone {
		gone[i] = r.below + gone[i]
	}
	return r.tree.Prune(gone, func(path string) bool {
		still, err := r.again.gone(path[len(r.below):])
		return still && err == nil
	})
}

// print prints the paths, or their outputs, and returns those that could be.
func (r *pruneRun) print(paths []string) (printed []string, err error) {
	var b []byte
	for _, path := range paths {
		longer, err := r.append(b, path)
		if err != nil {
			r.report.warn(err)
			continue
		}
		b, printed = longer, append(printed, path)
	}
	_, err = r.out.Write(b)
	return printed, err
}

func (r *pruneRun) append(b []byte, path string) (_ []byte, err error) {
	texts := []string{r.root.prefix + path}
	if len(r.Outputs) > 0 {
		dir, name := splitGiven(path)
		at := &location{root: &r.root, rel: strings.TrimSuffix(dir, "/"), tree: r.tree}
		texts = r.outputs.all(filePath{at, name})
	}
	for _, text := range texts {
		start := len(b)
		b = append(b, text...)
		if err := terminate(&b, start, r.OutDelimiter); err != nil {
			return nil, err
		}
	}
	return b, nil
}
