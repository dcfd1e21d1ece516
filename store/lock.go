package store

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// defaultLockWait is how long a writer waits for another one. A dump of a
// million stamps holds the lock for a second or two.
const defaultLockWait = 60 * time.Second

// ErrLocked is that another process held a tree's lock for too long.
var ErrLocked = errors.New("locked by another process")

// lockWAL opens the WAL, creates it where it is missing, and takes its lock.
// The file that was opened may have been unlinked by a dump in the meantime:
// what is appended then would be lost, so after the lock the name must still
// lead to it. f, where not nil, is the WAL as opened before. Where the lock
// cannot be had, the file is returned all the same, unless it was given up: it
// may hold records that have yet to be synced.
func lockWAL(fsys fileSystem, n names, f file, wait time.Duration) (file, fileInfo, error) {
	deadline := time.Now().Add(wait)
	for try := 1; ; try++ {
		if f == nil {
			opened, _, err := openState(fsys, n.wal, os.O_RDWR|os.O_APPEND|os.O_CREATE)
			if missing(err) && n.base != "" && try <= 100 {
				// No folder yet, or another process has just removed it, empty.
				if err = n.make(fsys); err == nil {
					continue
				}
			}
			if err != nil {
				return nil, fileInfo{}, err
			}
			f = opened
		}
		if err := waitLock(f, deadline, wait); err != nil {
			return f, fileInfo{}, err
		}
		info, current, err := isCurrent(fsys, n.wal, f)
		if err != nil {
			return f, fileInfo{}, errors.Join(err, f.unlock())
		}
		if current {
			return f, info, nil
		}
		if err := f.Close(); err != nil {
			return nil, fileInfo{}, err
		}
		// A file system whose inode numbers do not last would keep us here.
		if f = nil; try > 100 && time.Now().After(deadline) {
			return nil, fileInfo{}, fmt.Errorf("replaced again and again for %v", wait)
		}
	}
}

// waitLock polls, since a blocking flock cannot be given up.
func waitLock(f file, deadline time.Time, wait time.Duration) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		free, err := f.tryLock()
		if err != nil || free {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w for more than %v", ErrLocked, wait)
		}
		time.Sleep(pause)
	}
}

// isCurrent tells whether a locked WAL is still the one that its name leads to.
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
