package state

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
)

// The sample state files: a good one is read as the two stamps that all of
// them hold, a broken one leaves a problem and never makes up a stamp.
func TestSampleStateFiles(t *testing.T) {
	want := map[string]format.Time{
		"img001.jpg":    {Sec: 1704067200, Nsec: 123456789},
		"odd: name.jpg": {Sec: 1704153600, Nsec: 0},
	}
	c := formattest.MustConfig(t, "quality: 90")
	samples, err := filepath.Glob("../../testdata/state/*.yaml")
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, sample := range samples {
		text, err := os.ReadFile(sample)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(sample)
		snapshot, wal := string(text), ""
		if strings.Contains(name, "-wal") {
			snapshot, wal = wal, snapshot
		}
		tree := treeOf(t, Options{Config: c}, snapshot, wal)
		good := strings.HasPrefix(name, "good-")
		for path, mtime := range want {
			got, ok := tree.Get(path)
			if ok && got.Time != mtime || good && !ok {
				t.Errorf("%s: %s has %v, %v", name, path, got.Time, ok)
			}
		}
		if problems := tree.Problems(); good != (len(problems) == 0) {
			t.Errorf("%s: problems %v", name, problems)
		}
	}
}
