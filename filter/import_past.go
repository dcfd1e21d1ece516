package filter

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"treefilter/store"
)

// past is what treestamps knew of a tree, by path relative to its root.
type past struct {
	times  []store.Time // by number
	number map[string]int32
	met    []bool // by number: it is there
	now    store.Time
}

// gather takes the stamps out of the files that were made under one config. Of
// several for one path the latest counts, as it does for treestamps.
func gather(root root, files []*store.Treestamps, made string, now store.Time) *past {
	n := 0
	for _, f := range files {
		n += len(f.Stamps)
	}
	p := &past{number: make(map[string]int32, n), now: now}
	for _, f := range files {
		if f.Made != made {
			continue
		}
		below, _ := relative(rootOf(f), root)
		for _, e := range f.Stamps {
			p.add(path.Join(below, e.Path), e.Time)
		}
		f.Stamps = nil // there may be millions
	}
	p.met = make([]bool, len(p.times))
	return p
}

func rootOf(f *store.Treestamps) root {
	return root{real: filepath.ToSlash(filepath.Dir(f.File))}
}

// add takes one stamp. One that lies in the future hides nothing, not even a
// file below a directory that has an honest one.
func (p *past) add(rel string, t store.Time) {
	if t.Compare(p.now) > 0 {
		t = store.Time{}
	}
	n, known := p.number[rel]
	if !known {
		p.number[rel] = int32(len(p.times))
		p.times = append(p.times, t)
		return
	}
	if t.Compare(p.times[n]) > 0 {
		p.times[n] = t
	}
}

// at returns the stamp of a path that is there, the zero Time where it has none.
func (p *past) at(rel string) store.Time {
	n, known := p.number[rel]
	if !known {
		return store.Time{}
	}
	p.met[n] = true
	return p.times[n]
}

// gone counts the paths that are not there any more. What lies in a directory
// that is gone is not looked for: of an album there may be thousands.
func (p *past) gone(root root) (n int) {
	isGoneAt := func(rel string) bool {
		_, err := os.Lstat(strings.TrimSuffix(root.real, "/") + "/" + rel)
		return isGone(err)
	}
	dirs := map[string]bool{} // whether they are gone
	for rel, i := range p.number {
		if p.met[i] || rel == "" {
			continue
		}
		dir := path.Dir(rel)
		if _, known := dirs[dir]; !known {
			dirs[dir] = isGoneAt(dir)
		}
		if dirs[dir] || isGoneAt(rel) {
			n++
		}
	}
	return n
}

// sayVoid names the files whose stamps were made under another config than the
// newest.
func (r *importRun) sayVoid(base *store.Treestamps) {
	for _, f := range r.files {
		if f.Made == base.Made || len(f.Stamps) == 0 {
			continue
		}
		why := "made under another config"
		if f.ConfigErr != nil {
			why = f.ConfigErr.Error()
		} else if base.ConfigErr == nil {
			why += " (" + strings.Join(f.Config.Diff(base.Config), ", ") + ")"
		}
		r.report.notice(&pathError{f.File, fmt.Errorf("%s: %s void", why, Counted(len(f.Stamps), "stamp"))})
	}
}
