package filter

import (
	"io"
	"strings"
	"sync"
	"time"

	"treefilter/walk"
)

// Output is gathered so that a million paths do not cost a million writes, but
// never for longer than a reader at the other end would notice.
const (
	outputChunk = 64 << 10
	outputLag   = 50 * time.Millisecond
)

// output gathers what is written and passes it on when there is enough of it
// or some time has passed. Its first error is its last, and need not wait for the next
// write: nothing may be left to write.
type output struct {
	w      io.Writer
	failed func() // called at the first error, nil for not

	mu    sync.Mutex
	buf   []byte
	timer *time.Timer // runs while buf holds something
	err   error
}

// terminate ends the path that begins at start, or takes it back when it cannot
// be distinguished from two.
func terminate(b *[]byte, start int, end walk.Delimiter) error {
	if end == walk.NUL {
		*b = append(*b, 0)
		return nil
	}
	path := string((*b)[start:])
	if strings.ContainsRune(path, '\n') {
		*b = (*b)[:start]
		return &pathError{path, ErrNewline}
	}
	*b = append(*b, '\n')
	return nil
}

func newOutput(w io.Writer, failed func()) *output { return &output{w: w, failed: failed} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.buf) == 0 && len(p) > 0 {
		o.timer = time.AfterFunc(outputLag, func() { o.Flush() })
	}
	o.buf = append(o.buf, p...)
	if len(o.buf) >= outputChunk {
		o.flush()
	}
	return len(p), o.err
}

// Flush passes on what was gathered.
func (o *output) Flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush()
	return o.err
}

func (o *output) flush() {
	if o.timer != nil {
		o.timer.Stop()
	}
	if len(o.buf) > 0 && o.err == nil {
		if _, o.err = o.w.Write(o.buf); o.err != nil && o.failed != nil {
			o.failed()
		}
	}
	o.buf = o.buf[:0]
}
