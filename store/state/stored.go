package state

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"treefilter/store/internal/disk"
)

// StoredTree is a tree that has state files of the program in a state directory.
type StoredTree struct {
	// Root is that of the tree as far as it is known: "" where neither its folder nor
	// what lies there names it. Of one that is not Named it is what it is named for.
	Root string
	// Folder holds the state files.
	Folder string
	// Named reports whether the folder is that of Root by these options: one that was
	// named from another base, or from none, is not.
	Named bool
}

// StoredTrees lists the trees of the program in the state directory, by root.
func StoredTrees(opt Options) (list []StoredTree, err error) {
	opt, err = opt.withDefaults()
	if err == nil {
		err = opt.stateErr
	}
	if err != nil {
		return nil, err
	}
	folders, err := disk.ListFolders(opt.fsys, opt.StateDir)
	if err != nil {
		return nil, err
	}
	for folder := range folders {
		n := disk.NamesOf(filepath.Join(opt.StateDir, folder), opt.Program)
		if !opt.holdsState(n) {
			continue
		}
		key, whole := disk.ReadFolder(folder)
		if !whole {
			key = opt.storedRoot(n, folder)
		}
		list = append(list, opt.storedTree(n.Dir, key))
	}
	slices.SortFunc(list, func(a, b StoredTree) int {
		return strings.Compare(a.Root+"\x00"+a.Folder, b.Root+"\x00"+b.Folder)
	})
	return list, nil
}

func (o Options) holdsState(n disk.Names) bool {
	return slices.ContainsFunc([]string{n.Snapshot, n.WAL, n.Segments}, func(file string) bool {
		_, err := o.fsys.Lstat(file)
		return !disk.IsAbsent(err)
	})
}

// storedRoot returns what state files say that their folder is named for, "" where
// that is unknown.
func (o Options) storedRoot(n disk.Names, folder string) string {
	n.Base, n.Err = o.StateDir, o.stateErr
	st := load(o, n)
	defer st.Close()
	said := []string{st.Header.Root}
	if st.wal != nil {
		for _, s := range st.wal.Sessions {
			said = append(said, s.Root)
		}
	}
	for _, root := range said {
		if string(disk.AppendFolder(nil, root)) == folder {
			return root
		}
	}
	return ""
}

// storedTree is what a folder is whose name stands for key: see stateKey.
func (o Options) storedTree(folder, key string) StoredTree {
	t := StoredTree{Root: key, Folder: folder}
	switch absolute := filepath.IsAbs(filepath.FromSlash(key)); {
	case key == "":
	case o.StateBase == "":
		t.Named = absolute
	case !absolute:
		t.Root, t.Named = path.Join(o.StateBase, key), true
	}
	return t
}
