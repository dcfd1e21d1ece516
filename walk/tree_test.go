package walk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// makeTree makes files, directories ("d/") and symlinks ("l -> target") below a
// new directory.
func makeTree(t testing.TB, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range names {
		link, target, isLink := strings.Cut(name, " -> ")
		path := filepath.Join(root, link)
		dir := filepath.Dir(path)
		if strings.HasSuffix(name, "/") {
			dir = path
		}
		must(t, os.MkdirAll(dir, 0o755))
		switch {
		case isLink:
			must(t, os.Symlink(target, path))
		case dir != path:
			must(t, os.WriteFile(path, nil, 0o644))
		}
	}
	return root
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// outcome is what a walk has emitted, in order.
type outcome struct {
	paths []string
	errs  []string // "op path", for errors that name both
	err   error
}

func (o *outcome) report(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		o.errs = append(o.errs, pe.Op+" "+pe.Path)
	} else {
		o.errs = append(o.errs, err.Error())
	}
	return nil
}

// list takes a directory's files as paths, each with its root's index.
func (o *outcome) list(d *Dir) {
	var paths []string
	for _, f := range d.Files {
		paths = append(paths, fmt.Sprintf("%d:%s", d.Root, join(d.Rel, f.Name)))
	}
	d.Then(0, func() error {
		o.paths = append(o.paths, paths...)
		return nil
	})
}

// walkAll walks and lists everything.
func walkAll(roots []Root, opt Options) outcome {
	var o outcome
	o.err = Walk(context.Background(), roots, opt, VisitFunc(o.list), o.report)
	return o
}

// walkTree walks one root, and returns its paths without the root's index.
func walkTree(root string, opt Options) outcome {
	o := walkAll([]Root{{Path: root}}, opt)
	for i := range o.paths {
		o.paths[i] = strings.TrimPrefix(o.paths[i], "0:")
	}
	for i := range o.errs {
		o.errs[i] = strings.ReplaceAll(o.errs[i], root, "ROOT")
	}
	return o
}

// expect compares a walk's outcome with the paths and errors wanted.
func (o outcome) expect(t *testing.T, paths []string, errs ...string) {
	t.Helper()
	if o.err != nil {
		t.Errorf("walk: %v", o.err)
	}
	if !slices.Equal(o.paths, paths) {
		t.Errorf("paths:\n got %q\nwant %q", o.paths, paths)
	}
	if !slices.Equal(o.errs, errs) {
		t.Errorf("errors:\n got %q\nwant %q", o.errs, errs)
	}
}
