package disk

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The stat of a 32-bit system ends in 2038, and would show a later time as one in the
// past: a file that was written then would pass for an old one.
func TestTimesAfter2038(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wal")
	must(t, os.WriteFile(path, nil, 0o666))
	const sec = 4102444800
	if out, err := exec.Command("touch", "-d", "@4102444800", path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	named, err := OS{}.Lstat(path)
	must(t, err)
	f, opened, err := OpenState(OS{}, path, os.O_RDONLY)
	must(t, err)
	defer f.Close()
	if named.Mtime.Sec != sec || opened.Mtime.Sec != sec {
		t.Errorf("%v by name, %v when open", named.Mtime, opened.Mtime)
	}
}
