package filter

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"treefilter/store/state"
	"treefilter/walk"
)

// The file systems of outputs are held open from before the work until they are synced:
// a stamp must not outlive a result.
func TestOutputsAreSynced(t *testing.T) {
	elsewhere, err := os.MkdirTemp("/dev/shm", "treefilter")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(elsewhere)
	there, err := walk.Stat(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	dir := grow(t, map[string]string{"linked.out": elsewhere + "/end"}, "a", "linked")
	if here, err := walk.Stat(dir); err != nil || here.Dev == there.Dev {
		t.Skip("one file system only", err)
	}
	for pattern, want := range map[string]string{
		elsewhere + "/new/{/}": elsewhere + "/new",
		"{.}.out":              elsewhere,
	} {
		var outputs Outputs
		if err := outputs.Add(pattern); err != nil {
			t.Fatal(err)
		}
		g, err := state.Open([]string{dir}, state.Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := newOutputNamer(&Options{Outputs: outputs}, nil, nil)
		s := &source{path: dir + "/linked"}
		if err := n.prepare(s, g); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(pattern, elsewhere) && !slices.Contains(openDirs(t), want) {
			t.Errorf("%s: not held open before the work", pattern)
		}
		if err := os.WriteFile(outputs[0].expand(s), nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := n.done(s, g); err != nil {
			t.Error(err)
		}
		if !slices.Contains(openDirs(t), want) {
			t.Errorf("%s: not held open", pattern)
		}
		n.close()
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}
}

func openDirs(t *testing.T) (dirs []string) {
	t.Helper()
	open, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range open {
		if to, err := os.Readlink(fd); err == nil {
			dirs = append(dirs, to)
		}
	}
	return dirs
}
