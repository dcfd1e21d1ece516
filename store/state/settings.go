package state

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// settingFiles finds the setting files of a tree's directories: those of some names
// in each and in those above it, up to the tree's root. Each is
// read once. It may be used from several goroutines.
type settingFiles struct {
	root  string
	names []string

	mu   sync.Mutex
	dirs map[string]*dirSettings // by directory relative to the root
}

// dirSettings are the setting files of one directory.
type dirSettings struct {
	read  sync.Once
	dir   string       // absolute
	above *dirSettings // those of the directory above, nil at the root
	here  []settingFile
	files []format.SettingFile // of all from the root on down to here
	text  string               // of these, as stamps hold it
	err   error                // why that is not known
}

// settingFile is a setting file as it was read.
type settingFile struct {
	path string // absolute
	sum  [format.SettingSum]byte
	seen settingStat
}

// settingStat is what a stat shows of a setting file, zero where there is none. It is no
// longer the file that was read once anything of it is another.
type settingStat struct {
	exists      bool
	dev, ino    uint64
	size        int64
	mtime, link format.Time // link is that of the link which leads to it, if one does
}

// changed is when the file was modified, or made to lead to another one.
func (s *settingStat) changed() format.Time {
	if s.link.Compare(s.mtime) > 0 {
		return s.link
	}
	return s.mtime
}

// lookForSettings makes the setting files count whose names the tree's config holds.
func (t *Tree) lookForSettings() {
	t.settings, t.app.Varies = nil, false
	if names := t.under.Config.Names(); len(names) > 0 {
		t.settings = &settingFiles{root: t.root, names: names, dirs: map[string]*dirSettings{}}
		t.app.Varies = true
	}
}

// SettingError is a setting file for which files have no stamp, and get none.
type SettingError struct {
	Path string
	Err  error
}

func (e *SettingError) Error() string { return e.Path + ": " + e.Err.Error() }
func (e *SettingError) Unwrap() error { return e.Err }

var errSettingEdited = errors.New("modified since it was read: the files below it are not stamped")

// of returns the settings of a directory, relative to the root and "" for its own.
func (s *settingFiles) of(dir string) *dirSettings {
	s.mu.Lock()
	d := s.dirs[dir]
	if d == nil {
		dir = strings.Clone(dir)
		d = &dirSettings{dir: path.Join(s.root, dir)}
		s.dirs[dir] = d
	}
	s.mu.Unlock()
	d.read.Do(func() {
		if dir != "" {
			outer, _ := format.SplitPath(dir)
			d.above = s.of(outer)
		}
		d.find(dir, s.names)
	})
	return d
}

// find reads the files of a directory. Without one of its own, it shares what holds
// above it.
func (d *dirSettings) find(rel string, names []string) {
	if d.above != nil {
		d.files, d.text, d.err = d.above.files, d.above.text, d.above.err
	}
	for _, name := range names {
		f, err := readSettingFile(path.Join(d.dir, name))
		if err != nil && d.err == nil {
			d.err = &SettingError{f.path, fmt.Errorf("%w: the files below it need work", err)}
		}
		d.here = append(d.here, f)
		if f.seen.exists {
			d.files = append(d.files[:len(d.files):len(d.files)], format.SettingFile{Path: format.JoinPath(rel, name), Sum: f.sum})
		}
	}
	if d.above != nil && len(d.files) == len(d.above.files) {
		return
	}
	text, err := format.SettingsText(d.files)
	if d.text = text; err != nil && d.err == nil {
		d.err = &SettingError{d.dir, err}
	}
}

// readSettingFile reads a setting file, through a link if it is one.
func readSettingFile(path string) (f settingFile, err error) {
	f.path = path
	if f.seen, err = statSetting(path); err != nil || !f.seen.exists {
		return f, err
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return f, withoutPath(err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return f, withoutPath(err)
	}
	copy(f.sum[:], sum.Sum(nil))
	// What was read is the content of one moment if the file is still as it was found.
	return f, f.check()
}

// statSetting stats a setting file. A directory of its name is none.
func statSetting(path string) (s settingStat, err error) {
	info, err := disk.OS{}.Stat(path)
	switch {
	case isNoFile(err), err == nil && info.Mode.IsDir():
		return s, nil
	case err != nil:
		return s, withoutPath(err)
	case !info.Mode.IsRegular():
		return s, errors.New("not a regular file")
	}
	link, err := disk.OS{}.Lstat(path)
	if err != nil {
		return s, withoutPath(err)
	}
	return settingStat{true, info.Dev, info.Ino, info.Size, info.Mtime, link.Mtime}, nil
}

// isNoFile reports whether it is certain that there is no such file. A path may be too
// long to be looked for in one piece.
func isNoFile(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// withoutPath takes out of an error what a SettingError says.
func withoutPath(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// check reports that a file is no longer what was read.
func (f *settingFile) check() error {
	if now, err := statSetting(f.path); err != nil || now != f.seen {
		return errSettingEdited
	}
	return nil
}

// check returns why files of the directory get no stamp: a setting file cannot be read,
// is no longer what was read, or may have been modified at moment or after it. The zero
// moment is none.
func (d *dirSettings) check(moment format.Time) error {
	if d.err != nil {
		return d.err
	}
	for ; d != nil; d = d.above {
		for i := range d.here {
			f := &d.here[i]
			err := f.check()
			if err == nil && moment != (format.Time{}) && f.seen.exists && TickEnd(f.seen.changed()).Compare(moment) > 0 {
				err = errSettingLate
			}
			if err != nil {
				return &SettingError{f.path, err}
			}
		}
	}
	return nil
}

var errSettingLate = errors.New("modified since the work began, as far as is known: the files below it are not stamped")

// CheckSettings returns why a file, given by its path relative to the tree, would get no
// stamp: see Bind.
func (t *Tree) CheckSettings(path string) error {
	if t.settings == nil {
		return nil
	}
	dir, _ := format.SplitPath(path)
	return t.settings.of(dir).check(format.Time{})
}

// Bind gives stamps the setting files that decided about their files, as they were read.
// left are those that must not be made, since one of these cannot be read, is no longer
// what was read, or may have been modified at moment or after it (zero is none): the
// work may have seen another. why has each such file.
func (t *Tree) Bind(entries []format.Entry, moment format.Time) (bound, left []format.Entry, why []error) {
	if t.settings == nil {
		return entries, nil, nil
	}
	var at *dirSettings
	var err error
	for _, e := range entries {
		dir, _ := format.SplitPath(e.Path)
		if s := t.settings.of(dir); s != at {
			at = s
			if err = s.check(moment); err != nil {
				why = append(why, err)
			}
		}
		if err != nil {
			left = append(left, e)
			continue
		}
		e.Settings = at.text
		bound = append(bound, e)
	}
	return bound, left, why
}
