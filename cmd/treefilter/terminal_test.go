package main

import (
	"strings"
	"testing"
)

func TestTerminalShowsNamesThatCannotCommandIt(t *testing.T) {
	for _, c := range []struct {
		lines     bool
		path, out string
	}{
		{true, "plain name.jpg\n", "plain name.jpg\n"},
		{true, "na\u00efve\nb\n", "na\u00efve\nb\n"},
		{true, "red\x1b[31m\a\r\n", "red\\x1b[31m\\a\\r\n"},
		{true, "bad\xff\u202e\n", "bad\\xff\\u202e\n"},
		{false, "two\nlines\x00b\x00", "two\\nlines\x00b\x00"},
	} {
		var got strings.Builder
		n, err := (&terminal{w: &got, lines: c.lines}).Write([]byte(c.path))
		if got.String() != c.out || n != len(c.path) || err != nil {
			t.Errorf("%q is shown as %q, want %q (n %d, error %v)", c.path, got.String(), c.out, n, err)
		}
	}
}
