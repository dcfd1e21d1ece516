package store

// volume is the file system that a directory lies on.
type volume struct {
	dev uint64 // 0 where it is not known
	// id tells file systems apart and is the same whenever one is mounted, ""
	// where nothing is known that does.
	id string
	// local tells that this machine's kernel sets its mtimes.
	local bool
}

// sameClock tells whether the mtimes of two file systems come from one clock.
func (v volume) sameClock(o volume) bool {
	return v.dev != 0 && v.dev == o.dev || v.local && o.local
}
