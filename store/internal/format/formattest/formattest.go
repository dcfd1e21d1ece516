// Package formattest has what the tests of several packages say of state files.
package formattest

import (
	"bytes"
	"strings"
	"testing"

	"treefilter/store/internal/format"
)

// HardNames are names that some layer could take for something else.
var HardNames = []string{
	"a.jpg", "b c.png", "odd: name.jpg", "- dash", "#hash", "new\nline", "tab\t", "cr\r", "esc\x1b[31m",
	"quote\"", "back\\slash", "~", "null", "true", "Yes", "1e3", "0x1f", "12:30:45", "2001-01-01", ".inf", "-1.5",
	"naïve.png", "日本.jpg", "\u202egnp.exe", "\u2028", "\ufeff", "\ufffd", "bad\xff\xfe", "\xc3", "é\x80", "'single'",
	"{flow}", "[seq]", "a,b", "!tag", "&anchor", "*alias", "%dir", "@at", "`tick", "|", ">", "?", ":", "a:", ": b",
	"- set: {path: \"x\", time: 9999999999.000000000} # 00000000", "<<", "=", "\x01", "\x7f", "\u0085", strings.Repeat("n", 255),
}

// MustConfig reads a config that is known to be one.
func MustConfig(t testing.TB, text string) format.Config {
	t.Helper()
	c, err := format.ParseConfig([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

// A time and a digest; the latter's sum as it is written.
var (
	Time   = format.Time{Sec: 1700000002, Nsec: 789000000}
	Digest = &format.Digest{Size: 3, SHA256: [32]byte{0xab, 31: 0xcd}}
)

const Sum = "ab000000000000000000000000000000000000000000000000000000000000cd"

// The sums of two dependencies as a config has them: see SumOf.
const (
	SumA = "sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	SumB = "sha256-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// SumOf is the sum that is written with one hex digit throughout.
func SumOf(letter byte) (sum [32]byte) {
	copy(sum[:], bytes.Repeat([]byte{letter<<4 | letter}, len(sum)))
	return sum
}
