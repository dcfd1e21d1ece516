package filter

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"treefilter/store/state"
	"treefilter/walk"
)

// absence reports which files of a tree are gone. For one goroutine.
type absence struct {
	dir     string // of the tree, as the user named it
	at      *walk.Below
	certain bool // what is missing is gone: no disk is out of reach

	// What is missing in a directory, as found last, is gone unless err says
	// why that is unknown.
	below string
	known bool
	err   error
}

func newAbsence(dir string) (*absence, error) {
	at, err := walk.OpenBelow(dir)
	return &absence{dir: dir, at: at}, err
}

// forget makes every answer a new one.
func (a *absence) forget() {
	a.at.Forget()
	a.known = false
}

// gone reports whether there is no file of that path, relative to the tree. A link
// stays, wherever it leads: it may have been followed. On an error that is unknown.
func (a *absence) gone(rel string) (bool, error) {
	info, err := a.at.Lstat(rel)
	if err == nil {
		// What stands in its place will never be statted, but for a link.
		return !info.Regular && !info.Link, nil
	}
	if !isGone(err) {
		return false, err
	}
	below, _ := splitGiven(rel)
	if !a.known || below != a.below {
		a.below, a.known, a.err = below, true, a.unreachable(strings.TrimSuffix(below, "/"))
	}
	return a.err == nil, a.err
}

func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// unreachable reports why what is missing in a directory may be out of reach
// only. The deepest directory on the way that is there decides: an empty one may
// be the mount point of a disk, a link that leads nowhere may lead to one.
func (a *absence) unreachable(dir string) error {
	if a.certain {
		return nil
	}
	for dir != "" {
		info, err := a.at.Lstat(dir)
		switch {
		case err == nil && (info.IsDir || info.Link):
			return a.emptied(dir)
		case err == nil:
			return nil // something else stands there now
		case !isGone(err):
			return err
		}
		dir, _ = splitGiven(dir)
		dir = strings.TrimSuffix(dir, "/")
	}
	return nil
}

func (a *absence) emptied(dir string) error {
	path := filepath.Join(a.dir, filepath.FromSlash(dir))
	empty, err := isEmpty(path, "")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &pathError{path, &OutOfReachError{"leads nowhere: stamps below it are kept"}}
	case errors.Is(err, syscall.ENOTDIR):
		return nil // a link to a file
	case empty && err == nil:
		return &pathError{path, &OutOfReachError{"empty, perhaps an unmounted disk: stamps below it are kept"}}
	}
	return err
}

// isEmpty reports whether a directory holds nothing but state files, and perhaps
// the directory that is meant for them.
func isEmpty(dir, stateDir string) (bool, error) {
	d, err := os.Open(dir)
	if err != nil {
		return false, err
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(64)
		for _, name := range names {
			if !state.IsStateName(name) && (stateDir == "" || !samePlace(filepath.Join(dir, name), stateDir)) {
				return false, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", dir, err)
		}
	}
}

func samePlace(a, b string) bool {
	x, err := os.Stat(a)
	y, errB := os.Stat(b)
	return err == nil && errB == nil && os.SameFile(x, y)
}
