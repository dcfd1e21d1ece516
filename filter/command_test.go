package filter

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	from := func(paths ...string) (list []*source) {
		for _, path := range paths {
			list = append(list, &source{path, "rel/" + path, path + ".out"})
		}
		return list
	}
	one, two := from("a b"), from("a", "-b")
	for _, test := range []struct {
		command string // separated by blanks
		batch   int
		paths   []*source
		want    []string // nil for refused
	}{
		{"cc", 1, one, []string{"cc", "a b"}},
		{"cc -o", 0, one, []string{"cc", "-o", "a b"}},
		{"cc {} -c", 1, one, []string{"cc", "a b", "-c"}},
		{"cc --in={} {}.o {}{}", 1, one, []string{"cc", "--in=a b", "a b.o", "a ba b"}},
		{"{} -v", 1, one, []string{"a b", "-v"}},
		{"cc {} {}", 1, from("{}"), []string{"cc", "{}", "{}"}},
		{"cc", 2, two, []string{"cc", "a", "-b"}},
		{"cc {} -c {}", 2, two, []string{"cc", "a", "-b", "-c", "a", "-b"}},
		{"cc {}", 2, one, []string{"cc", "a b"}},
		{"cc {}.o", 2, one, nil},
		{"{} -v", 2, two, nil},
		{"", 1, one, nil},

		{"cc -o {out}", 1, one, []string{"cc", "-o", "a b.out", "a b"}},
		{"cc -o={out} {rel}", 1, one, []string{"cc", "-o=a b.out", "rel/a b"}},
		{"cc {//} {print}", 1, one, []string{"cc", ".", "{print}"}},
		{"cc {out} {/}", 2, two, []string{"cc", "a.out", "-b.out", "a", "-b"}},
		{"cc {out}x", 2, two, nil},
		{"cc {brace}}", 2, two, []string{"cc", "{}", "a", "-b"}},
	} {
		command, err := parseCommand(strings.Fields(test.command), test.batch, Outputs{{}})
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

func TestTemplateWithoutOutput(t *testing.T) {
	if _, err := parseCommand([]string{"cc", "{out}"}, 1, nil); err == nil {
		t.Error("{out} of what?")
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
