package filter

import (
	"context"
	"errors"
	"io"

	"treefilter/store/rule"
	"treefilter/walk"
)

// Filter prints the files that need work.
type Filter struct {
	Selection
	// Out gets the paths.
	Out io.Writer
	// OutDelimiter is walk.NUL or walk.Newline.
	OutDelimiter walk.Delimiter
	// Check prints nothing and stops at the first file that needs work.
	Check bool
	// JSON writes an object a line in place of a path; see Line.
	JSON bool
	// Refresh gives files that were only touched a stamp of their present
	// mtime. It goes with DetectContent, and writes to the trees.
	Refresh bool
}

// Run writes each selected path that needs work to Out. It reports whether there was
// any. A root that cannot be read is an error, once the others are done.
//
// Stored state never stops it: what cannot be read counts as missing, with a
// warning.
func (f *Filter) Run(ctx context.Context) (needsWork bool, err error) {
	s, lost, err := f.open()
	if err != nil {
		return false, err
	}
	s.voids = f.JSON
	if f.Refresh && f.Detect == rule.DetectContent {
		s.keep, s.refresh = true, &refresher{recorder: newRecorder(&f.Options, Recording{}, s.grove, s.report)}
	}
	needsWork, err = f.print(ctx, s)
	if r := s.refresh; r != nil {
		r.warn(errors.Join(r.err, r.finish(r.err)))
	}
	return needsWork, errors.Join(err, s.grove.Close(), lost.err())
}

// print prints what was selected.
func (f *Filter) print(ctx context.Context, s *selector) (needsWork bool, err error) {
	printing, stop := context.WithCancel(ctx)
	defer stop()
	out := newOutput(f.Out, stop)
	var b batch
	var text []byte
	for b, err = range s.batches(printing) {
		if err != nil {
			break
		}
		text = text[:0]
		for i := range b.found {
			if !b.found[i].NeedsWork() {
				continue
			}
			if f.Check {
				return true, nil
			}
			line, err := f.line(text, &b.found[i])
			if err != nil {
				s.report.warn(err)
				continue
			}
			text, needsWork = line, true
		}
		if s.refresh != nil {
			s.refresh.record(b.found)
		}
		if _, err = out.Write(text); err != nil {
			break
		}
	}
	// Also after an error: what came before it counts.
	if flushed := out.Flush(); flushed != nil && (err == nil || ctx.Err() == nil) {
		err = flushed
	}
	return needsWork, err
}

// line appends what is printed of a file.
func (f *Filter) line(b []byte, found *finding) ([]byte, error) {
	if f.JSON {
		return appendLine(b, found), nil
	}
	start := len(b)
	b = found.appendPath(b)
	err := terminate(&b, start, f.OutDelimiter)
	return b, err
}
