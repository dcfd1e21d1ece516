package store

import (
	"errors"
	"fmt"
	"sync"
)

// Tree is a root directory and its stamps. It may be used from several
// goroutines.
//
// A tree shows the stamps as they were when it was first asked for one, and
// those that were put into it since.
type Tree struct {
	root  string
	names names
	opt   Options
	sc    scope

	load sync.Once
	st   *state

	mu     sync.Mutex // guards what follows
	app    *appender
	set    map[string]Stamp // by Set, since the state was read
	held   *overlay         // by Hold, for the next dump
	reader *Reader          // of Get
	voids  *Reader          // of Holds
	dumped *state           // what the last dump found
}

// OpenTree returns the tree of a directory. Nothing is read yet: state that
// cannot be read counts as missing and shows in Problems.
func OpenTree(root string, opt Options) (*Tree, error) {
	opt, err := opt.withDefaults()
	if err == nil && (opt.StateDir != "" || len(opt.Depends) > 0) {
		root, err = RealDir(root)
	}
	if err != nil {
		return nil, err
	}
	return newTree(root, opt), nil
}

func newTree(root string, opt Options) *Tree {
	n := opt.names(root)
	// A config that lacks its dependencies would let stamps count that must not.
	config, err := opt.Config.WithDependencies(root, opt.Depends)
	if err != nil {
		n.err = stateError(root, err)
	}
	opt.Config = config
	return &Tree{root: root, names: n, opt: opt, sc: opt.scope(), app: &appender{
		fsys: opt.fsys, root: root, names: n, program: opt.Program, config: opt.Config, wait: opt.LockWait,
	}}
}

// Root is the tree's directory.
func (t *Tree) Root() string { return t.root }

// Config is the program config of the tree: that of its Options, with the
// dependencies as they are named from its root. With AnyConfig, where no config is
// given, it is that of the newest stamps.
func (t *Tree) Config() Config {
	t.loaded() // settles which
	return t.opt.Config
}

func (t *Tree) scope() scope { return t.sc }

func (t *Tree) loaded() *state {
	t.load.Do(func() {
		t.st = load(t.opt.fsys, t.names, t.sc)
		if newest, ok := t.st.newest(); ok && t.opt.AnyConfig && t.opt.Config.Empty() {
			t.opt.Config, t.app.config = newest, newest
		}
	})
	return t.st
}

// Get returns the stamp of a file, given by its path relative to the tree, and
// whether it has one that counts.
func (t *Tree) Get(path string) (Stamp, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s, ok := t.set[path]; ok {
		return s, true
	}
	if t.reader == nil {
		t.reader = t.Reader()
	}
	dir, name := splitPath(path)
	if dir != t.reader.dir {
		t.reader.Enter(dir)
	}
	return t.reader.Stamp(name)
}

// Holds tells whether there was any stamp of a file, given by its path relative
// to the tree, when the tree was first read: also one that does not count.
func (t *Tree) Holds(path string) bool {
	if _, ok := t.Get(path); ok {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.voids == nil {
		t.voids = t.VoidReader()
	}
	dir, name := splitPath(path)
	if dir != t.voids.dir {
		t.voids.Enter(dir)
	}
	_, ok := t.voids.Time(name)
	return ok
}

// Set records that a file, given by its path relative to the tree, has been
// processed: its present mtime becomes its stamp. A file that was modified
// within its file system's present tick is looked at again when that is over
// (see Settled), so Set may wait a few milliseconds. The stamp survives the
// end of the process at once, and that of the machine after Sync.
func (t *Tree) Set(path string) error {
	mtime, err := t.settle(path)
	if err != nil {
		return err
	}
	e := Entry{Path: path, Stamp: Stamp{Time: mtime}}
	if err := t.Append([]Entry{e}); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.set == nil {
		t.set = map[string]Stamp{}
	}
	t.set[path] = e.Stamp
	return nil
}

// Append appends stamps to the WAL, in one write. Like those of another
// process they show in Get once the tree is opened anew.
func (t *Tree) Append(entries []Entry) error { return t.put(entries, t.app.append) }

func (t *Tree) put(entries []Entry, write func([]Entry) error) error {
	if err := checkEntries(entries); err != nil {
		return err
	}
	if err := t.Writable(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return write(entries)
}

// Drop appends to the WAL that the stamps of files are to be forgotten, given
// by their paths relative to the tree, and returns of how many. gone is asked
// for each while nobody else can write, so that a file which has come back and
// was recorded keeps its new stamp. Like those of Append, such records are
// durable after Sync.
func (t *Tree) Drop(paths []string, gone func(path string) bool) (dropped int, err error) {
	for _, p := range paths {
		if err := checkPath(p); err != nil {
			return 0, fmt.Errorf("%q: %w", p, err)
		}
	}
	if err := t.Writable(); err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.app.drop(paths, gone)
}

// Hold keeps stamps in memory until the next Dump, instead of in the WAL: they
// are lost if the process ends before.
func (t *Tree) Hold(entries []Entry) error {
	if err := checkEntries(entries); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		t.held = newOverlay()
	}
	for _, e := range entries {
		t.held.set([]byte(e.Path), e.Time, e.Digest)
	}
	return nil
}

func checkEntries(entries []Entry) error {
	for i := range entries {
		if err := checkPath(entries[i].Path); err != nil {
			return fmt.Errorf("%q: %w", entries[i].Path, err)
		}
	}
	return nil
}

// Sync makes all that was appended durable. A failure is final: no later Sync
// of this Tree will claim success.
func (t *Tree) Sync() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.app.sync()
}

// Close gives up the tree's files. It does not sync.
func (t *Tree) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.app.close()
	if t.st != nil {
		err = errors.Join(err, t.st.close())
	}
	return err
}

// Writable tells why nothing may be written to the tree: a state file that is
// not ours, or a WAL that cannot be read.
func (t *Tree) Writable() error {
	st := t.loaded()
	if st.walErr != nil {
		return st.walErr
	}
	if err := st.snapshotErr(); errors.Is(err, errForeign) {
		return err
	}
	return nil
}

// Problems lists what is wrong with the state files, as far as was noticed:
// each file that counts as missing, and damage to a part of one. After a Dump
// it lists what the dump had to leave out.
func (t *Tree) Problems() []error {
	t.mu.Lock()
	st := t.dumped
	t.mu.Unlock()
	if st == nil {
		st = t.loaded()
	}
	return st.problems()
}

// Void tells how many files have a stamp that does not count because it was
// made under another config, and which of its settings differ (see
// Config.Diff).
func (t *Tree) Void() (stamps int64, changes []string) {
	st := t.loaded()
	var other *Config
	if st.hash != "" && !st.snapshotCounts(t.sc) {
		stamps = st.stamps
		if st.known {
			other = &st.header.config
		}
	}
	if st.wal != nil && !st.wal.void.empty() {
		stamps += st.more(st.wal.void, stamps > 0)
		if st.wal.voided != nil {
			other = &st.wal.voided.config
		}
	}
	if other == nil {
		return stamps, nil
	}
	return stamps, other.Diff(t.opt.Config)
}

// Stored returns the config of the newest stamps in the tree, and whether it
// has any.
func (t *Tree) Stored() (Config, bool) { return t.loaded().newest() }

// Outgrown tells whether the WAL is larger than the snapshot, or the snapshot
// no longer counts: then a dump pays.
func (t *Tree) Outgrown() (bool, error) {
	wal, err := t.opt.fsys.lstat(t.names.wal)
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, stateError(t.names.wal, err)
	}
	snapshot, err := t.opt.fsys.lstat(t.names.snapshot)
	if err != nil && !missing(err) {
		return false, stateError(t.names.snapshot, err)
	}
	void := t.loaded().hash != "" && !t.loaded().snapshotCounts(t.sc)
	return wal.size > 0 && (void || wal.size > snapshot.size), nil
}

// written tells whether stamps were put into the tree since it was opened.
func (t *Tree) written() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.app.end > 0 || t.held != nil
}
