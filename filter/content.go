package filter

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"sync"

	"treefilter/store/rule"
	"treefilter/store/state"
	"treefilter/walk"
)

// readSize is how much of a file is read at a time, and how far a run that was
// cancelled still reads.
const readSize = 128 << 10

// digestOf reads a file. Nothing blocks it: what is not a regular file, or no
// longer, is an error. Where is says which file it must be, so is another one, such
// as a secret that a link leads to by now: its size and digest must not be given away.
func digestOf(ctx context.Context, m *walk.Meter, path string, is *walk.Info) (d state.Digest, err error) {
	m.Start()
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	m.Count(1)
	m.Stop()
	if err != nil {
		return d, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return d, err
	}
	if !info.Mode().IsRegular() {
		return d, &pathError{path, errNotRegular}
	}
	if id := fileID(info); is != nil && id != (walk.FileID{}) && id != is.FileID {
		return d, &pathError{path, errModified}
	}
	return digest(ctx, &meteredReader{f, m}, make([]byte, min(readSize, info.Size()+1)))
}

var errModified = errors.New("not stamped: modified while it was committed")

// digest reads r to its end, through buf.
func digest(ctx context.Context, r io.Reader, buf []byte) (d state.Digest, err error) {
	sum := sha256.New()
	for {
		n, err := r.Read(buf)
		sum.Write(buf[:n])
		d.Size += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			sum.Sum(d.SHA256[:0])
			return d, nil
		case err != nil:
			return d, err
		case ctx.Err() != nil:
			return d, ctx.Err()
		}
	}
}

// compare reports whether a file still has the content that was recorded. What
// cannot be read may be anything. A file of another length need not be read.
func compare(ctx context.Context, m *walk.Meter, path string, recorded *state.Digest) (rule.Content, error) {
	if recorded == nil {
		return rule.NoDigest, nil
	}
	if info, err := os.Stat(path); err == nil && info.Size() != recorded.Size {
		return rule.OtherContent, nil
	}
	d, err := digestOf(ctx, m, path, nil)
	switch {
	case err != nil:
		return rule.Unreadable, err
	case d != *recorded:
		return rule.OtherContent, nil
	}
	return rule.SameContent, nil
}

// meteredReader lets a crew know how long its reads take.
type meteredReader struct {
	r io.Reader
	m *walk.Meter
}

// warmLook is how much of a cached file is read in no more time than a look takes.
const warmLook = 8 << 10

func (r *meteredReader) Read(p []byte) (n int, err error) {
	r.m.Start()
	n, err = r.r.Read(p)
	r.m.Count(1 + n/warmLook)
	r.m.Stop()
	return n, err
}

// readers bounds how many files are read at once, by whatever goroutines: each file has
// one of these while it is read.
type readers chan *walk.Meter

func newReaders(threads int) readers {
	slots := make(readers, walk.MaxWorkers(threads))
	walk.NewCrew(threads, func(m *walk.Meter) { slots <- m }).Start()
	return slots
}

// each calls read with 0 to n-1, several at once.
func (slots readers) each(n int, read func(m *walk.Meter, i int)) {
	var wg sync.WaitGroup
	for i := range n {
		m := <-slots
		wg.Go(func() {
			defer func() { slots <- m }()
			read(m, i)
		})
	}
	wg.Wait()
}
