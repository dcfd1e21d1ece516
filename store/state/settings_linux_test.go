package state

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"treefilter/store/internal/format"
)

// The stat of a 32-bit system ends in 2038, and would show a later time as one in the
// past: a setting file that was edited during the work would pass for an older one.
func TestSettingFileAfter2038(t *testing.T) {
	root := t.TempDir()
	lint := filepath.Join(root, ".lintrc")
	if err := os.WriteFile(lint, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("touch", "-d", "@4102444800.5", lint).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	files := settingFiles{root: root, names: []string{".lintrc"}, dirs: map[string]*dirSettings{}}
	for at, want := range map[int64]error{4102444700: errSettingLate, 4102444900: nil} {
		if err := files.of("sub").check(format.Time{Sec: at}); !errors.Is(err, want) {
			t.Errorf("work that began at %d: %v, want %v", at, err, want)
		}
	}
}
