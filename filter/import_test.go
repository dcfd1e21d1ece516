package filter

import (
	"testing"

	"treefilter/store/state"
	"treefilter/store/treestamps"
)

func TestGather(t *testing.T) {
	at := func(sec int64) state.Time { return state.Time{Sec: sec} }
	file := func(path, made string, stamps ...treestamps.Stamp) *treestamps.File {
		return &treestamps.File{Path: path, Made: made, Stamps: stamps}
	}
	p := gather(root{real: "/t"}, []*treestamps.File{
		file("/t/.p_treestamps.yaml", "x",
			treestamps.Stamp{Path: "a", Time: at(5)}, treestamps.Stamp{Path: "b", Time: at(5)},
			treestamps.Stamp{Path: "", Time: at(1)}, treestamps.Stamp{Path: "sub/d", Time: at(5)},
			treestamps.Stamp{Path: "late", Time: at(11)}, treestamps.Stamp{Path: "both", Time: at(11)},
			treestamps.Stamp{Path: "both", Time: at(5)}),
		file("/t/.p_treestamps.wal.yaml", "x",
			treestamps.Stamp{Path: "a", Time: at(6)}, treestamps.Stamp{Path: "b", Time: at(4)}),
		file("/t/sub/.p_treestamps.yaml", "x",
			treestamps.Stamp{Path: "c", Time: at(7)}, treestamps.Stamp{Path: "", Time: at(2)},
			treestamps.Stamp{Path: "d", Time: at(8)}),
		file("/t/sub/.p_treestamps.wal.yaml", "y", treestamps.Stamp{Path: "c", Time: at(9)}),
	}, "x", at(10))
	for path, want := range map[string]state.Time{
		"": at(1), "a": at(6), "b": at(5), "sub": at(2), "sub/c": at(7), "sub/d": at(8), "c": {}, "d": {},
		"late": {}, "both": at(5),
	} {
		if got := p.at(path); got != want {
			t.Errorf("%q: %v, want %v", path, got, want)
		}
	}
}
