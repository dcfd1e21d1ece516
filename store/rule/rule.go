// Package rule decides whether a file needs work, from what is known of it. It is
// asked by every command and by the Go API, and its table test is the specification.
package rule

import "treefilter/store/internal/format"

// Detect says how a file that has a stamp is judged.
type Detect int

// The values of --detect.
const (
	DetectNewer   Detect = iota // its mtime is newer than its stamp
	DetectDiffers               // its mtime is not its stamp
	DetectContent               // nor is its content what was recorded
)

var detects = [...]string{
	DetectNewer:   "newer",
	DetectDiffers: "differs",
	DetectContent: "content",
}

func (d Detect) String() string { return detects[d] }

// Content is what reading a file's content has shown.
type Content int

const (
	NotRead      Content = iota
	SameContent          // its digest is the recorded one
	OtherContent         // it is not
	NoDigest             // none was recorded to compare with
	Unreadable           // that is unknown
)

// Evidence is what a judgement rests on.
type Evidence struct {
	// Standing is what the tree says of the file. Unless more was asked for,
	// whatever does not count is format.Unknown.
	Standing format.Standing
	Stamp    format.Stamp // where there is one, whether it counts or not
	// Mtime is the file's; through a symlink the later one of the link's and the
	// target's. Target is the target's where Mtime is the link's, else zero.
	Mtime, Target format.Time
	Now           format.Time // this machine's clock
	Content       Content     // of interest to DetectContent, once the mtime is not the stamp
	Forced        bool        // whatever the stamp says, the file is to be emitted
	NoOutput      bool        // what the work makes is not there
	// Failure is what is remembered of a file whose command failed, nil for nothing.
	// After GiveUp failures in a row a file is given up, unless that is 0.
	Failure *format.Failure
	GiveUp  int
}

// Reason is why a file is emitted, or is not.
type Reason int

// The reasons: first those that emit a file, then those that do not.
const (
	Unstamped      Reason = iota // never processed
	OtherConfig                  // processed under another config
	Dropped                      // its stamp was taken away: the work failed, or is in doubt
	Newer                        // modified after its stamp
	Older                        // not modified after its stamp, but not the file that was stamped
	FutureStamp                  // the stamp lies in the future and is not the mtime
	Touched                      // the mtime is not the stamp; the content was not read
	ContentUnknown               // the mtime is not the stamp; no digest was recorded
	ContentUnread                // the mtime is not the stamp; the content cannot be read
	ContentChanged               // neither mtime nor content are as recorded
	Forced                       // there would be nothing to do, but that was asked for
	OutputMissing                // there would be nothing to do, but what the work makes is not there

	Unchanged   // its mtime is its stamp, or older where that is all the same
	ContentSame // only the mtime is not as recorded
	GivenUp     // its command failed too often, and it is the same file since
	IsDirectory // passed over, with what is below it where paths come from stdin
	IsState     // passed over: a state file, of any program
	IsRemoved   // passed over: on a file server, removed while it was open
	NotChosen   // passed over, as was asked for
	NoFile      // nothing that can be processed, or not there
)

// NeedsWork reports whether a file is emitted for this reason.
func (r Reason) NeedsWork() bool { return r < Unchanged }

// Judged reports whether the reason is that of a file, not of what is passed over.
func (r Reason) Judged() bool { return r <= GivenUp }

var reasons = [...]string{
	Unstamped:      "no stamp",
	OtherConfig:    "other config",
	Dropped:        "stamp dropped",
	Newer:          "newer",
	Older:          "older",
	FutureStamp:    "future stamp",
	Touched:        "touched",
	ContentUnknown: "no digest",
	ContentUnread:  "content unreadable",
	ContentChanged: "content changed",
	Forced:         "forced",
	OutputMissing:  "output missing",
	Unchanged:      "unchanged",
	ContentSame:    "content unchanged",
	GivenUp:        "given up",
	IsDirectory:    "directory",
	IsState:        "state file",
	IsRemoved:      "removed",
	NotChosen:      "not chosen",
	NoFile:         "no file",
}

func (r Reason) String() string { return reasons[r] }

// MarshalText implements encoding.TextMarshaler.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Judge applies the rule to a file. Every doubt is a reason to emit it.
func Judge(d Detect, e *Evidence) Reason {
	r := judgeStamp(d, e)
	switch settled := r.NeedsWork() && r != Touched; {
	case settled:
		return r
	case e.Forced:
		return Forced
	case e.NoOutput && e.Standing == format.Stamped:
		return OutputMissing // whatever the content is; what failed has none
	}
	return r
}

// judgeStamp is what the stamp says.
func judgeStamp(d Detect, e *Evidence) Reason {
	switch {
	case e.Standing == format.OtherConfig:
		return OtherConfig
	case e.Standing == format.Dropped:
		return judgeFailure(d, e)
	case e.Standing != format.Stamped:
		return Unstamped
	case e.Mtime == e.Stamp.Time && (d == DetectNewer || e.Target == e.Stamp.Target):
		return Unchanged
	case d == DetectContent:
		return judgeContent(e.Content)
	case e.Mtime.Compare(e.Stamp.Time) > 0:
		return Newer
	case d == DetectDiffers:
		return Older
	case e.Stamp.Exact, e.Stamp.Time.Compare(e.Now) > 0:
		return FutureStamp // a clock that once ran ahead must hide no edit
	}
	return Unchanged
}

// judgeFailure decides about a file without a stamp that counts, because its command
// has failed.
func judgeFailure(d Detect, e *Evidence) Reason {
	f := e.Failure
	switch {
	case f == nil || e.GiveUp == 0 || f.Runs < e.GiveUp:
		return Dropped
	case e.Mtime == f.File.Time && e.Target == f.File.Target:
		return GivenUp
	case d != DetectContent || f.File.Digest == nil:
		return Dropped
	case e.Content == NotRead:
		return Touched
	case e.Content == SameContent:
		return GivenUp
	}
	return Dropped
}

func judgeContent(c Content) Reason {
	switch c {
	case SameContent:
		return ContentSame
	case OtherContent:
		return ContentChanged
	case NoDigest:
		return ContentUnknown
	case Unreadable:
		return ContentUnread
	}
	return Touched
}
