package filter

import (
	"os/exec"
	"testing"

	"treefilter/store/state"
)

// The stat of a 32-bit system ends in 2038, and would show a later time as one in the
// past: a file that was modified since would pass for an older one.
func TestTimesAfter2038(t *testing.T) {
	write(t, map[string]string{"file": ""})
	if out, err := exec.Command("touch", "-d", "@4102444800.5", "file").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := state.Time{Sec: 4102444800, Nsec: 500_000_000}
	if s, err := parseSince("file"); err != nil || s.time != want {
		t.Errorf("since is %v, %v", s.time, err)
	}
	if s, err := ReadConfig(nil, "file", nil); err != nil || s.Files[0].mtime != want {
		t.Errorf("the config is of %v, %v", s.Files, err)
	}
}
