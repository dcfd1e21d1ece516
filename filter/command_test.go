package filter

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	one, two := []string{"a b"}, []string{"a", "-b"}
	for _, test := range []struct {
		command string // separated by blanks
		batch   int
		paths   []string
		want    []string // nil for refused
	}{
		{"cc", 1, one, []string{"cc", "a b"}},
		{"cc -o", 0, one, []string{"cc", "-o", "a b"}},
		{"cc {} -c", 1, one, []string{"cc", "a b", "-c"}},
		{"cc --in={} {}.o {}{}", 1, one, []string{"cc", "--in=a b", "a b.o", "a ba b"}},
		{"{} -v", 1, one, []string{"a b", "-v"}},
		{"cc {} {}", 1, []string{"{}"}, []string{"cc", "{}", "{}"}},
		{"cc", 2, two, []string{"cc", "a", "-b"}},
		{"cc {} -c {}", 2, two, []string{"cc", "a", "-b", "-c", "a", "-b"}},
		{"cc {}", 2, one, []string{"cc", "a b"}},
		{"cc {}.o", 2, one, nil},
		{"{} -v", 2, two, nil},
		{"", 1, one, nil},
	} {
		command, err := parseCommand(strings.Fields(test.command), test.batch)
		switch {
		case err != nil && test.want == nil:
		case err != nil:
			t.Errorf("%q: %v", test.command, err)
		default:
			if got := command.fill(test.paths); !slices.Equal(got, test.want) {
				t.Errorf("%q: %q, want %q", test.command, got, test.want)
			}
		}
	}
}

// TestSpool puts the border between memory and file everywhere in a write.
func TestSpool(t *testing.T) {
	for _, sizes := range [][]int{
		nil, {1}, {spoolMemory}, {spoolMemory - 1, 1, 1}, {spoolMemory - 1, 2}, {3 * spoolMemory}, {spoolMemory, spoolMemory, 5},
	} {
		var s spool
		var want []byte
		for i, size := range sizes {
			part := bytes.Repeat([]byte{byte('a' + i)}, size)
			if n, err := s.Write(part); n != size || err != nil {
				t.Fatal(n, err)
			}
			want = append(want, part...)
		}
		var got bytes.Buffer
		n, err := s.WriteTo(&got)
		if err != nil || n != int64(len(want)) || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%d: %d of %d bytes (%v)", sizes, n, len(want), err)
		}
		if len(s.memory) > spoolMemory || s.empty() != (len(want) == 0) {
			t.Errorf("%d: %d bytes in memory, empty: %t", sizes, len(s.memory), s.empty())
		}
		s.close()
	}
}
