package filter_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"treefilter/filter"
	"treefilter/walk"
)

func TestPendingReportsErrorsAndGoesOn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var got []string
	s := filter.Selection{Options: filter.Options{Roots: []string{dir + "/missing", dir}}}
	for path, err := range s.Pending(context.Background()) {
		if err != nil {
			path = "error"
		}
		got = append(got, path)
	}
	if want := []string{dir + "/file", "error"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A loop that is left early, in whatever way, leaves no goroutine after.
func TestPendingEndsEarly(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i := range 100 {
		path := filepath.Join(dir, fmt.Sprint("d", i), "file")
		if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	before := runtime.NumGoroutine()
	for range 20 {
		walked := filter.Selection{Options: filter.Options{Roots: []string{dir}}}
		read := walked
		read.In, read.InDelimiter = strings.NewReader(strings.Join(paths, "\n")+"\n"), walk.Newline
		for _, s := range []filter.Selection{walked, read} {
			for range s.Pending(context.Background()) {
				break
			}
		}
		func() {
			defer func() { _ = recover() }()
			for range walked.Pending(context.Background()) {
				panic("in the loop")
			}
		}()
	}
	// Goroutines that are ending may still be counted; one that leaks never ends.
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}
