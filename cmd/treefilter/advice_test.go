package main

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"treefilter/filter"
)

func TestAdviceOnImport(t *testing.T) {
	reason := errors.New("x")
	for _, test := range []struct {
		err  error
		want string
	}{
		{reason, ""},
		{&fs.PathError{Op: "open", Path: "a", Err: fs.ErrPermission}, ""},
		{&filter.ImportError{Err: reason, Dir: "/t", Programs: []string{"p"}}, "treefilter import --from p /t takes over what it says"},
		{fmt.Errorf("/t: %w", &filter.ImportError{Err: reason, Dir: "/a b/it's", Programs: []string{"p q"}}),
			`treefilter import --from 'p q' '/a b/it'\''s' takes over what it says`},
		{&filter.ImportError{Err: reason, Dir: "/t", Programs: []string{"treefilter"}},
			"treefilter --program NAME import --from treefilter /t takes over what it says"},
		{&filter.ImportError{Err: reason, Dir: "/t", Programs: []string{"p", "q"}}, "--from one of p, q"},
		{&filter.WalkNotice{Root: "/t", Ignore: []string{"*.tmp", "a"}, Follow: true}, "--exclude '*.tmp' --exclude a --follow walks as it did"},
	} {
		if got := adviceOn(test.err); got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
}
