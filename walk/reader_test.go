package walk

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll returns all paths, whether the last was unterminated, and the error.
func readAll(r *Reader) (paths []string, cut bool, err error) {
	for {
		batch, err := r.Next()
		if err != nil {
			return paths, cut, err
		}
		paths, cut = append(paths, batch.Paths...), batch.Unterminated
	}
}

var readerTests = []struct {
	name  string
	delim Delimiter
	input string
	paths []string
	cut   bool
	err   error
	found Delimiter
}{
	{"nothing", Detect, "", nil, false, io.EOF, Detect},
	{"lines", Detect, "a\nb c\n", []string{"a", "b c"}, false, io.EOF, Newline},
	{"nul", Detect, "a\x00b\nc\x00", []string{"a", "b\nc"}, false, io.EOF, NUL},
	{"cut line", Detect, "a\nb", []string{"a", "b"}, true, io.EOF, Newline},
	{"cut nul", NUL, "a\x00b", []string{"a", "b"}, true, io.EOF, NUL},
	{"neither", Detect, "abc", []string{"abc"}, true, io.EOF, Detect},
	{"empty items", NUL, "\x00\x00a\x00\x00", []string{"a"}, false, io.EOF, NUL},
	{"empty lines", Newline, "\n\na\n\n", []string{"a"}, false, io.EOF, Newline},
	{"only empty", Detect, "\n", nil, false, io.EOF, Newline},
	{"lines as given", Newline, "a\nb\x00c\nd\n", []string{"a"}, false, ErrMixedDelimiters, Newline},
	{"nul first in lines", Newline, "\x00", nil, false, ErrMixedDelimiters, Newline},
	{"newlines in names", NUL, "a\nb\x00\n\x00", []string{"a\nb", "\n"}, false, io.EOF, NUL},
	{"not text", NUL, "\xff\xfe\x00", []string{"\xff\xfe"}, false, io.EOF, NUL},
	{"long", NUL, strings.Repeat("x", 300_000) + "\x00y\x00", []string{strings.Repeat("x", 300_000), "y"}, false, io.EOF, NUL},
	{"longest", NUL, strings.Repeat("x", MaxPath) + "\x00", []string{strings.Repeat("x", MaxPath)}, false, io.EOF, NUL},
	{"too long", NUL, "a\x00" + strings.Repeat("x", MaxPath+1) + "\x00b\x00", []string{"a"}, false, ErrPathTooLong, NUL},
	{"endless", Detect, strings.Repeat("x", 2*MaxPath), nil, false, ErrPathTooLong, Detect},
}

func TestReader(t *testing.T) {
	readers := map[string]func(io.Reader) io.Reader{
		"whole":        func(r io.Reader) io.Reader { return r },
		"byte by byte": iotest.OneByteReader,
		"halves":       iotest.HalfReader,
		"data and EOF": iotest.DataErrReader,
	}
	for _, c := range readerTests {
		for how, wrap := range readers {
			r := NewReader(wrap(strings.NewReader(c.input)), c.delim)
			paths, cut, err := readAll(r)
			if !slices.Equal(paths, c.paths) || cut != c.cut || err != c.err || r.delim != c.found {
				t.Errorf("%s, %s: %.50q, unterminated %v, %v, delimiter %d", c.name, how, paths, cut, err, r.delim)
			}
			if _, again := r.Next(); again != err {
				t.Errorf("%s, %s: after %v comes %v", c.name, how, err, again)
			}
		}
	}
}

// Lines are lines once something has followed the first of them that ends in a
// newline, too, or the stream has ended: a writer may put "x\n" and "y\0" into a
// pipe in two pieces.
func TestReaderDetectsInPieces(t *testing.T) {
	broken := errors.New("broken")
	long := strings.Repeat("x", MaxPath)
	for _, c := range []struct {
		blocks []string
		paths  []string
		cut    bool
		err    error
	}{
		// A NUL anywhere in the first block means NUL.
		{[]string{"a\nb\x00c\x00"}, []string{"a\nb", "c"}, false, io.EOF},
		{[]string{"a", "b\x00c\nd\x00"}, []string{"ab", "c\nd"}, false, io.EOF},

		{[]string{"x\n", "y\x00"}, nil, false, ErrMixedDelimiters},
		{[]string{"x\n", "y", "\x00"}, nil, false, ErrMixedDelimiters},
		{[]string{"x\ny\n", "z\x00"}, nil, false, ErrMixedDelimiters},
		{[]string{"x\n", "\x00y\n"}, nil, false, ErrMixedDelimiters},
		{[]string{"x\n", "y\nz\x00"}, nil, false, ErrMixedDelimiters},
		{[]string{"x", "y\nz\x00"}, nil, false, ErrMixedDelimiters},

		{[]string{"x\n", "y\n", "z\x00w\n"}, []string{"x", "y"}, false, ErrMixedDelimiters},
		{[]string{"x\n", "y\n", "a\nb\x00"}, []string{"x", "y", "a"}, false, ErrMixedDelimiters},

		{[]string{"x\n"}, []string{"x"}, false, io.EOF},
		{[]string{"x\n", "y"}, []string{"x", "y"}, true, io.EOF},
		{[]string{"x\ny", "z"}, []string{"x", "yz"}, true, io.EOF},
		{[]string{"\n", "\n", "x\n"}, []string{"x"}, false, io.EOF},
		{[]string{"x\n", long, "\n"}, []string{"x", long}, false, io.EOF},
		{[]string{"x\n", long, "y"}, nil, false, ErrPathTooLong},
	} {
		var blocks []io.Reader
		for _, block := range c.blocks {
			blocks = append(blocks, strings.NewReader(block))
		}
		paths, cut, err := readAll(NewReader(io.MultiReader(blocks...), Detect))
		if !slices.Equal(paths, c.paths) || cut != c.cut || err != c.err {
			t.Errorf("%.20q: %.20q, unterminated %v, %v", c.blocks, paths, cut, err)
		}
		// A read that fails is not the end.
		paths, _, err = readAll(NewReader(io.MultiReader(strings.NewReader(c.blocks[0]), iotest.ErrReader(broken)), Detect))
		if want := strings.Contains(c.blocks[0], "\x00"); err != broken || want != (len(paths) > 0) {
			t.Errorf("%.20q and a failed read: %.20q, %v", c.blocks[0], paths, err)
		}
	}
}

// What one read brings is returned before the next read is begun.
func TestReaderHoldsNothingBack(t *testing.T) {
	in, out := io.Pipe()
	r := NewReader(in, NUL)
	for _, block := range []string{"a\x00b\x00c", "d\x00"} {
		go out.Write([]byte(block))
		batch, err := r.Next()
		must(t, err)
		if got := strings.Join(batch.Paths, ","); got != map[string]string{"a\x00b\x00c": "a,b", "d\x00": "cd"}[block] {
			t.Errorf("block %q brought %q", block, got)
		}
	}
}

// The first line waits for the second, and no line after it for anything.
func TestReaderHoldsBackTheFirstLineOnly(t *testing.T) {
	in, out := io.Pipe()
	r := NewReader(in, Detect)
	go func() {
		for _, block := range []string{"a\n", "b\n"} {
			out.Write([]byte(block))
		}
	}()
	next := map[string]string{"a,b": "c\n", "c": "d\n"}
	for _, want := range []string{"a,b", "c", "d"} {
		batch, err := r.Next()
		must(t, err)
		if got := strings.Join(batch.Paths, ","); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
		go out.Write([]byte(next[want]))
	}
}

func TestReaderFailedRead(t *testing.T) {
	broken := errors.New("broken")
	paths, _, err := readAll(NewReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), Newline))
	if !slices.Equal(paths, []string{"a"}) || err != broken {
		t.Errorf("%q, %v", paths, err)
	}
}

// chunks reads in pieces whose sizes the bytes of sizes give.
type chunks struct {
	data, sizes []byte
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	size := len(c.data)
	if len(c.sizes) > 0 {
		size, c.sizes = int(c.sizes[0])+1, c.sizes[1:]
	}
	n := copy(p, c.data[:min(size, len(c.data))])
	c.data = c.data[n:]
	return n, nil
}

// However a stream is cut into reads, its paths are what lies between delimiters.
func FuzzReader(f *testing.F) {
	f.Add([]byte("a\nb\n"), []byte{0}, false)
	f.Add([]byte("a\x00\x00b\nc\x00d"), []byte{1, 2}, true)
	f.Add([]byte("a\nb\x00c\n"), []byte{3}, false)
	f.Fuzz(func(t *testing.T, data, sizes []byte, lines bool) {
		delim, sep := NUL, byte(0)
		if lines {
			delim, sep = Newline, '\n'
		}
		want, wantErr := data, io.EOF
		if i := bytes.IndexByte(data, 0); lines && i >= 0 {
			want, wantErr = data[:bytes.LastIndexByte(data[:i], '\n')+1], ErrMixedDelimiters
		}
		paths, cut, err := readAll(NewReader(&chunks{data, sizes}, delim))
		if err != wantErr {
			t.Fatalf("error %v, want %v", err, wantErr)
		}
		var items []string
		for item := range bytes.SplitSeq(want, []byte{sep}) {
			if len(item) > 0 {
				items = append(items, string(item))
			}
		}
		if !slices.Equal(paths, items) {
			t.Fatalf("paths %q, want %q", paths, items)
		}
		if wantCut := len(want) > 0 && want[len(want)-1] != sep; cut != wantCut {
			t.Fatalf("unterminated is %v, want %v", cut, wantCut)
		}
		// The pieces decide what is recognised; but what a NUL ends after the first
		// newline shows in all of them that there are no lines.
		r := NewReader(&chunks{data, sizes}, Detect)
		paths, _, _ = readAll(r)
		_, second, _ := bytes.Cut(data, []byte("\n"))
		if i := bytes.IndexAny(second, "\x00\n"); i >= 0 && second[i] == 0 && r.delim == Newline {
			t.Fatalf("lines %q in %q", paths, data)
		}
	})
}
