package filter_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"treefilter/filter"
	"treefilter/store/rule"
	"treefilter/walk"
)

// A file is processed with another content, and gets its old one back, between
// the moment when a filter has read the stamps and the one when it looks at the
// file. What it then believes to be the same must not become a stamp.
func TestRefreshKeepsNewerStamps(t *testing.T) {
	root := t.TempDir()
	first, second := filepath.Join(root, "first"), filepath.Join(root, "second")
	options := filter.Options{Roots: []string{root}, Detect: rule.DetectContent, Warn: func(err error) { t.Error(err) }}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	commit := func(paths ...string) {
		t.Helper()
		c := filter.Commit{Options: options, In: strings.NewReader(strings.Join(paths, "\x00") + "\x00"), InDelimiter: walk.NUL}
		if err := c.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	write(first, "as it was")
	write(second, "as it was")
	commit(first, second)

	in, paths := io.Pipe()
	var examined atomic.Int64
	refresh := filter.Filter{
		Selection: filter.Selection{Options: options, In: in, InDelimiter: walk.NUL, Examined: &examined},
		Out:       io.Discard, OutDelimiter: walk.NUL, Refresh: true,
	}
	ended := make(chan error, 1)
	go func() {
		_, err := refresh.Run(context.Background())
		ended <- err
	}()
	io.WriteString(paths, first+"\x00")
	for examined.Load() == 0 {
		runtime.Gosched()
	}
	write(second, "something else")
	commit(second)
	write(second, "as it was")
	io.WriteString(paths, second+"\x00")
	paths.Close()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	var out bytes.Buffer
	again := filter.Filter{Selection: filter.Selection{Options: options}, Out: &out, OutDelimiter: walk.Newline}
	if _, err := again.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := filepath.Base(strings.TrimSpace(out.String())); got != "second" {
		t.Errorf("needs work: %q", out.String())
	}
}
