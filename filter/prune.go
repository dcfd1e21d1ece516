package filter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

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
	workers []*absence
	batch   []string // paths relative to the root, to be statted
	stamps  int64
	dropped int
}

func (r *pruneRun) run(ctx context.Context) (err error) {
	if err := r.refuse(); err != nil {
		return err
	}
	for range parallel() {
		a, err := newAbsence(r.root.dir)
		if err != nil {
			return err
		}
		a.certain = r.Force
		defer a.at.Close()
		r.workers = append(r.workers, a)
	}
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

// share is how many paths a worker stats in one go.
const share = 1024

// each stats the file of every stamp, many at a time.
func (r *pruneRun) each(ctx context.Context) error {
	for e := range r.tree.Stamps() {
		rel, within := strings.CutPrefix(e.Path, r.below)
		if !within || !r.Choice.Has(rel) {
			continue
		}
		r.stamps++
		r.batch = append(r.batch, rel)
		if len(r.batch) < share*len(r.workers) {
			continue
		}
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	if err := r.flush(ctx); err != nil || r.DryRun {
		return err
	}
	return r.failed(ctx)
}

// failed prunes what is remembered of the failures on files that are gone. They are no
// stamps: they are not counted, and neither their paths nor their outputs are printed.
func (r *pruneRun) failed(ctx context.Context) error {
	for _, path := range r.tree.Failed() {
		if rel, within := strings.CutPrefix(path, r.below); within && r.Choice.Has(rel) {
			r.batch = append(r.batch, rel)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	_, err := r.drop(r.stat())
	return err
}

// flush stats the paths of a batch, and drops or prints those that are gone.
func (r *pruneRun) flush(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	gone := r.stat()
	r.batch = r.batch[:0]
	if r.DryRun || len(r.Outputs) > 0 {
		var err error
		if gone, err = r.print(gone); err == nil {
			err = r.out.Flush() // nothing but its stamp leads to an output
		}
		if err != nil || r.DryRun {
			return err
		}
	}
	dropped, err := r.drop(gone)
	r.dropped += dropped
	return err
}

// drop drops what is known of the paths, relative to the root, that are still gone.
func (r *pruneRun) drop(gone []string) (dropped int, err error) {
	if len(gone) == 0 {
		return 0, nil
	}
	again := r.workers[0]
	again.forget()
	for i := range gone {
		gone[i] = r.below + gone[i]
	}
	return r.tree.Prune(gone, func(path string) bool {
		still, err := again.gone(path[len(r.below):])
		return still && err == nil
	})
}

// stat returns the paths that are gone, in their order.
func (r *pruneRun) stat() (gone []string) {
	type found struct {
		gone  []string
		warns []error
	}
	all := make([]found, len(r.workers))
	var wait sync.WaitGroup
	each := (len(r.batch) + len(all) - 1) / len(all)
	for i, a := range r.workers {
		part := r.batch[min(i*each, len(r.batch)):min((i+1)*each, len(r.batch))]
		wait.Go(func() {
			for _, path := range part {
				is, err := a.gone(path)
				if is {
					all[i].gone = append(all[i].gone, path)
				}
				if n := len(all[i].warns); err != nil && (n == 0 || all[i].warns[n-1] != err) {
					all[i].warns = append(all[i].warns, err)
				}
			}
		})
	}
	wait.Wait()
	for _, f := range all {
		for _, err := range f.warns {
			r.report.once(err, r.Warn)
		}
		gone = slices.Concat(gone, f.gone)
	}
	return gone
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
