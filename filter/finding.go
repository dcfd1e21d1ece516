package filter

import "treefilter/store"

// finding is what was found out about one file.
type finding struct {
	filePath
	Evidence
	Reason
	recorded *store.Digest // with the stamp; only where the content must tell
	before   *statBefore   // its content was read; only for a refresh
}

// filePath is the path of a file, and where that is.
type filePath struct {
	*location
	name string // how the path ends
}

// location is a directory of files: how their paths spell it, and the tree that they
// belong to.
type location struct {
	prefix string      // what the paths begin with, as they are printed
	dir    string      // absolute; see store.Grove.Locate
	tree   *store.Tree // nil for none
	err    error       // why there is none
}

// path is how the file is printed.
func (p filePath) path() string { return p.prefix + p.name }

// judge judges a file of the directory that stamps has entered, and notes what it
// finds in f.
func (f *finding) judge(d Detect, stamps *stampReader, name string, mtime, target store.Time) {
	f.Mtime, f.Target = mtime, target
	f.Standing, f.Stamp = stamps.standing(name)
	if f.Reason = Judge(d, &f.Evidence); f.Reason == Touched {
		f.recorded = stamps.reader.Digest(name)
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
