package store

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// defaultLockWait is how long a writer waits for another one. A dump of a
// million stamps holds the lock for a second or two.
const defaultLockWait = 60 * time.Second

// ErrLocked is that another process held a tree's lock for too long.
var ErrLocked = errors.New("locked by another process")

// holding is read-locked as long as this process holds the lock of a WAL.
var holding sync.RWMutex

// Unlocked calls f while this process holds the lock of no WAL, and takes none:
// a process that is stopped with one would keep all others waiting.
func Unlocked(f func()) {
	holding.Lock()
	defer holding.Unlock()
	f()
}

// walLock takes the lock of a tree: that of its WAL.
type walLock struct {
	fsys     fileSystem
	names    names
	wait     time.Duration
	deadline time.Time
	// head is what a new WAL begins with.
	head func() []byte
	made bool // we have made it
	// replaced is called with a WAL before it is given up for another.
	replaced func(file)
}

// take opens the WAL, makes it where it is missing, and takes its lock. f, where
// not nil, is the WAL as opened before. A dump may have removed it meanwhile, and
// what is appended then would be lost: so after the lock the name must still lead
// to it. Where the lock cannot be had, the file is returned all the same, unless
// it was given up: it may hold records that have yet to be synced.
func (l *walLock) take(f file) (file, fileInfo, error) {
	l.deadline = time.Now().Add(l.wait)
	for try := 1; ; try++ {
		if f == nil {
			opened, err := l.open(l.names.wal, walFlag)
			if missing(err) {
				made, info, err := l.make()
				if made != nil || err != nil {
					return made, info, err
				}
			} else if err != nil {
				return nil, fileInfo{}, err
			}
			f = opened
		}
		if f != nil {
			info, current, err := l.lock(f, l.names.wal)
			if err != nil || current {
				return f, info, err
			}
			l.replaced(f)
			if err := f.Close(); err != nil {
				return nil, fileInfo{}, err
			}
			f = nil
		}
		// A file system whose inode numbers do not last would keep us here.
		if try > 100 && time.Now().After(l.deadline) {
			return nil, fileInfo{}, fmt.Errorf("replaced again and again for %v", l.wait)
		}
	}
}

// open opens a state file, and makes the folder that it is to be made in.
func (l *walLock) open(path string, create int) (file, error) {
	for try := 1; ; try++ {
		f, _, err := openState(l.fsys, path, os.O_RDWR|os.O_APPEND|create)
		if create == 0 || !missing(err) || l.names.base == "" || try > 100 {
			return f, err
		}
		// No folder yet, or another process has just removed it, empty.
		if err := l.names.make(l.fsys); err != nil {
			return nil, err
		}
	}
}

// lock takes the lock of a file, and reports whether it has it: not when the name
// leads elsewhere by now.
func (l *walLock) lock(f file, path string) (fileInfo, bool, error) {
	if err := waitLock(f, l.deadline, l.wait); err != nil {
		return fileInfo{}, false, err
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
// it is a temporary file, and who has the lock of that makes the WAL.
func (l *walLock) make() (file, fileInfo, error) {
	temp := l.names.wal + tempSuffix
	f, err := l.open(temp, os.O_CREATE)
	if errors.Is(err, errForeign) {
		err = stateError(temp, err) // else it would be laid at the door of the WAL
	}
	if err != nil {
		return nil, fileInfo{}, err
	}
	info, ours, err := l.lock(f, temp)
	if err != nil || !ours {
		return nil, fileInfo{}, errors.Join(err, f.Close())
	}
	if _, err = l.fsys.lstat(l.names.wal); missing(err) {
		if info, err = l.begin(f, info, temp); err == nil {
			l.made = true
			return f, info, nil
		}
	}
	return nil, fileInfo{}, errors.Join(err, l.fsys.remove(temp), unlockWAL(f), f.Close())
}

// begin writes the first record of a WAL and gives it its name.
func (l *walLock) begin(f file, info fileInfo, temp string) (fileInfo, error) {
	if info.size > 0 { // left by one that was killed
		if err := f.truncate(0); err != nil {
			return info, err
		}
	}
	if err := giveToOwner(l.fsys, l.names.dir, f); err != nil {
		return info, err
	}
	if _, err := f.Write(l.head()); err != nil {
		return info, err
	}
	if err := f.sync(); err != nil {
		return info, err
	}
	if err := l.fsys.rename(temp, l.names.wal); err != nil {
		return info, err
	}
	return f.stat()
}

// waitLock polls, since a blocking flock cannot be given up.
func waitLock(f file, deadline time.Time, wait time.Duration) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		holding.RLock()
		free, err := f.tryLock()
		if err == nil && free {
			return nil
		}
		holding.RUnlock()
		if err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w for more than %v", ErrLocked, wait)
		}
		time.Sleep(pause)
	}
}

func unlockWAL(f file) error {
	defer holding.RUnlock()
	return f.unlock()
}

// isCurrent reports whether a locked WAL is still the one that its name leads to.
func isCurrent(fsys fileSystem, path string, f file) (fileInfo, bool, error) {
	info, err := f.stat()
	if err != nil {
		return info, false, err
	}
	if info.links == 0 {
		return info, false, nil
	}
	if err := info.check(); err != nil {
		return info, false, err
	}
	named, err := fsys.lstat(path)
	if missing(err) {
		return info, false, nil
	}
	return info, err == nil && named.sameFile(info), err
}

// giveToOwner gives a state file that root has made to the owner of the
// directory: a run as root must not keep the user's own runs out. It must hold
// nothing that we have not written: a file of root's may have been moved there.
func giveToOwner(fsys fileSystem, dir string, f file) error {
	if os.Geteuid() != 0 {
		return nil
	}
	owner, err := fsys.lstat(dir)
	if err != nil || owner.uid <= 0 {
		return err
	}
	info, err := f.stat()
	if err != nil || info.uid != 0 {
		return err
	}
	return f.chown(owner.uid, owner.gid)
}
