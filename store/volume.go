package store

// volume is the file system that a file or directory lies on.
type volume struct {
	dev uint64 // 0 where it is not known
	// id tells file systems apart and is the same whenever one is mounted, ""
	// where nothing is known that does.
	id string
	// local says that this machine's kernel sets its mtimes.
	local bool
	// clock says that a file which is touched bears the time that writes bear:
	// sshfs and SMB give it the client's, and writes the server's.
	clock bool
}

// sameClock reports whether the mtimes of two file systems come from one clock,
// which touching a file on v shows.
func (v volume) sameClock(o volume) bool {
	return v.clock && v.dev != 0 && v.dev == o.dev || v.local && o.local
}
