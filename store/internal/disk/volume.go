package disk

// Volume is the file system that a file or directory lies on.
type Volume struct {
	Dev uint64 // 0 where it is not known
	// ID identifies a file system and is the same whenever that is mounted, ""
	// where nothing is known that does.
	ID string
	// Local says that this machine's kernel sets its mtimes.
	Local bool
	// Clock says that a file which is touched bears the time that writes bear:
	// sshfs and SMB give it the client's, and writes the server's.
	Clock bool
	// Shared says that other machines may write to it, which locks need not keep out.
	Shared bool
	// Boot is the present boot of the machine where the ctimes of directories show
	// whether their names have changed since a moment of the same boot, else "".
	Boot string
}

// SameClock reports whether the mtimes of two file systems come from one clock,
// which touching a file on v shows.
func (v Volume) SameClock(o Volume) bool {
	return v.Clock && v.Dev != 0 && v.Dev == o.Dev || v.Local && o.Local
}
