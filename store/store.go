// Package store remembers which files of a tree have been processed, so that a
// program that runs again does only what is left to do. It is the Go API of
// treefilter, and works on the same state files, at the same time if need be.
//
//	config, err := store.NewConfig(map[string]any{"quality": 90})
//	grove, err := store.Open([]string{"/data/photos", "/data/videos"},
//		store.Options{Program: "MyProgram", Config: config})
//	defer grove.Close()
//
//	photos, err := grove.Tree("/data/photos")
//	if _, ok := photos.Get("img001.jpg"); !ok {
//		process("/data/photos/img001.jpg")
//		err = photos.Set("img001.jpg")
//	}
//	err = grove.Dump()
//
// A [Tree] is a directory and its stamps, a [Grove] the trees of one run. A [Stamp]
// is the mtime that a file had when it was processed. Stamps count only under the
// [Config] that they were made under: under another quality every file needs work.
// Get, Set and Forget take the path of a file, Tree's relative to the tree and
// Grove's any. NeedsWork compares a file with its stamp.
//
// Set is seen by Get at once. Sync makes it durable, with the work that it speaks
// of; Dump does that too, and folds it into the snapshot, which pays once at the end
// of a run. What was not synced when the process ends is forgotten: those files are
// processed again.
//
// What it promises:
//
//   - A file belongs to one tree, and no other tree's stamps count for it.
//   - A stamp is returned only for the exact path that it was recorded for,
//     with the exact time, and only when it is certain that nothing newer was
//     said of that path. What is damaged, torn or not ours shows in Status.
//   - What Sync has made durable survives the end of the process and that of the
//     machine; and a stamp that does speaks of work that did, too. Any number of
//     processes may write at once, beside others that dump.
//   - A snapshot is never changed in place: after a crash there is the old one
//     or the new one, and the WAL goes only after the new one is durable.
//   - Reading takes no lock, waits for nothing and changes nothing. State files
//     that are links, pipes or devices are not opened; whatever a file holds,
//     it can neither lead outside the tree nor take memory without bound.
//
// To walk roots and get what needs work, with the same rule, see package filter.
// FORMAT.md specifies the state files.
package store

import (
	"time"

	"treefilter/store/rule"
	"treefilter/store/state"
)

// Options say which stamps count, and where they are kept.
type Options struct {
	// Program names the state files; empty means "treefilter".
	Program string
	// Config is the program config. Stamps made under another do not count.
	Config Config
	// StateDir, where not empty, is the directory that holds the state files, in a
	// folder for each root, in place of the roots.
	StateDir string
	// StateBase, where not empty, is the directory that those folders are named from,
	// so that it may move along with the roots in it.
	StateBase string
	// LockWait bounds the wait for another process that writes; 0 means a minute.
	LockWait time.Duration
}

// Grove is the trees of one run. It may be used from several goroutines.
type Grove struct{ grove *state.Grove }

// Open returns a grove for files below some roots, which are directories. Without a
// root, the current directory stands in for one. Nothing is read yet: state that
// cannot be read counts as missing, and shows in Status.
func Open(roots []string, opt Options) (*Grove, error) {
	g, err := state.Open(roots, state.Options{
		Program: opt.Program, Config: opt.Config, StateDir: opt.StateDir, StateBase: opt.StateBase, LockWait: opt.LockWait,
	})
	if err != nil {
		return nil, err
	}
	return &Grove{g}, nil
}

// Tree returns the tree that the files of a directory belong to: that of the nearest
// directory, at or above it, which holds state files of the program; where there is
// none, of the deepest root that it lies in. ErrNoTree is a directory in none.
func (g *Grove) Tree(dir string) (*Tree, error) {
	dir, err := state.RealDir(dir)
	if err != nil {
		return nil, err
	}
	t, err := g.grove.TreeOf(dir, nil)
	if err != nil {
		return nil, err
	}
	return &Tree{t}, nil
}

// NeedsWork reports whether a file has no stamp that counts, or was modified after
// it: the rule that treefilter goes by.
func (g *Grove) NeedsWork(path string) (bool, error) {
	mtime, err := state.Mtime(path)
	if err != nil {
		return false, err
	}
	e := rule.Evidence{Mtime: mtime, Now: state.TimeOf(time.Now())}
	if s, ok := g.grove.Get(path); ok {
		e.Standing, e.Stamp = state.Stamped, s
	}
	return rule.Judge(rule.DetectNewer, &e).NeedsWork(), nil
}

// Get returns the stamp of a file, and whether it has one that counts.
func (g *Grove) Get(path string) (Stamp, bool) { return g.grove.Get(path) }

// Set records that files have been processed: the present mtime of each becomes its
// stamp. A file that was modified within its file system's present tick is statted
// again when that is over, so Set may wait a few milliseconds, for all paths
// together. After an error some of them may not be recorded.
func (g *Grove) Set(paths ...string) error { return g.grove.Set(paths...) }

// Forget takes the stamps of files away, whatever config they were made under. It is
// durable after Sync.
func (g *Grove) Forget(paths ...string) error { return g.grove.Forget(paths...) }

// Sync makes what was set and forgotten durable in every tree. A failure is final:
// no later Sync will claim success.
func (g *Grove) Sync() error { return g.grove.Sync() }

// Dump syncs, and folds the WAL of each tree into its snapshot.
func (g *Grove) Dump() error { return g.grove.Dump() }

// Close gives up the files of all trees. It does not sync.
func (g *Grove) Close() error { return g.grove.Close() }
