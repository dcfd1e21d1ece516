package store

import "fmt"

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

// checkVolume refuses an id that is none of ours.
func checkVolume(id string) (string, error) {
	const longest = 100
	if len(id) > longest {
		return "", fmt.Errorf("filesystem of %d bytes", len(id))
	}
	return id, nil
}

// Moved reports whether the tree lies on another file system than it did when
// its newest stamps were made, and what is known of the two. Where one is not
// known it has not.
func (t *Tree) Moved() (then, now string, moved bool) {
	then, now = t.loaded().volume(), t.opt.fsys.volume(t.root).id
	return then, now, then != "" && now != "" && then != now
}

// sameClock reports whether the mtimes of two file systems come from one clock,
// which touching a file on v shows.
func (v volume) sameClock(o volume) bool {
	return v.clock && v.dev != 0 && v.dev == o.dev || v.local && o.local
}
