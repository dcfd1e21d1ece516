package walk

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// lister is a visitor that knows the names in each directory, whether they are there
// or not.
type lister struct {
	VisitFunc
	names map[string]string // by Rel; those of subdirectories end in a slash
}

func (l lister) List(d *Dir, opened *Info) (subs, others []string, ok bool) {
	names, ok := l.names[d.Rel]
	for name := range strings.FieldsSeq(names) {
		if sub, isDir := strings.CutSuffix(name, "/"); isDir {
			subs = append(subs, sub)
		} else {
			others = append(others, name)
		}
	}
	return subs, others, ok && opened.IsDir
}

// walkListed walks a root by lists.
func walkListed(t *testing.T, root string, opt Options, names map[string]string) outcome {
	t.Helper()
	var o outcome
	o.err = Walk(t.Context(), []Root{{Path: root}}, opt, lister{o.list, names}, o.report)
	for i := range o.paths {
		o.paths[i] = strings.TrimPrefix(o.paths[i], "0:")
	}
	return o
}

func TestListedDirectoryIsNotRead(t *testing.T) {
	root := makeTree(t, "a", "unlisted", "d/b", "d/unlisted", "e/c", "link -> d")
	walkListed(t, root, Options{}, map[string]string{"": "d/ e/ a", "d": "b"}).expect(t, []string{"a", "d/b", "e/c"})
	walkListed(t, root, Options{Follow: true}, map[string]string{"": "d/", "d": "b"}).
		expect(t, []string{"a", "unlisted", "d/b", "d/unlisted", "e/c", "link/b", "link/unlisted"})
}

// What a name is, and whether it is passed over, is found out as ever.
func TestListedNamesAreLookedAt(t *testing.T) {
	root := makeTree(t, "dir/a", "link -> dir", "b", "mark", "x.tmp", "y.tmp/c", "z/d")
	opt := Options{Mark: func(name string) bool { return name == "mark" }}
	opt.Choice, _ = ParseChoice(Patterns{Exclude: []string{"*.tmp"}})
	var marks []string
	o := walkListed(t, root, opt, map[string]string{"": "y.tmp/ z/ b dir link mark x.tmp"})
	o.expect(t, []string{"b", "dir/a", "z/d"})
	err := Walk(t.Context(), []Root{{Path: root}}, opt, lister{func(d *Dir) {
		if d.Rel == "" {
			marks = slices.Clone(d.Marks)
		}
	}, map[string]string{"": "mark"}}, o.report)
	if err != nil || !slices.Equal(marks, []string{"mark"}) {
		t.Errorf("marks %q, %v", marks, err)
	}
}

// Where one of the names is not there the list is not of now.
func TestWrongListIsNotBelieved(t *testing.T) {
	root := makeTree(t, "a", "b", "d/c")
	walkListed(t, root, Options{}, map[string]string{"": "a gone"}).expect(t, []string{"a", "b", "d/c"})
}

// Nor where that shows only after the first of it was visited; a file that was removed
// meanwhile shows nothing.
func TestWrongListOfALargeDirectory(t *testing.T) {
	sameParts(t)
	for _, removed := range []bool{false, true} {
		root := makeTree(t, "d/", "d/zz")
		var names strings.Builder
		for i := range partSize {
			name := fmt.Sprintf("%04d", i)
			must(t, os.WriteFile(root+"/d/"+name, nil, 0o644))
			names.WriteString(name + " ")
		}
		w, dir, f := openedDir(t, root, func(*Dir) {})
		dir.visitor = lister{dir.visitor.(VisitFunc), map[string]string{w.dir.Rel: names.String() + "zz"}}
		if !removed {
			must(t, os.Remove(root+"/d/zz"))
			w.opened, _ = w.sys.inspect(f)
		}
		r := w.firstPart(dir, f)
		must(t, errors.Join(r.out.errs...))
		if removed {
			must(t, os.Remove(root+"/d/zz"))
		}
		dir.large = r.large
		last := w.do(piece{dir: dir, part: 1, names: r.rest})
		if wrong := errors.Is(errors.Join(last.out.errs...), errWrongList); wrong == removed {
			t.Errorf("removed %v: %v", removed, last.out.errs)
		}
	}
}

// As in TestExchangedDirectoryIsReadAgain: there is work at all times.
func TestExchangedListedDirectory(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{"a", "b", "b"},
		{"x/f", "y/f", "y"},
		{"x/f", "x/f y/f", "x y"},
	} {
		root := makeTree(t, "d/", "other/")
		for dir, names := range map[string]string{"d": c.before, "other": c.after} {
			for name := range strings.FieldsSeq(names) {
				path := root + "/" + dir + "/" + name
				must(t, os.MkdirAll(path[:strings.LastIndexByte(path, '/')], 0o755))
				must(t, os.WriteFile(path, nil, 0o644))
			}
		}
		var got []string
		w, dir, f := openedDir(t, root, func(d *Dir) {
			for _, f := range d.Files {
				got = append(got, f.Name)
			}
		})
		sub, isDir := strings.CutSuffix(c.before, "/f")
		if isDir {
			sub += "/"
		}
		dir.visitor = lister{dir.visitor.(VisitFunc), map[string]string{w.dir.Rel: sub}}
		exchange(t, root+"/d", root+"/other")
		must(t, os.RemoveAll(root+"/other"))
		r := w.firstPart(dir, f)
		if got = append(got, r.subs...); strings.Join(got, " ") != c.want || r.out.errs != nil {
			t.Errorf("%q exchanged for %q: %q, %v", c.before, c.after, got, r.out.errs)
		}
	}
}
