package state

import (
	"path/filepath"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/wal"
)

// Options say which stamps of a tree count, and how writers behave.
type Options struct {
	// Program names the state files; empty means DefaultProgram.
	Program string
	// Config is the program config. Stamps made under another do not count.
	Config format.Config
	// Depends are the files that Config depends on. Each tree's own config has
	// them as they are named from its root: see Tree.Config.
	Depends []format.Dependency
	// AnyConfig makes stamps count whatever config they were made under. New
	// ones bear Config, or where that is empty the config of the newest.
	AnyConfig bool
	// AsStored makes those stamps count that were made under the tree's newest config,
	// whatever Config says: for looking only.
	AsStored bool
	// LockWait bounds the wait for another writer; 0 means a minute.
	LockWait time.Duration

	// StateDir, where not empty, is the directory that holds the state files,
	// in a folder for each root. Those in the trees are then not looked at. It
	// is made when something is first written.
	StateDir string

	stateErr error   // why StateDir cannot be used
	fsys     disk.FS // nil: the operating system's
}

func (o Options) withDefaults() (Options, error) {
	if o.Program == "" {
		o.Program = disk.DefaultProgram
	}
	if o.LockWait == 0 {
		o.LockWait = wal.DefaultLockWait
	}
	if o.fsys == nil {
		o.fsys = disk.OS{}
	}
	if err := disk.CheckProgram(o.Program); err != nil || o.StateDir == "" {
		return o, err
	}
	o.StateDir, o.stateErr = disk.ResolveStateDir(o.fsys, o.StateDir)
	return o, nil
}

// names returns the paths of the state files of a root.
func (o Options) names(root string) disk.Names {
	if o.StateDir == "" {
		return disk.NamesOf(root, o.Program)
	}
	n := disk.NamesOf(filepath.Join(o.StateDir, string(disk.AppendFolder(nil, root))), o.Program)
	n.Base, n.Err = o.StateDir, o.stateErr
	return n
}
