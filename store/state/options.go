package state

import (
	"cmp"
	"fmt"
	"path/filepath"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/wal"
	"treefilter/store/internal/words"
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
	// DependsNames are the names of files that decide about what lies beside and below
	// them: stamps count only for those that were there then, with the contents that
	// they had.
	DependsNames []string
	// Defaults are what settings count as where a config lacks them: two configs are
	// the same if they are with these filled in on both sides. New stamps bear Config
	// as it is.
	Defaults format.Config
	// AnyConfig makes stamps count whatever config they were made under. New
	// ones bear Config, or where that is empty the config of the newest.
	AnyConfig bool
	// AsStored makes those stamps count that were made under the tree's newest config,
	// whatever Config says: for looking only.
	AsStored bool
	// LockWait bounds the wait for another writer; 0 means a minute.
	LockWait time.Duration

	// OwnWAL makes each Tree write a WAL of its own, a segment, also where locks keep
	// all other writers out: see ownSegment.
	OwnWAL bool

	// StateDir, where not empty, is the directory that holds the state files,
	// in a folder for each root. Those in the trees are then not looked at. It
	// is made when something is first written.
	StateDir string

	// StateBase, where not empty, is the directory that trees in StateDir are
	// named from, in place of the root of the file system: then they count wherever
	// it lies. Roots outside of it are an error.
	StateBase string

	stateErr error   // why StateDir cannot be used
	fsys     disk.FS // nil: the operating system's
	room     int     // for what a WAL says, in memory: see words.Room
}

// defaultRoom is set to less by tests.
var defaultRoom = words.DefaultRoom

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
	o.room = cmp.Or(o.room, defaultRoom)
	if err := disk.CheckProgram(o.Program); err != nil || o.StateDir == "" {
		return o, err
	}
	o.StateDir, o.stateErr = disk.ResolveStateDir(o.fsys, o.StateDir)
	if o.StateBase == "" {
		return o, nil
	}
	base, err := RealDir(o.StateBase)
	if err != nil {
		return o, fmt.Errorf("state base: %w", err)
	}
	o.StateBase = base
	return o, nil
}

// stateKey returns what a tree is named for in the state directory, given by its
// root: that, or its path below the base, "." for the base itself. Outside the base
// there is no tree.
func (o Options) stateKey(root string) (key string, ok bool) {
	if o.StateBase == "" {
		return root, true
	}
	key, ok = format.Below(root, o.StateBase)
	return cmp.Or(key, "."), ok
}

// refuse returns why a directory cannot be a root.
func (o Options) refuse(dir string) error {
	if _, ok := o.stateKey(dir); !ok {
		return fmt.Errorf("%s: outside the state base %s", dir, o.StateBase)
	}
	return nil
}

// names returns the paths of the state files of a root.
func (o Options) names(root string) disk.Names {
	if o.StateDir == "" {
		return disk.NamesOf(root, o.Program)
	}
	key, _ := o.stateKey(root)
	n := disk.NamesOf(filepath.Join(o.StateDir, string(disk.AppendFolder(nil, key))), o.Program)
	n.Base, n.Err = o.StateDir, o.stateErr
	return n
}
