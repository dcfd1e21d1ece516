package filter

import (
	"testing"

	"treefilter/store"
)

func TestGather(t *testing.T) {
	at := func(sec int64) store.Time { return store.Time{Sec: sec} }
	file := func(path, made string, stamps ...store.TreestampsEntry) *store.Treestamps {
		return &store.Treestamps{File: path, Made: made, Stamps: stamps}
	}
	p := gather(root{real: "/t"}, []*store.Treestamps{
		file("/t/.p_treestamps.yaml", "x",
			store.TreestampsEntry{Path: "a", Time: at(5)}, store.TreestampsEntry{Path: "b", Time: at(5)},
			store.TreestampsEntry{Path: "", Time: at(1)}, store.TreestampsEntry{Path: "sub/d", Time: at(5)},
			store.TreestampsEntry{Path: "late", Time: at(11)}, store.TreestampsEntry{Path: "both", Time: at(11)},
			store.TreestampsEntry{Path: "both", Time: at(5)}),
		file("/t/.p_treestamps.wal.yaml", "x",
			store.TreestampsEntry{Path: "a", Time: at(6)}, store.TreestampsEntry{Path: "b", Time: at(4)}),
		file("/t/sub/.p_treestamps.yaml", "x",
			store.TreestampsEntry{Path: "c", Time: at(7)}, store.TreestampsEntry{Path: "", Time: at(2)},
			store.TreestampsEntry{Path: "d", Time: at(8)}),
		file("/t/sub/.p_treestamps.wal.yaml", "y", store.TreestampsEntry{Path: "c", Time: at(9)}),
	}, "x", at(10))
	for path, want := range map[string]store.Time{
		"": at(1), "a": at(6), "b": at(5), "sub": at(2), "sub/c": at(7), "sub/d": at(8), "c": {}, "d": {},
		"late": {}, "both": at(5),
	} {
		if got := p.at(path); got != want {
			t.Errorf("%q: %v, want %v", path, got, want)
		}
	}
}
