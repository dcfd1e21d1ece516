package wal

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// DefaultLockWait is how long a writer waits for another one. A dump of a
// million stamps holds the lock for a second or two.
const DefaultLockWait = 60 * time.Second

// ErrLocked is that another process held a tree's lock for too long.
var ErrLocked = errors.New("locked by another process")

// Holding is read-locked as long as this process holds the lock of a WAL.
var Holding sync.RWMutex

// Unlocked calls f while this process holds the lock of no WAL, and takes none:
// a process that is stopped with one would keep all others waiting.
func Unlocked(f func()) {
	Holding.Lock()
	defer Holding.Unlock()
	f()
}

// walLock takes the lock of a tree: that of its WAL.
type walLock struct {
	fsys     disk.FS
	names    disk.Names
	wait     time.Duration
	deadline time.Time
	// head is what a new WAL begins with.
	head func() []byte
	made bool // we have made it
	// replaced is called with a WAL before it is given up for another.
	replaced func(disk.File)
}

// take opens the WAL, makes it where it is missing, and takes its lock. f, where
// not nil, is the WAL as opened before. A dump may have removed it meanwhile, and
// what is appended then would be lost: so after the lock the name must still lead
// to it. Where the lock cannot be had, the file is returned all the same, unless
// it was given up: it may hold records that have yet to be synced.
func (l *walLock) take(f disk.File) (disk.File, disk.Info, error) {
	l.deadline = time.Now().Add(l.wait)
	for try := 1; ; try++ {
		if f == nil {
			opened, err := l.open(l.names.WAL, 0)
			if disk.IsMissing(err) {
				made, info, err := l.make()
				if made != nil || err != nil {
					return made, info, err
				}
			} else if err != nil {
				return nil, disk.Info{}, err
			}
			f = opened
		}
		if f != nil {
			info, current, err := l.lock(f, l.names.WAL)
			if err != nil || current {
				return f, info, err
			}
			l.replaced(f)
			if err := f.Close(); err != nil {
				return nil, disk.Info{}, err
			}
			f = nil
		}
		// A file system whose inode numbers do not last would keep us here.
		if try > 100 && time.Now().After(l.deadline) {
			return nil, disk.Info{}, fmt.Errorf("replaced again and again for %v", l.wait)
		}
	}
}

// open opens a state file, and makes the folder that it is to be made in.
func (l *walLock) open(path string, create int) (disk.File, error) {
	for try := 1; ; try++ {
		f, _, err := disk.OpenState(l.fsys, path, os.O_RDWR|os.O_APPEND|create)
		if create == 0 || !disk.IsMissing(err) || l.names.Base == "" || try > 100 {
			return f, err
		}
		// No folder yet, or another process has just removed it, empty.
		if err := l.names.Make(l.fsys); err != nil {
			return nil, err
		}
	}
}

// lock takes the lock of a file, and reports whether it has it: not when the name
// leads elsewhere by now.
func (l *walLock) lock(f disk.File, path string) (disk.Info, bool, error) {
	if err := waitLock(f, l.deadline, l.wait); err != nil {
		return disk.Info{}, false, err
	}
	info, current, err := isCurrent(l.fsys, path, f)
	if err != nil || !current {
		return info, false, errors.Join(err, unlockWAL(f))
	}
	return info, true, nil
}

// make makes the WAL, and returns none where another process was quicker. It gets
// its name when its first record is durable: so a WAL without a sound record is
// damaged, and not what a crash has left of one that said nothing yet. Until then
// it is a temporary file, and the process that has the lock of that makes the WAL.
func (l *walLock) make() (disk.File, disk.Info, error) {
	temp := l.names.WAL + disk.TempSuffix
	f, err := l.open(temp, os.O_CREATE)
	if errors.Is(err, format.ErrForeign) {
		err = disk.Wrap(temp, err) // else it would be laid at the door of the WAL
	}
	if err != nil {
		return nil, disk.Info{}, err
	}
	info, ours, err := l.lock(f, temp)
	if err != nil || !ours {
		return nil, disk.Info{}, errors.Join(err, f.Close())
	}
	if _, err = l.fsys.Lstat(l.names.WAL); disk.IsMissing(err) {
		if info, err = l.begin(f, info, temp); err == nil {
			l.made = true
			return f, info, nil
		}
	}
	return nil, disk.Info{}, errors.Join(err, l.fsys.Remove(temp), unlockWAL(f), f.Close())
}

// begin writes the first record of a WAL and gives it its name.
func (l *walLock) begin(f disk.File, info disk.Info, temp string) (disk.Info, error) {
	if info.Size > 0 { // left by one that was killed
		if err := f.Truncate(0); err != nil {
			return info, err
		}
	}
	if err := GiveToOwner(l.fsys, l.names.Dir, f); err != nil {
		return info, err
	}
	if _, err := f.Write(l.head()); err != nil {
		return info, err
	}
	if err := f.Sync(); err != nil {
		return info, err
	}
	if err := l.fsys.Rename(temp, l.names.WAL); err != nil {
		return info, err
	}
	return f.Stat()
}

// waitLock polls, since a blocking flock cannot be given up.
func waitLock(f disk.File, deadline time.Time, wait time.Duration) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		Holding.RLock()
		free, err := f.TryLock()
		if err == nil && free {
			return nil
		}
		Holding.RUnlock()
		if err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w for more than %v", ErrLocked, wait)
		}
		time.Sleep(pause)
	}
}

func unlockWAL(f disk.File) error {
	defer Holding.RUnlock()
	return f.Unlock()
}

// isCurrent reports whether a locked WAL is still the one that its name leads to.
func isCurrent(fsys disk.FS, path string, f disk.File) (disk.Info, bool, error) {
	info, err := f.Stat()
	if err != nil {
		return info, false, err
	}
	if info.Links == 0 {
		return info, false, nil
	}
	if err := info.Check(); err != nil {
		return info, false, err
	}
	named, err := fsys.Lstat(path)
	if disk.IsMissing(err) {
		return info, false, nil
	}
	return info, err == nil && named.SameFile(info), err
}

// GiveToOwner gives a state file that root has made to the owner of the
// directory: a run as root must not keep the user's own runs out. It must hold
// nothing that we have not written: a file of root's may have been moved there.
func GiveToOwner(fsys disk.FS, dir string, f disk.File) error {
	if os.Geteuid() != 0 {
		return nil
	}
	owner, err := fsys.Lstat(dir)
	if err != nil || owner.Uid <= 0 {
		return err
	}
	info, err := f.Stat()
	if err != nil || info.Uid != 0 {
		return err
	}
	return f.Chown(owner.Uid, owner.Gid)
}
