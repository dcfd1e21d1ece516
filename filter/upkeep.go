package filter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"treefilter/store/state"
)

// Dump folds WALs into snapshots.
type Dump struct {
	Options
	// Repair moves a snapshot that cannot be read aside, and goes on.
	Repair bool
	// NoListings gives up what is remembered of the names in directories.
	NoListings bool
}

// Run dumps the tree of every root. The stamps of configs other than the newest
// are dropped, unless NoCheckConfig lets all of them count: the user who asks for a dump
// wants one small file.
func (d *Dump) Run(ctx context.Context) error {
	return d.eachRoot(ctx, func(t *state.Tree, _ root, r *reporter) error {
		if !d.NoListings {
			if err := t.Relist(ctx); err != nil {
				return err
			}
		}
		done, err := d.dump(ctx, t)
		if err != nil {
			return err
		}
		r.problems(t) // what the dump had to pass over
		for _, o := range done.Dropped {
			r.notice(fmt.Errorf("%s: %s made under another config dropped (%s)", t.Root(), Counted(o.Stamps, "stamp"), o.Config.Describe()))
		}
		return nil
	})
}

// dump waits, half a minute at most, for this machine to forget a dump on another one that
// is over: the caches of sshfs last 20 seconds.
func (d *Dump) dump(ctx context.Context, t *state.Tree) (done state.Dumped, err error) {
	for range 60 {
		done, err = t.Dump(state.DumpOptions{Repair: d.Repair, NewestOnly: !d.NoCheckConfig, NoListings: d.NoListings})
		if dumping := (*state.DumpingError)(nil); !errors.As(err, &dumping) || !dumping.Remembered() {
			return done, err
		}
		select {
		case <-ctx.Done():
			return done, ctx.Err()
		case <-time.After(time.Second / 2):
		}
	}
	return done, err
}

// Discard throws WALs away.
type Discard struct {
	Options
}

// Run discards the WAL of every root. A root within a tree is refused: the WAL is
// that of the whole tree.
func (d *Discard) Run(ctx context.Context) error {
	return d.eachRoot(ctx, func(t *state.Tree, at root, r *reporter) error {
		if err := at.refuseFile(); err != nil {
			return err
		}
		if at.real != t.Root() {
			return &pathError{at.real, fmt.Errorf("belongs to the tree %s: name that", t.Root())}
		}
		discarded, err := t.Discard()
		if err != nil || discarded {
			return err
		}
		last := "it was never dumped"
		if f := t.Facts(); f.HasSnapshot {
			last = "last dumped " + time.Unix(f.Dumped.Sec, 0).Format(time.DateTime)
		}
		r.notice(fmt.Errorf("%s: nothing to discard (%s)", t.Root(), last))
		return nil
	})
}

// eachRoot runs do on every root, or on the current directory, with the tree that
// it belongs to. An error in one does not keep the others from their turn.
func (o *Options) eachRoot(ctx context.Context, do func(*state.Tree, root, *reporter) error) (err error) {
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
	report := newReporter(o, allNews)
	var errs []error
	for _, at := range roots {
		if ctx.Err() != nil {
			errs = append(errs, ctx.Err())
			break
		}
		t, err := g.TreeOf(at.real, nil)
		if err == nil {
			err = do(t, at, report)
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, g.Close(), lost.err())...)
}
