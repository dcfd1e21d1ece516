package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestVoice(t *testing.T) {
	denied := &fs.PathError{Op: "open", Path: "photos/x", Err: fs.ErrPermission}
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"plain", errors.New("photos: not a directory"), "treefilter: photos: not a directory\n"},
		{"file system", denied, "treefilter: photos/x: permission denied (open)\n"},
		{"its path said before", fmt.Errorf("photos/x: %w", denied), "treefilter: photos/x: permission denied (open)\n"},
		{"its path said before, in passing", fmt.Errorf("config file photos/x: %w", denied), "treefilter: config file photos/x: permission denied (open)\n"},
		{"another path said before", fmt.Errorf("photos: %w", denied), "treefilter: photos: photos/x: permission denied (open)\n"},
		{"more said after it", fmt.Errorf("%w; nothing was changed", denied), "treefilter: photos/x: permission denied (open); nothing was changed\n"},
		{"two paths", &os.LinkError{Op: "rename", Old: "a", New: "b", Err: syscall.EXDEV}, "treefilter: a -> b: invalid cross-device link (rename)\n"},
		{"no path", os.NewSyscallError("flock", syscall.ENOLCK), "treefilter: no locks available (flock)\n"},

		{"forged line", errors.New("a\ntreefilter: b: gone"), `treefilter: a\ntreefilter: b: gone` + "\n"},
		{"terminal command", errors.New("\x1b[2Ja\r\x07\x7f\u009b"), `treefilter: \x1b[2Ja\r\a\x7f\u009b` + "\n"},
		{"invalid UTF-8", errors.New("\xff\xc3(caf\u00e9)"), `treefilter: \xff\xc3(café)` + "\n"},
		{"turned writing, nothing to see", errors.New("a\u202egpj.exe\u200b\u2066\ufeff"), `treefilter: a\u202egpj.exe\u200b\u2066\ufeff` + "\n"},
		{"U+FFFD itself, backslash, quotes", errors.New("\ufffd \\ \" '"), "treefilter: \ufffd \\ \" '\n"},

		{"joined", errors.Join(errors.New("a: gone"), errors.Join(errors.New("b: gone"), denied)),
			"treefilter: a: gone\ntreefilter: b: gone\ntreefilter: photos/x: permission denied (open)\n"},
		{"hint", &usageError{reason: "no ROOT", hint: "try ."}, "treefilter: no ROOT\ntreefilter: hint: try .\n"},
		{"nothing wrong", nil, ""},
		{"a signal speaks for itself", &ended{by: os.Interrupt}, ""},
	} {
		var b strings.Builder
		newVoice(&b).fail(test.err)
		if got := b.String(); got != test.want {
			t.Errorf("%s:\ngot  %q\nwant %q", test.name, got, test.want)
		}
	}
}

func TestProgress(t *testing.T) {
	// What is drawn is cleared before a message and at the end; a run that is
	// over within a second shows nothing.
	for _, test := range []struct {
		name  string
		takes time.Duration
		drawn bool
	}{
		{"short", progressDelay / 2, false},
		{"long", 2 * progressDelay, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			var (
				b        strings.Builder
				v        = newVoice(&b)
				examined atomic.Int64
			)
			examined.Store(12345)
			stop := v.watch(&examined)
			time.Sleep(test.takes)
			v.say(errors.New("a: gone"))
			stop()

			if drawn := strings.Contains(b.String(), "files examined (12345)"); drawn != test.drawn {
				t.Errorf("%s: drawn: %t, want %t: %q", test.name, drawn, test.drawn, b.String())
			}
			if shown := onScreen(b.String()); shown != "treefilter: a: gone\n" {
				t.Errorf("%s: left on the screen: %q", test.name, shown)
			}
		})
	}
}

// onScreen returns what a terminal shows at the end: \r goes back to the
// beginning of the line, and what is written then replaces what was there.
func onScreen(written string) string {
	var lines []string
	for _, line := range strings.Split(written, "\n") {
		var shown []rune
		for _, pass := range strings.Split(line, "\r") {
			over := []rune(pass)
			shown = append(over, shown[min(len(over), len(shown)):]...)
		}
		lines = append(lines, strings.TrimRight(string(shown), " "))
	}
	return strings.Join(lines, "\n")
}
