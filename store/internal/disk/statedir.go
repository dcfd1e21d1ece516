package disk

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"treefilter/store/internal/format"
)

// A state directory holds the state files of many trees, each in a folder that
// is named for the tree's root. The trees themselves are neither written to
// nor searched for state.

const (
	// MaxFolder bounds a folder's name: no file system in use allows less than
	// 255 bytes, and an encrypted one takes some of these.
	MaxFolder = 200
	// hashMark stands before the hash at the end of some names. No escaped byte
	// reads like that.
	hashMark = "%-"
	// hashDigits makes 128 bits: of 64, two names that collide were found in three
	// minutes.
	hashDigits = 32
)

// AppendFolder writes the name of the folder of a tree with that root: "/" as
// "+", and as %xx what a file system might not take. A name that is too long
// is cut and ends in a hash of the root; so does one with other than small
// ASCII letters, since a file system may take "A" for "a", and the stamps of
// one tree must not pass for another's.
func AppendFolder(b []byte, root string) []byte {
	start, cut, hashed := len(b), len(b), false
	for i, size := 0, 0; i < len(root); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(root[i:])
		switch {
		case r == '/':
			b = append(b, '+')
		case r == utf8.RuneError && size == 1, !unicode.IsPrint(r), strings.ContainsRune(`+%<>:"\|?*`, r),
			i+1 == len(root) && (r == ' ' || r == '.'): // which Windows strips
			for _, c := range []byte(root[i : i+size]) {
				b = fmt.Appendf(b, "%%%02x", c)
			}
		default:
			b = append(b, root[i:i+size]...)
			hashed = hashed || r >= utf8.RuneSelf || r >= 'A' && r <= 'Z'
		}
		if len(b)-start <= MaxFolder-len(hashMark)-hashDigits {
			cut = len(b)
		}
	}
	if !hashed && len(b)-start <= MaxFolder {
		return b
	}
	sum := sha256.Sum256([]byte(root))
	return append(append(b[:cut], hashMark...), hex.EncodeToString(sum[:])[:hashDigits]...)
}

// ReadFolder returns the root that a folder is named for, and whether the whole of
// it can be read from the name: it cannot where that was cut.
func ReadFolder(name string) (root string, whole bool) {
	escaped := name
	if end := len(name) - len(hashMark) - hashDigits; end >= 0 && name[end:end+len(hashMark)] == hashMark {
		escaped = name[:end]
	}
	var b []byte
	for i := 0; i < len(escaped); i++ {
		switch c := escaped[i]; {
		case c == '+':
			b = append(b, '/')
		case c == '%' && i+2 < len(escaped):
			raw, err := hex.DecodeString(escaped[i+1 : i+3])
			if err != nil {
				return "", false
			}
			b = append(b, raw[0])
			i += 2
		default:
			b = append(b, c)
		}
	}
	return string(b), string(AppendFolder(nil, string(b))) == name
}

// ResolveStateDir returns the absolute path of a state directory, which need
// not be there yet, without links, and why what lies there is not believed:
// the user who made a directory or a link on the way decides where it leads.
func ResolveStateDir(fsys FS, dir string) (real string, err error) {
	abs, err := absolute(dir)
	if err != nil {
		return dir, fmt.Errorf("%s: %w", dir, err)
	}
	const maxLinks = 255
	at, rest := splitVolume(abs)
	for links := 0; len(rest) > 0; {
		next := filepath.Join(at, rest[0])
		if rest[0] == ".." {
			next = filepath.Dir(at)
		}
		rest = rest[1:]
		info, err := fsys.Lstat(next)
		if err == nil && planted(fsys, next, info) {
			return abs, Wrap(next, errPlanted)
		}
		if err != nil || info.Mode&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		to, err := os.Readlink(next)
		if links++; err != nil || links > maxLinks {
			return abs, nil // opening it will show what is wrong
		}
		above, names := splitVolume(to)
		if filepath.IsAbs(to) {
			at = above
		}
		rest = slices.Concat(names, rest)
	}
	return at, nil
}

// absolute makes a path absolute. It leaves "..", which may lead out of a link's
// end, where it is.
func absolute(path string) (string, error) {
	switch {
	case !format.HasParent(filepath.ToSlash(path)):
		return filepath.Abs(path)
	case filepath.IsAbs(path):
		return path, nil
	}
	wd, err := os.Getwd()
	return wd + string(filepath.Separator) + path, err
}

// splitVolume splits a path into its names, and what they begin at.
func splitVolume(path string) (volume string, names []string) {
	volume = filepath.VolumeName(path)
	names = strings.Split(filepath.ToSlash(path[len(volume):]), "/")
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" || name == "." })
	return volume + string(filepath.Separator), names
}

// ListFolders returns the names of what a state directory holds.
func ListFolders(fsys FS, dir string) (map[string]bool, error) {
	list, err := fsys.List(dir)
	if IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, Wrap(dir, err)
	}
	folders := make(map[string]bool, len(list))
	for _, name := range list {
		folders[name] = true
	}
	return folders, nil
}

// Usable reports why the directory that is to hold the state files must not be
// used. Where anybody may make directories, a stranger could have made the one
// that is going to be ours.
func (n Names) Usable(fsys FS) error {
	if n.Err != nil || n.Base == "" {
		return n.Err
	}
	for _, dir := range []string{n.Base, n.Dir} {
		info, err := fsys.Lstat(dir)
		if IsMissing(err) {
			return nil
		}
		if err == nil && planted(fsys, dir, info) {
			err = errPlanted
		}
		if err != nil {
			return Wrap(dir, err)
		}
	}
	return nil
}

// Absent reports that there is no folder yet, and so nothing in it.
func (n Names) Absent(fsys FS) bool {
	_, err := fsys.Lstat(n.Dir)
	return n.Base != "" && n.Err == nil && IsMissing(err)
}

// Make makes the folder of a tree, and what is missing above it. A directory is
// made only once the one that it stands in is durable: so a process that finds the
// folder need not look further up than to the folder's own name.
func (n Names) Make(fsys FS) error {
	var absent []string
	at := n.Dir
	for ; ; at = filepath.Dir(at) {
		_, err := fsys.Lstat(at)
		if err == nil {
			break
		}
		if !IsMissing(err) || at == filepath.Dir(at) {
			return Wrap(at, err)
		}
		absent = append(absent, at)
	}
	// Another process may have made that one just now. Where we may not even
	// read, none of ours has.
	err := fsys.SyncDir(filepath.Dir(at))
	if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EINVAL) {
		return Wrap(filepath.Dir(at), err)
	}
	for _, dir := range slices.Backward(absent) {
		if err := makeFolder(fsys, dir); err != nil {
			return Wrap(dir, err)
		}
		if err := fsys.SyncDir(filepath.Dir(dir)); err != nil {
			return Wrap(dir, err)
		}
	}
	_, err = ResolveStateDir(fsys, n.Dir) // a stranger may have been quicker
	return err
}

// makeFolder makes a directory, unless another process was quicker. One that root
// makes belongs to the owner of the directory above it.
func makeFolder(fsys FS, dir string) error {
	err := fsys.Mkdir(dir)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil || os.Geteuid() != 0 {
		return err
	}
	above, err := fsys.Lstat(filepath.Dir(dir))
	if err != nil || above.Uid <= 0 {
		return err
	}
	return fsys.Chown(dir, above.Uid, above.Gid)
}

// Sync makes the names of the state files durable, and that of their folder.
func (n Names) Sync(fsys FS) error {
	err := fsys.SyncDir(n.Dir)
	if err == nil && n.Base != "" {
		err = fsys.SyncDir(n.Base)
	}
	return err
}
