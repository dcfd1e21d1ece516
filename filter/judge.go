package filter

import "treefilter/store"

// Reason is why a file is emitted, or is not.
type Reason int

// The reasons, those that emit a file first.
const (
	NoStamp     Reason = iota // never processed, or its stamp is void
	Newer                     // modified after its stamp
	FutureStamp               // the stamp lies in the future and is not the mtime
	Unchanged                 // not newer than its stamp
)

// NeedsWork tells whether a file is emitted for this reason.
func (r Reason) NeedsWork() bool { return r != Unchanged }

// Judge applies the rule to a file: it needs work when it has no stamp, or when
// its mtime is newer than its stamp (see store.Stamp.Covers).
func Judge(stamp store.Time, stamped bool, mtime, now store.Time) Reason {
	switch {
	case !stamped:
		return NoStamp
	case store.Stamp{Time: stamp}.Covers(mtime, now):
		return Unchanged
	case mtime.Compare(stamp) > 0:
		return Newer
	}
	return FutureStamp
}
