package filter

import (
	"context"

	"treefilter/store"
)

// finding is what was found out about one file.
type finding struct {
	prefix, rel, name string // together the path as it is printed
	Evidence
	Reason
	recorded *store.Digest // with the stamp; only where the content must tell
	before   *lookBefore   // its content was read; only for a refresh
	tree     *store.Tree   // that it belongs to
}

// path is how the file is printed.
func (f *finding) path() string { return string(f.appendPath(nil)) }

func (f *finding) appendPath(b []byte) []byte {
	b = append(b, f.prefix...)
	if f.rel != "" {
		b = append(append(b, f.rel...), '/')
	}
	return append(b, f.name...)
}

// judge judges a file of the directory that look has entered, and notes what it
// finds in f.
func (r *filterRun) judge(look *lookup, f *finding, name string, mtime, target store.Time) {
	f.tree = look.tree()
	f.Mtime, f.Target, f.Now = mtime, target, r.now
	f.Standing, f.Stamp = look.standing(name)
	if f.Reason = Judge(r.Detect, &f.Evidence); f.Reason == Touched {
		f.recorded = look.reader.Digest(name)
	}
}

// targetTime is a link target's mtime, zero where that is the mtime itself: where
// the file is no link, or the link is the older one.
func targetTime(mtime store.Time, sec int64, nsec int32) store.Time {
	if target := (store.Time{Sec: sec, Nsec: nsec}); target != mtime {
		return target
	}
	return store.Time{}
}

// read makes the content of the files tell that were only touched, as far as
// is known by then.
func (r *filterRun) read(ctx context.Context, found []finding) (warns []error) {
	var touched []*finding
	for i := range found {
		if found[i].Reason == Touched {
			touched = append(touched, &found[i])
		}
	}
	if len(touched) == 0 {
		return nil
	}
	errs := make([]error, len(touched))
	r.readers.each(len(touched), func(i int) {
		f := touched[i]
		path := f.path()
		if r.refresh != nil {
			f.before = r.refresh.look(path)
		}
		f.Content, errs[i] = compare(ctx, path, f.recorded)
		f.Reason = Judge(r.Detect, &f.Evidence)
	})
	for _, err := range errs {
		if err != nil && ctx.Err() == nil {
			warns = append(warns, err)
		}
	}
	if r.refresh != nil {
		r.refresh.stamp(touched)
	}
	return warns
}
