package filter

import (
	"io/fs"
	"slices"
	"testing"

	"treefilter/store/state"
)

func TestImportable(t *testing.T) {
	for _, test := range []struct {
		path string
		err  error
		dir  string
		want []string
	}{
		{"/t/.p_treestamps.yaml", fs.ErrPermission, "", nil},
		{"/t/.p_treestamps.yaml", state.ErrTreestamps, "/t", []string{"p"}},
		{"/a b/.p q_treestamps.wal.yaml", state.ErrTreestamps, "/a b", []string{"p q"}},
	} {
		dir, programs := Importable(&state.StateError{Path: test.path, Err: test.err})
		if dir != test.dir || !slices.Equal(programs, test.want) {
			t.Errorf("%s: %v: %q, %q, want %q, %q", test.path, test.err, dir, programs, test.dir, test.want)
		}
	}
}
