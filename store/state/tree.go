package state

import (
	"errors"
	"io"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/segment"
	"treefilter/store/internal/wal"
)

// Tree is a root directory and its stamps. It may be used from several
// goroutines.
//
// A tree shows the stamps as they were when it was first asked for one, and
// those that were put into it since; Standing asks the files anew.
type Tree struct {
	root   string
	names  disk.Names
	origin Origin
	dirs   []string // whose tree it is, as far as its grove has found out
	opt    Options
	under  *format.Terms // that stamps are made under, and count under
	equal  equalConfigs

	settings *settingFiles // nil for none
	news     settingNews

	load sync.Once
	st   atomic.Pointer[state]

	work *disk.Works

	mu       sync.Mutex // guards what follows
	app      *wal.Appender
	seg      *segment.Writer
	volume   *disk.Volume             // of the state files, nil until it is asked for
	segments bool                     // seg is what is written to: see ownSegment
	unsynced map[string]format.Entry  // by Set, not yet in the WAL
	held     *memtable.Table          // by Hold, for the next dump
	heldAt   uint64                   // the least Since of these
	own      map[string]memtable.Word // what was put or taken since the state was read
	reader   *Reader                  // of Get
	latest   *state                   // as Standing has read it, nil while that is st
	asked    *Reader                  // of Standing
	read     time.Time                // when latest was
	dumped   *[]error                 // what was wrong as the last dump found it, nil before
	relisted *relisting               // by Relist, for the next dump
	claims   disk.WorkDir             // the root, once a file was claimed
}

// Origin is why a directory is the tree of the files below it.
type Origin int

// The origins.
const (
	HoldsState       Origin = iota // it holds the program's state files
	NamedRoot                      // no directory at or above it does, and it is the deepest root above the file
	WorkingDirectory               // likewise, and no root was named
)

func (o Origin) String() string {
	return [...]string{
		HoldsState:       "the nearest directory with state files",
		NamedRoot:        "the ROOT: no directory at or above it has state files",
		WorkingDirectory: "the current directory: no ROOT was named, and none at or above it has state files",
	}[o]
}

// OpenTree returns the tree of a directory. Nothing is read yet: state that
// cannot be read counts as missing and shows in Problems.
func OpenTree(root string, opt Options) (*Tree, error) {
	opt, err := opt.withDefaults()
	if err == nil && (opt.StateDir != "" || len(opt.Depends) > 0 || len(opt.DependsNames) > 0) {
		if root, err = RealDir(root); err == nil {
			err = opt.refuse(root)
		}
	}
	if err != nil {
		return nil, err
	}
	return newTree(root, opt, NamedRoot, &disk.Works{Fsys: opt.fsys}), nil
}

func newTree(root string, opt Options, origin Origin, work *disk.Works) *Tree {
	n := opt.names(root)
	if n.Base != "" {
		if _, whole := disk.ReadFolder(path.Base(filepath.ToSlash(n.Dir))); !whole {
			n.Root, _ = opt.stateKey(root)
		}
	}
	// A config that lacks its dependencies would let stamps count that must not.
	config, err := opt.Config.WithDependencies(root, opt.StateBase, opt.Depends)
	if err == nil {
		config, err = config.WithNames(opt.DependsNames)
	}
	if err != nil {
		n.Err = disk.Wrap(root, err)
	}
	opt.Config = config
	t := &Tree{root: root, names: n, opt: opt, origin: origin, under: format.TermsOf(opt.Config), work: work}
	t.equal.defaults = opt.Defaults
	t.app = &wal.Appender{Same: t.agrees, Fsys: opt.fsys, Root: root, Names: n, Program: opt.Program, Terms: t.under, Wait: opt.LockWait}
	t.lookForSettings()
	t.app.Current = func() (wal.Lookup, io.Closer) {
		r := t.readerOf(load(opt, n))
		return r.lookUp, r.st
	}
	t.seg = &segment.Writer{Epoch: &t.app.Epoch, Fsys: opt.fsys, Root: root, Names: n, Program: opt.Program, Seen: t.marks}
	t.seg.Terms = func() *format.Terms { t.loaded(); return t.under }
	return t
}

// Root is the tree's directory.
func (t *Tree) Root() string { return t.root }

// Origin is why that directory is a tree.
func (t *Tree) Origin() Origin { return t.origin }

func (t *Tree) loaded() *state {
	t.load.Do(func() {
		st := load(t.opt, t.names)
		t.st.Store(st)
		if newest := st.newest(); newest != nil && (t.opt.AsStored || t.opt.AnyConfig && t.opt.Config.Empty()) {
			t.under, t.app.Terms = newest, newest
			t.lookForSettings()
		}
		t.app.Past, t.app.Snapshot = st.ofWAL, st.Info
		if n := len(st.Header.Folded); n > 0 {
			t.app.NewestFolded = st.Header.Folded[n-1].ID
		}
	})
	return t.st.Load()
}

// Get returns the stamp of a file, given by its path relative to the tree, and
// whether it has one that counts.
func (t *Tree) Get(path string) (format.Stamp, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.unsynced[path]; ok {
		return e.Stamp, true
	}
	if it, ok := t.own[path]; ok {
		return it.Stamp(), it.Kind == memtable.WordSet
	}
	if t.reader == nil {
		t.reader = t.Reader()
	}
	name := t.reader.enterFor(path)
	s, ok := t.reader.Find(name)
	if ok {
		s.Digest = t.reader.Digest(name)
	}
	return s, ok
}

// SyncWork makes durable what was done to the files of the tree: everything on
// their file system. A stamp must not outlive its work, so a record is written
// after a SyncWork that began when the work was done. It may be called beside all
// other methods.
func (t *Tree) SyncWork() error { return t.work.Sync(t.root) }

// Close gives up the tree's files. It does not sync: what was set since the last
// Sync is lost. A segment gets its end.
func (t *Tree) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := errors.Join(t.app.Close(), t.seg.End(), t.relisted.Close())
	if t.claims != nil {
		err = errors.Join(err, t.claims.Close())
		t.claims = nil
	}
	for _, st := range []*state{t.st.Load(), t.latest} {
		if st != nil {
			err = errors.Join(err, st.Close())
		}
	}
	return err
}

// Writable reports why nothing may be written to the tree, nil where it may: a
// state file that is not ours, or a WAL that cannot be read.
func (t *Tree) Writable() error {
	st := t.loaded()
	if st.walErr != nil {
		return st.walErr
	}
	if err := st.SnapshotErr(); errors.Is(err, format.ErrForeign) {
		return err
	}
	return nil
}

// Problems lists what is wrong with the state files, as far as was noticed:
// each file that counts as missing, and damage to a part of one. After a Dump
// it lists what the dump had to leave out.
func (t *Tree) Problems() []error {
	t.mu.Lock()
	dumped := t.dumped
	t.mu.Unlock()
	if dumped != nil {
		return *dumped
	}
	return t.loaded().problems()
}

// Config is what the tree's stamps are made under, and count under.
func (t *Tree) Config() format.Config {
	t.loaded()
	return t.under.Config
}

// written reports whether stamps were put into the tree since it was opened.
func (t *Tree) written() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.app.Wrote || t.seg.Wrote || t.held != nil
}

func (t *Tree) full(path string) string { return filepath.Join(t.root, filepath.FromSlash(path)) }
