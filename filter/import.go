package filter

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"treefilter/store"
	"treefilter/walk"
)

// Import takes over what the Python package treestamps wrote. Its stamps are
// times of the clock, and one of a directory speaks for all below it: each file
// whose mtime is not newer than such a time gets a stamp of ours, its mtime.
type Import struct {
	Options
	// From is the program of the files to read; empty means Program.
	From string
	// Follow follows symbolic links met in a walk.
	Follow bool
}

// Run imports into the tree of every root, or of the current directory. Nothing
// is written unless it can be for all of them that can be read. The files that it reads stay as
// they are.
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
	var errs []error
	defer func() {
		err = errors.Join(err, lost.err())
		for _, r := range runs {
			err = errors.Join(err, r.targets.grove.Close())
		}
	}()
	for k, at := range walkRoots(roots) {
		r, err := i.prepare(ctx, roots[k], at)
		if r != nil {
			runs = append(runs, r)
		}
		errs = append(errs, err)
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
	return store.DefaultProgram
}

// prepare reads what there is to import below a root, and tells why it cannot
// be. Nothing is written yet.
func (i *Import) prepare(ctx context.Context, root root, at walk.Root) (*importRun, error) {
	report := newReporter(&i.Options, damageOnly)
	found, err := i.find(ctx, root, at, report)
	if err != nil {
		return nil, err
	}
	if i.StateDir == "" && i.from() == i.program() {
		return nil, &hintError{
			fmt.Errorf("%s: is where the stamps would have to be written, and stays untouched", found[0].File),
			importLine(i.from(), root.dir) + " writes other files",
		}
	}
	base, err := newest(root, found)
	if err != nil {
		return nil, err
	}
	opt := i.Options
	if opt.Config, err = i.config(root, base); err != nil {
		return nil, err
	}
	opt.ConfigGiven = true
	g, err := opt.openGrove([]string{root.dir})
	if err != nil {
		return nil, err
	}
	r := &importRun{
		Import:   i,
		root:     root,
		at:       at,
		base:     base,
		files:    found,
		past:     gather(root, found, base.Made, present()),
		recorder: newRecorder(&opt, Recording{}, g, report),
	}
	for _, t := range g.Roots() {
		if err := otherConfig(t); err != nil {
			return r, err
		}
		if _, err := r.targets.of(t); err != nil {
			return r, err
		}
	}
	return r, nil
}

// config is what the stamps are recorded under: what the user says, else what
// treestamps says.
func (i *Import) config(root root, base *store.Treestamps) (store.Config, error) {
	switch {
	case i.ConfigGiven && base.ConfigErr == nil:
		given, err := i.Config.WithDependencies(root.real, i.Depends)
		if err != nil {
			return given, &pathError{root.real, err}
		}
		if changes := base.Config.Diff(given); len(changes) > 0 {
			i.Notice(fmt.Errorf("%s: recorded under the given config (%s)", root.real, strings.Join(changes, ", ")))
		}
		return i.Config, nil
	case i.ConfigGiven:
		return i.Config, nil
	case base.ConfigErr != nil:
		return i.Config, &hintError{
			&pathError{base.File, fmt.Errorf("the config of its stamps is not known: %w", base.ConfigErr)},
			"-c or --config-file gives it, --empty-config says that there is none",
		}
	}
	return base.Config, nil
}

// otherConfig refuses a tree whose own stamps would be void for its new config.
func otherConfig(t *store.Tree) error {
	stored, any := t.Stored()
	if !any || stored.Hash() == t.Config().Hash() {
		return nil
	}
	return &pathError{t.Root(), fmt.Errorf("has stamps of its own, made under another config (%s)",
		strings.Join(stored.Diff(t.Config()), ", "))}
}

// find reads the files of treestamps in a root and below it. One that cannot be
// read costs its own stamps, as long as there is another.
func (i *Import) find(ctx context.Context, root root, at walk.Root, report *reporter) (found []*store.Treestamps, err error) {
	dirs, err := i.holders(ctx, root, at)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, dir := range dirs {
		files, err := store.ReadTreestamps(dir, i.from())
		found = append(found, files...)
		if err != nil {
			errs = append(errs, err)
		}
	}
	if len(found) == 0 {
		return nil, errors.Join(append(errs, i.nothing(root))...)
	}
	for _, err := range errs {
		report.warn(err)
	}
	return found, nil
}

// holders returns the directories, the root first, that hold files of the
// program. Of a root that is a file, only its own directory speaks.
func (i *Import) holders(ctx context.Context, root root, at walk.Root) ([]string, error) {
	if root.only != "" {
		return []string{root.real}, nil
	}
	opt := walk.Options{Follow: i.Follow, Mark: func(name string) bool { return store.ProgramOf(name) == i.from() }}
	dirs := []string{root.real}
	err := walk.Walk(ctx, []walk.Root{at}, opt, walk.VisitFunc(func(d *walk.Dir) {
		if d.Rel != "" && d.Part == 0 && len(d.Marks) > 0 {
			dir := strings.TrimSuffix(root.real, "/") + "/" + d.Rel
			d.Then(len(dir), func() error {
				dirs = append(dirs, dir)
				return nil
			})
		}
	}), func(error) error { return nil }) // the walk over the files reports it
	return dirs, err
}

// nothing says that there is nothing to import, and what may have been meant.
func (i *Import) nothing(root root) error {
	err := &pathError{root.real, fmt.Errorf("no files of the Python package treestamps for the program %s", i.from())}
	programs := store.TreestampsPrograms(root.real)
	switch {
	case len(programs) == 1 && !slices.Contains(programs, i.from()):
		return &hintError{err, importLine(programs[0], root.dir)}
	case len(programs) > 1:
		return &hintError{err, "--from one of " + strings.Join(programs, ", ")}
	}
	for dir := filepath.Dir(root.real); ; dir = filepath.Dir(dir) {
		if slices.Contains(store.TreestampsPrograms(dir), i.from()) {
			return &hintError{err, importLine(i.from(), dir) + " reads those further up"}
		}
		if dir == filepath.Dir(dir) {
			return err
		}
	}
}

// newest returns the file whose config counts: that of the root's WAL, which is
// younger than its snapshot; without files in the root, that of all the others.
func newest(root root, found []*store.Treestamps) (*store.Treestamps, error) {
	var own []*store.Treestamps
	for _, f := range found {
		if filepath.ToSlash(filepath.Dir(f.File)) == root.real {
			own = append(own, f)
		}
	}
	for _, f := range slices.Backward(own) {
		if f.Made != "" {
			return f, nil
		}
	}
	if len(own) > 0 {
		return own[0], nil
	}
	for _, f := range found {
		if f.Made != found[0].Made {
			return nil, &hintError{
				&pathError{root.real, fmt.Errorf("the files below it were made under several configs, that of %s and that of %s", found[0].File, f.File)},
				"import each of their directories by itself",
			}
		}
	}
	return found[0], nil
}
