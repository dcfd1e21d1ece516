package filter

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// promised is how soon paths reach their reader.
const promised = 100 * time.Millisecond

func TestOutputReachesTheReaderInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		o := newOutput(w, nil)
		for _, path := range []string{"a\x00", "b\x00"} {
			written := time.Now()
			if _, err := o.Write([]byte(path)); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 8)
			n, err := r.Read(got)
			if err != nil || string(got[:n]) != path {
				t.Errorf("read %q, error %v, want %q", got[:n], err, path)
			}
			if lag := time.Since(written); lag > promised {
				t.Errorf("%q came after %v", path, lag)
			}
			time.Sleep(time.Minute)
		}
	})
}

// The first path is not kept waiting by those that come after it.
func TestOutputDoesNotWaitForSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		o := newOutput(&b, nil)
		start := time.Now()
		for b.Len() == 0 && time.Since(start) < time.Second {
			if _, err := o.Write([]byte("a\x00")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		if lag := time.Since(start); lag > promised {
			t.Errorf("the first path came after %v", lag)
		}
		if err := o.Flush(); err != nil {
			t.Fatal(err)
		}
	})
}

// writes counts the writes that it gets.
type writes struct {
	n     int
	bytes int
}

func (w *writes) Write(p []byte) (int, error) {
	w.n++
	w.bytes += len(p)
	return len(p), nil
}

func TestOutputGathers(t *testing.T) {
	var w writes
	o := newOutput(&w, nil)
	line := bytes.Repeat([]byte{'a'}, 100)
	const n = 100_000
	for range n {
		if _, err := o.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	if w.bytes != n*len(line) {
		t.Errorf("%d bytes came out of %d", w.bytes, n*len(line))
	}
	if w.n > n/100 {
		t.Errorf("%d writes for %d paths", w.n, n)
	}
}

func TestOutputWritesNothingForNothing(t *testing.T) {
	var w writes
	o := newOutput(&w, nil)
	if _, err := o.Write(nil); err != nil {
		t.Fatal(err)
	}
	if err := o.Flush(); err != nil || w.n > 0 {
		t.Errorf("%d writes, error %v", w.n, err)
	}
}

// full takes so many bytes, and then no more.
type full struct{ room int }

var errFull = errors.New("full")

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

// The first error is the last: nothing is written after a gap.
func TestOutputKeepsItsError(t *testing.T) {
	f := &full{room: 3}
	o := newOutput(f, nil)
	if _, err := o.Write([]byte("four")); err != nil {
		t.Error("a write that is only gathered fails")
	}
	if err := o.Flush(); err != errFull {
		t.Errorf("Flush: %v", err)
	}
	f.room = 100
	if _, err := o.Write([]byte("b")); err != errFull {
		t.Errorf("Write after the error: %v", err)
	}
	if err := o.Flush(); err != errFull || f.room != 100 {
		t.Errorf("Flush after the error: %v, %d written", err, 100-f.room)
	}
}

// A write that fails when time is up, while no call waits for it, shows in the
// next call.
func TestOutputErrorOfTheTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutput(&full{}, nil)
		if _, err := o.Write([]byte("a")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(promised)
		if _, err := o.Write([]byte("b")); err != errFull {
			t.Errorf("Write after a failed one: %v", err)
		}
	})
}
