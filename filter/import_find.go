package filter

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"treefilter/store/state"
	"treefilter/store/treestamps"
	"treefilter/walk"
)

// find reads the files of treestamps in a root and below it. One that cannot be
// read costs its own stamps, as long as there is another.
func (i *Import) find(ctx context.Context, root root, at walk.Root, report *reporter) (found []*treestamps.File, err error) {
	dirs, err := i.holders(ctx, root, at)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, dir := range dirs {
		files, err := treestamps.Read(dir, i.from())
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
	opt := i.walk(func(name string) bool { return state.ProgramOf(name) == i.from() })
	dirs := []string{root.real}
	err := walk.Walk(ctx, []walk.Root{at}, opt, walk.VisitFunc(func(d *walk.Dir) {
		if d.Rel != "" && d.Part == 0 && len(d.Marks) > 0 {
			dir := root.join(d.Rel)
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
	programs := treestamps.Programs(root.real)
	if len(programs) > 1 || len(programs) == 1 && programs[0] != i.from() {
		return &ImportError{err, root.dir, programs}
	}
	for dir := filepath.Dir(root.real); ; dir = filepath.Dir(dir) {
		if slices.Contains(treestamps.Programs(dir), i.from()) {
			return &ImportError{err, dir, []string{i.from()}}
		}
		if dir == filepath.Dir(dir) {
			return err
		}
	}
}

// newest returns the file whose config counts: that of the root's WAL, which is
// younger than its snapshot; without files in the root, that of all the others.
func newest(root root, found []*treestamps.File) (*treestamps.File, error) {
	var own []*treestamps.File
	for _, f := range found {
		if filepath.ToSlash(filepath.Dir(f.Path)) == root.real {
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
			return nil, &pathError{root.real, fmt.Errorf("the files below it were made under several configs, that of %s and that of %s: import each of their directories by itself", found[0].Path, f.Path)}
		}
	}
	return found[0], nil
}
