package filter

import (
	"context"
	"errors"
	"slices"

	"treefilter/store"
)

// Dump folds WALs into snapshots.
type Dump struct {
	Options
	// Repair moves a snapshot that cannot be read aside, and goes on.
	Repair bool
}

// Run dumps the tree of every root.
func (d *Dump) Run(ctx context.Context) error {
	return d.eachTree(ctx, func(t *store.Tree, _ root, r *reporter) error {
		if _, err := t.Dump(d.Repair); err != nil {
			return err
		}
		r.problems(t) // what the dump had to pass over
		return nil
	})
}

// Discard throws WALs away.
type Discard struct {
	Options
}

// Run discards the WAL of every root.
func (d *Discard) Run(ctx context.Context) error {
	return d.eachTree(ctx, func(t *store.Tree, r root, _ *reporter) error {
		if err := r.refuseFile(); err != nil {
			return err
		}
		return t.Discard()
	})
}

// eachTree runs do on the tree of every root, or of the current directory, with
// the first root that named it. An error in one tree does not keep the others
// from their turn.
func (o *Options) eachTree(ctx context.Context, do func(*store.Tree, root, *reporter) error) (err error) {
	paths := o.Roots
	if len(paths) == 0 {
		paths = []string{"."}
	}
	roots, lost, err := parseRoots(paths)
	if err != nil {
		return err
	}
	g, err := o.openGrove(dirs(roots))
	if err != nil {
		return err
	}
	report := newReporter(o)
	var errs []error
	for _, t := range g.Roots() {
		if ctx.Err() != nil {
			errs = append(errs, ctx.Err())
			break
		}
		named := slices.IndexFunc(roots, func(r root) bool { return r.real == t.Root() })
		errs = append(errs, do(t, roots[named], report))
	}
	return errors.Join(append(errs, g.Close(), lost.err())...)
}
