package filter

import (
	"treefilter/store/rule"
	"treefilter/store/state"
)

// finding is what was found out about one file.
type finding struct {
	filePath
	rule.Evidence
	rule.Reason
	recorded *state.Digest // with the stamp or the failure; only where the content must decide
	before   *statBefore   // its content was read; only for a refresh
}

// judge judges a file of the directory that stamps has entered, and notes what it
// finds in f.
func (f *finding) judge(d rule.Detect, stamps *stampReader, name string, mtime, target state.Time) {
	f.Mtime, f.Target, f.NoOutput = mtime, target, false
	f.Standing, f.Stamp = stamps.standing(name)
	f.Failure = nil
	if f.Standing == state.Dropped {
		f.Failure = stamps.reader.Failure(name)
	}
	switch f.Reason = rule.Judge(d, &f.Evidence); {
	case f.Reason != rule.Touched:
	case f.Failure != nil:
		f.recorded = f.Failure.File.Digest
	default:
		f.recorded = stamps.reader.Digest(name)
	}
}

// statBefore is how a file was before its content was read.
type statBefore struct {
	file
	settled bool
}
