package filter

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"treefilter/store/state"
	"treefilter/store/treestamps"
	"treefilter/walk"
)

// Import takes over what the Python package treestamps wrote. Its stamps are
// times of the clock, and one of a directory speaks for all below it: each file
// whose mtime is not newer than such a time gets a stamp of ours, its mtime.
type Import struct {
	Options
	// From is the program of the files to read; empty means Program.
	From string
	// Choice is which files are looked at. Nothing is read in a directory that it excludes.
	Choice *walk.Choice
	// Follow follows symbolic links met in a walk.
	Follow bool
}

// Run imports into the tree of every root, or of the current directory. Nothing
// is written unless it can be for all of them that can be read. The files that
// it reads stay as they are.
func (i *Import) Run(ctx context.Context) (err error) {
	paths := i.Roots
	if len(paths) == 0 {
		paths = []string{"."}
	}
	roots, lost, err := parseRoots(paths)
	if err != nil {
		return err
	}
	var runs []*importRun
	defer func() {
		for _, r := range runs {
			err = errors.Join(err, r.destinations.grove.Close())
		}
		err = errors.Join(err, lost.err())
	}()
	var errs []error
	for k, at := range walkRoots(roots) {
		r, err := i.prepare(ctx, roots[k], at)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		runs = append(runs, r)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, r := range runs {
		if err := r.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// prepare reads what there is to import below a root, and refuses where it cannot
// be. Nothing is written yet.
func (i *Import) prepare(ctx context.Context, root root, at walk.Root) (*importRun, error) {
	report := newReporter(&i.Options, damageOnly)
	files, err := i.find(ctx, root, at, report)
	if err != nil {
		return nil, err
	}
	if i.StateDir == "" && i.from() == i.program() {
		return nil, &ImportError{
			fmt.Errorf("%s: is where the stamps would have to be written, and stays untouched", files[0].Path),
			root.dir, []string{i.from()},
		}
	}
	newest, err := newest(root, files)
	if err != nil {
		return nil, err
	}
	opt := i.Options
	if opt.Config, err = i.config(newest); err != nil {
		return nil, err
	}
	opt.ConfigGiven = true
	g, err := opt.openGrove([]string{root.dir})
	if err != nil {
		return nil, err
	}
	r := &importRun{
		recorder: newRecorder(&opt, Recording{}, g, report),
		root:     root,
		at:       at,
		walk:     i.walk(state.IsStateName),
		files:    files,
		newest:   newest,
		past:     gather(root, files, newest.Made, present()),
	}
	if i.ConfigGiven && newest.ConfigErr == nil {
		if changes := r.tree().Diff(newest.Config); len(changes) > 0 {
			i.Notice(fmt.Errorf("%s: recorded under the given config (%s)", root.real, strings.Join(changes, ", ")))
		}
	}
	if _, err = r.destinations.of(r.tree()); err == nil {
		err = r.refuse(r.tree())
	}
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return r, nil
}

func (i *Import) walk(mark func(name string) bool) walk.Options {
	return walk.Options{Workers: i.Threads, Choice: i.Choice, Follow: i.Follow, Mark: mark}
}

// from is the program of the files to read.
func (i *Import) from() string {
	if i.From != "" {
		return i.From
	}
	return i.program()
}

func (i *Import) program() string {
	if i.Program != "" {
		return i.Program
	}
	return state.DefaultProgram
}

// config is what the stamps are recorded under: what the user says, else what
// treestamps says.
func (i *Import) config(newest *treestamps.File) (state.Config, error) {
	switch {
	case i.ConfigGiven:
		return i.Config, nil
	case newest.ConfigErr != nil:
		return i.Config, &pathError{newest.Path, fmt.Errorf("%w: %w", ErrConfigUnknown, newest.ConfigErr)}
	}
	return newest.Config, nil
}

// refuse returns why nothing can be imported into a tree: what is lost of its
// state may have said that the work on a file failed, and its own stamps would be
// void for a new config.
func (r *importRun) refuse(t *state.Tree) error {
	if len(t.Problems()) > 0 {
		r.report.problems(t)
		return &DamageError{Err: &pathError{t.Root(), errors.New("not imported: part of its state cannot be read")}}
	}
	if changes, changed := configChanges(t); changed {
		return &pathError{t.Root(), fmt.Errorf("has stamps of its own, made under another config (%s)", strings.Join(changes, ", "))}
	}
	return nil
}
