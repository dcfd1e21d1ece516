package walk

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
)

// Entry is one regular file that [Files] found.
type Entry struct {
	Path string // the root as it was given, joined with the relative path
	Sec  int64  // mtime
	Nsec int32
}

// errBreak ends a walk whose iteration was broken off.
var errBreak = errors.New("iteration ended")

// Files returns an iterator over the regular files below the roots, in walk
// order. What could not be examined comes as an error, with an empty Entry, in
// its place; the walk goes on after it. The directories are read by several
// goroutines, which have ended when the loop has.
func Files(roots []string, opt Options) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		trees := make([]Root, len(roots))
		for i, path := range roots {
			trees[i].Path = path
		}
		// The loop's body must run on the caller's goroutine, and in order: the
		// files take the way of a visit's output.
		_ = Walk(context.Background(), trees, opt, pack, func(d *Dir) error {
			for _, err := range d.Errs {
				if !yield(Entry{}, err) {
					return errBreak
				}
			}
			for e := range unpack(d.Out, join(roots[d.Root], d.Rel)) {
				if !yield(e, nil) {
					return errBreak
				}
			}
			return nil
		})
	}
}

// pack writes a directory's files into Out.
func pack(d *Dir) {
	for _, f := range d.Files {
		d.Out = binary.AppendVarint(d.Out, f.Sec)
		d.Out = binary.AppendVarint(d.Out, int64(f.Nsec))
		d.Out = binary.AppendUvarint(d.Out, uint64(len(f.Name)))
		d.Out = append(d.Out, f.Name...)
	}
}

// unpack reads what pack has written.
func unpack(out []byte, dir string) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for len(out) > 0 {
			sec, n := binary.Varint(out)
			out = out[n:]
			nsec, n := binary.Varint(out)
			out = out[n:]
			size, n := binary.Uvarint(out)
			name := string(out[n : n+int(size)])
			out = out[n+int(size):]
			if !yield(Entry{join(dir, name), sec, int32(nsec)}) {
				return
			}
		}
	}
}
