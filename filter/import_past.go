package filter

import (
	"os"
	"path"
	"path/filepath"
	"strings"

	"treefilter/store/rule"
	"treefilter/store/state"
	"treefilter/store/treestamps"
	"treefilter/walk"
)

// past is what treestamps knew of a tree, by path relative to its root.
type past struct {
	stamps map[string]*pastStamp
	now    state.Time
}

type pastStamp struct {
	time state.Time // zero is none that counts
	met  bool       // the path is there
}

// gather takes the stamps out of the files that were made under one config. Of
// several for one path the latest counts, as it does for treestamps.
func gather(root root, files []*treestamps.File, made string, now state.Time) *past {
	n := 0
	for _, f := range files {
		n += len(f.Stamps)
	}
	p := &past{stamps: make(map[string]*pastStamp, n), now: now}
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
	return p
}

func rootOf(f *treestamps.File) root {
	return root{real: filepath.ToSlash(filepath.Dir(f.Path))}
}

// add takes one stamp. One that lies in the future hides nothing, not even a
// file below a directory that has an honest one.
func (p *past) add(rel string, t state.Time) {
	s := p.stamps[rel]
	if s == nil {
		s = &pastStamp{}
		p.stamps[rel] = s
	}
	if t.Compare(s.time) > 0 && t.Compare(p.now) <= 0 {
		s.time = t
	}
}

// latest returns the later one of the stamp of a path that is there and of one
// further up.
func (p *past) latest(rel string, above state.Time) state.Time {
	if t := p.at(rel); t.Compare(above) > 0 {
		return t
	}
	return above
}

// covers reports whether a stamp of treestamps covers an mtime.
func (p *past) covers(until, mtime state.Time) bool {
	e := rule.Evidence{Stamp: state.Stamp{Time: until}, Mtime: mtime, Now: p.now}
	if until != (state.Time{}) {
		e.Standing = state.Stamped
	}
	return !rule.Judge(rule.DetectNewer, &e).NeedsWork()
}

// at returns the stamp of a path that is there, the zero Time where it has none.
func (p *past) at(rel string) state.Time {
	s := p.stamps[rel]
	if s == nil {
		return state.Time{}
	}
	s.met = true
	return s.time
}

// gone counts the paths that are not there any more. What lies in a directory
// that is gone is not looked for: of an album there may be thousands.
func (p *past) gone(root root, choice *walk.Choice) (n int) {
	isGoneAt := func(rel string) bool {
		_, err := os.Lstat(strings.TrimSuffix(root.real, "/") + "/" + rel)
		return isGone(err)
	}
	dirs := map[string]bool{} // whether they are gone
	for rel, s := range p.stamps {
		if s.met || rel == "" || !choice.Has(rel) {
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
