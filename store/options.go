package store

import (
	"path/filepath"
	"time"
)

// Options say which stamps of a tree count, and how writers behave.
type Options struct {
	// Program names the state files; empty means DefaultProgram.
	Program string
	// Config is the program config. Stamps made under another do not count.
	Config Config
	// Depends are the files that Config depends on. Each tree's own config has
	// them as they are named from its root: see Tree.Config.
	Depends []Dependency
	// AnyConfig makes stamps count whatever config they were made under. New
	// ones bear Config, or where that is empty the config of the newest.
	AnyConfig bool
	// LockWait bounds the wait for another writer; 0 means a minute.
	LockWait time.Duration

	// StateDir, where not empty, is the directory that holds the state files,
	// in a folder for each root. Those in the trees are then not looked at. It
	// is made when something is first written.
	StateDir string

	stateErr error      // why StateDir cannot be used
	fsys     fileSystem // nil: the operating system's
}

func (o Options) withDefaults() (Options, error) {
	if o.Program == "" {
		o.Program = DefaultProgram
	}
	if o.LockWait == 0 {
		o.LockWait = defaultLockWait
	}
	if o.fsys == nil {
		o.fsys = osFS{}
	}
	if err := CheckProgram(o.Program); err != nil || o.StateDir == "" {
		return o, err
	}
	o.StateDir, o.stateErr = resolveStateDir(o.fsys, o.StateDir)
	return o, nil
}

// names returns the paths of the state files of a root.
func (o Options) names(root string) names {
	if o.StateDir == "" {
		return stateNames(root, o.Program)
	}
	n := stateNames(filepath.Join(o.StateDir, string(appendFolder(nil, root))), o.Program)
	n.base, n.err = o.StateDir, o.stateErr
	return n
}
