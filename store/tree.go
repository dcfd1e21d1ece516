package store

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
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

	load sync.Once
	st   *state

	work *disk.Works

	mu      sync.Mutex // guards what follows
	app     *wal.Appender
	pending map[string]format.Entry  // by Set, not yet in the WAL
	held    *memtable.Table          // by Hold, for the next dump
	heldAt  uint64                   // the least Since of these
	own     map[string]memtable.Word // what was put or taken since the state was read
	reader  *Reader                  // of Get
	fresh   *state                   // as Standing has read it, nil while that is st
	asked   *Reader                  // of Standing
	dumped  *[]error                 // what was wrong as the last dump found it, nil before
	claims  disk.WorkDir             // the root, once a file was claimed
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
	if err == nil && (opt.StateDir != "" || len(opt.Depends) > 0) {
		root, err = RealDir(root)
	}
	if err != nil {
		return nil, err
	}
	return newTree(root, opt, NamedRoot, &disk.Works{Fsys: opt.fsys}), nil
}

func newTree(root string, opt Options, origin Origin, work *disk.Works) *Tree {
	n := opt.names(root)
	// A config that lacks its dependencies would let stamps count that must not.
	config, err := opt.Config.WithDependencies(root, opt.Depends)
	if err != nil {
		n.Err = disk.Wrap(root, err)
	}
	opt.Config = config
	t := &Tree{root: root, names: n, opt: opt, origin: origin, under: format.TermsOf(opt.Config), work: work}
	t.app = &wal.Appender{Fsys: opt.fsys, Root: root, Names: n, Program: opt.Program, Terms: t.under, Wait: opt.LockWait}
	t.app.Current = func() (wal.Lookup, io.Closer) {
		r := t.readerOf(load(opt.fsys, n, opt.Program))
		return r.lookUp, r.st
	}
	return t
}

// Root is the tree's directory.
func (t *Tree) Root() string { return t.root }

// Origin is why that directory is a tree.
func (t *Tree) Origin() Origin { return t.origin }

// New reports whether there was nothing of the tree when it was first read.
func (t *Tree) New() bool {
	f := t.Facts()
	return !f.HasSnapshot && !f.HasWAL
}

func (t *Tree) loaded() *state {
	t.load.Do(func() {
		t.st = load(t.opt.fsys, t.names, t.opt.Program)
		if newest := t.st.newest(); newest != nil && t.opt.AnyConfig && t.opt.Config.Empty() {
			t.under, t.app.Terms = newest, newest
		}
		t.app.Past, t.app.Snapshot = t.st.wal, t.st.Info
		if n := len(t.st.Header.Folded); n > 0 {
			t.app.NewestFolded = t.st.Header.Folded[n-1].ID
		}
	})
	return t.st
}

// Get returns the stamp of a file, given by its path relative to the tree, and
// whether it has one that counts.
func (t *Tree) Get(path string) (format.Stamp, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.pending[path]; ok {
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

// enterFor makes the directory of a path the one whose names are looked up, and
// returns its name.
func (r *Reader) enterFor(path string) (name string) {
	dir, name := format.SplitPath(path)
	if dir != r.dir {
		r.Enter(dir)
	}
	return name
}

func (r *Reader) lookUp(path string) (format.Stamp, bool) { return r.Find(r.enterFor(path)) }

// Set records that a file, given by its path relative to the tree, has been
// processed: its present mtime becomes its stamp. A file that was modified
// within its file system's present tick is looked at again when that is over
// (see TickEnd), so Set may wait a few milliseconds. Get sees the stamp at once;
// the tree's files have it after Sync, which first makes the work durable, unless
// somebody else has taken the file's stamp away by then (see Entry.Since).
func (t *Tree) Set(path string) error {
	if err := format.CheckPath(path); err != nil {
		return fmt.Errorf("%q: %w", path, err)
	}
	if err := t.Writable(); err != nil {
		return err
	}
	since, err := t.since()
	if err != nil {
		return err
	}
	s, err := t.settle(path)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pending == nil {
		t.pending = map[string]format.Entry{}
	}
	t.pending[path] = format.Entry{Path: path, Stamp: s, Since: since}
	delete(t.own, path)
	return nil
}

// since is the Epoch for a look at a file that begins now.
func (t *Tree) since() (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.app.Heard {
		if err := t.watch(); err != nil {
			return 0, err
		}
	}
	return t.Epoch(), nil
}

// Forget takes the stamps of files away, given by their paths relative to the
// tree, whatever config they were made under.
func (t *Tree) Forget(paths ...string) error {
	if _, err := t.Drop(paths, func(string) bool { return true }); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range paths {
		t.keepOwn(p, memtable.Word{Kind: memtable.WordDrop})
	}
	return nil
}

func (t *Tree) keepOwn(path string, it memtable.Word) {
	if t.own == nil {
		t.own = map[string]memtable.Word{}
	}
	t.own[path] = it
}

// Append appends stamps to the WAL, in one write, and returns those that were
// refused, and whose files have no stamp now (see Entry.Since). Like those of
// another process they show in Get once the tree is opened anew. The files' work
// must be durable before: see SyncWork.
func (t *Tree) Append(entries []format.Entry) (refused []format.Entry, err error) {
	if err := checkEntries(entries); err != nil {
		return nil, err
	}
	if err := t.Writable(); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.app.Append(entries)
}

// Drop takes the stamps of files away, given by their paths relative to the
// tree, and returns of how many: their work has failed, or is in doubt. still is
// asked for each while nobody else can write. Sync makes that durable.
func (t *Tree) Drop(paths []string, still func(path string) bool) (dropped int, err error) {
	return t.take(format.RecordDrop, paths, still)
}

// Prune forgets all that is known of files that are gone, given by their paths
// relative to the tree, and returns of how many. gone is asked for each while
// nobody else can write, so that a file which has come back and was recorded
// keeps its new stamp. Sync makes that durable.
func (t *Tree) Prune(paths []string, gone func(path string) bool) (pruned int, err error) {
	return t.take(format.RecordPrune, paths, gone)
}

func (t *Tree) take(kind format.RecordKind, paths []string, still func(path string) bool) (taken int, err error) {
	for _, p := range paths {
		if err := format.CheckPath(p); err != nil {
			return 0, fmt.Errorf("%q: %w", p, err)
		}
	}
	if err := t.Writable(); err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.app.Take(kind, paths, func(path string) bool {
		if !still(path) {
			return false
		}
		t.unset(path, kind)
		return true
	})
}

// unset takes back what was set of a file and is not in the WAL yet, and what Get
// would say of it. Should the record that is to say so fail, that is right as
// well: a stamp that was to be taken away is in doubt.
func (t *Tree) unset(path string, kind format.RecordKind) {
	_, pending := t.pending[path]
	_, own := t.own[path]
	if pending || own {
		delete(t.pending, path)
		t.keepOwn(path, memtable.Word{Kind: memtable.WordOf(kind)})
	}
	if t.held != nil {
		t.held.Remove(path)
	}
}

// Hold keeps stamps in memory until the next Dump, instead of in the WAL: they
// are lost if the process ends before. Their work must be durable by then.
func (t *Tree) Hold(entries []format.Entry) error {
	if err := checkEntries(entries); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		t.held = memtable.New()
	}
	for _, e := range entries {
		t.held.Set([]byte(e.Path), e.Stamp, t.under)
		if e.Since > 0 && (t.heldAt == 0 || e.Since < t.heldAt) {
			t.heldAt = e.Since
		}
	}
	return nil
}

func checkEntries(entries []format.Entry) error {
	for i := range entries {
		if err := format.CheckPath(entries[i].Path); err != nil {
			return fmt.Errorf("%q: %w", entries[i].Path, err)
		}
	}
	return nil
}

// Watch begins to take notice of what others say of the tree's files. Entries
// with the Epoch of a later moment are refused where they are contradicted.
func (t *Tree) Watch() error {
	if err := t.Writable(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.watch()
}

func (t *Tree) watch() (err error) {
	info, err := t.app.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.app.Unlock()) }()
	return t.app.CatchUp(info)
}

// Epoch is the present, counted in news of the tree: see Entry.Since.
func (t *Tree) Epoch() uint64 { return t.app.Epoch.Load() + 1 }

// Standing returns what the tree says of a file by now, given by its path
// relative to the tree: what others have written meanwhile is read. since is the
// Epoch of that moment, for work that begins now.
func (t *Tree) Standing(path string) (standing format.Standing, s format.Stamp, since uint64, err error) {
	if err := t.Writable(); err != nil {
		return format.Unknown, s, 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.app.Words == nil {
		t.app.Words = map[string]memtable.Word{}
	}
	if err := t.watch(); err != nil {
		return format.Unknown, s, 0, err
	}
	// What went into another snapshot since need not have been read: its WAL came
	// and went in between, or there was none.
	snapshot, err := t.opt.fsys.Lstat(t.names.Snapshot)
	if err != nil && !disk.IsMissing(err) {
		return format.Unknown, s, 0, disk.Wrap(t.names.Snapshot, err)
	}
	if disk.IsMissing(err) {
		snapshot = disk.Info{}
	}
	if t.fresh == nil || t.app.Reread || snapshot != t.fresh.Info {
		t.reread()
	}
	since = t.Epoch()
	if it, ok := t.app.Words[path]; ok {
		switch {
		case it.Kind == memtable.WordDrop:
			return format.Dropped, s, since, nil
		case it.Kind == memtable.WordPrune:
			return format.Unknown, s, since, nil
		case t.counts(it.Under.Hash):
			return format.Stamped, it.Stamp(), since, nil
		}
		return format.OtherConfig, it.Stamp(), since, nil
	}
	name := t.asked.enterFor(path)
	if standing, s = t.asked.Standing(name); standing == format.Stamped {
		s.Digest = t.asked.Digest(name)
	}
	return standing, s, since, nil
}

// reread reads the state anew: words that were read before are in it.
func (t *Tree) reread() {
	if t.fresh != nil {
		t.fresh.Close()
	}
	t.fresh = load(t.opt.fsys, t.names, t.opt.Program)
	t.asked = t.readerOf(t.fresh)
	clear(t.app.Words)
	t.app.Reread = false
}

// SyncWork makes durable what was done to the files of the tree: everything on
// their file system. A stamp must not outlive its work, so a record is written
// after a SyncWork that began when the work was done. It may be called beside all
// other methods.
func (t *Tree) SyncWork() error { return t.work.Sync(t.root) }

// Sync makes all that was set and appended durable. A failure is final: no later
// Sync of this Tree will claim success.
func (t *Tree) Sync() error {
	t.mu.Lock()
	var entries []format.Entry
	entries = slices.AppendSeq(entries, maps.Values(t.pending))
	t.mu.Unlock()
	if len(entries) > 0 {
		if err := t.SyncWork(); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	// What was forgotten meanwhile, or set again, is not to be written now.
	entries = slices.DeleteFunc(entries, func(e format.Entry) bool { return t.pending[e.Path] != e })
	if len(entries) > 0 {
		refused, err := t.app.Append(entries)
		if err != nil {
			return err
		}
		for _, e := range entries {
			it := memtable.Word{Under: t.under}
			it.SetStamp(e.Stamp)
			t.keepOwn(e.Path, it)
			delete(t.pending, e.Path)
		}
		for _, e := range refused {
			t.keepOwn(e.Path, memtable.Word{Kind: memtable.WordDrop})
		}
	}
	return t.app.Sync()
}

// Close gives up the tree's files. It does not sync: what was set since the last
// Sync is lost.
func (t *Tree) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.app.Close()
	if t.claims != nil {
		err = errors.Join(err, t.claims.Close())
		t.claims = nil
	}
	for _, st := range []*state{t.st, t.fresh} {
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

// OtherConfigs returns how many files have a stamp that does not count because
// it was made under another config.
func (t *Tree) OtherConfigs() (stamps int64) {
	st := t.loaded()
	if t.opt.AnyConfig {
		return 0
	}
	r := t.Reader()
	for _, p := range st.Parts {
		if p.Hash != t.under.Hash && !st.hides(p.Hash) {
			stamps += p.Entries()
		}
	}
	if st.wal == nil {
		return stamps
	}
	voided := Reader{tree: t, st: &state{Snapshot: st.Snapshot}}
	voided.voided = r.open(false)
	for _, run := range st.wal.Said.Sorted() {
		voided.Enter(run.Dir)
		for i := range run.Items {
			it := &run.Items[i]
			before := voided.isVoid(it.Name)
			void := it.Kind == memtable.WordSet && it.Under.Hash != t.under.Hash
			switch {
			case void && !before:
				stamps++
			case !void && before:
				stamps--
			}
		}
	}
	return stamps
}

// isVoid reports whether the snapshot has a stamp of another config for a name.
func (r *Reader) isVoid(name string) bool {
	if r.hand != nil {
		if it, _ := r.hand.Find(name, 0); it != nil {
			return it.Kind == memtable.WordSet && !r.tree.counts(it.Under.Hash)
		}
	}
	for i := range r.voided {
		if _, ok := r.lookup(&r.voided[i], name); ok {
			return true
		}
	}
	return false
}

// Stored returns the config of the newest stamps in the tree, and whether it
// has any.
func (t *Tree) Stored() (format.Config, bool) {
	newest := t.loaded().newest()
	if newest == nil {
		return format.Config{}, false
	}
	return newest.Config, true
}

// Config is what the tree's stamps are made under, and count under.
func (t *Tree) Config() format.Config {
	t.loaded()
	return t.under.Config
}

// Outgrown reports whether the WAL is larger than the snapshot: then a dump pays.
func (t *Tree) Outgrown() (bool, error) {
	wal, err := t.opt.fsys.Lstat(t.names.WAL)
	if disk.IsMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, disk.Wrap(t.names.WAL, err)
	}
	snapshot, err := t.opt.fsys.Lstat(t.names.Snapshot)
	if err != nil && !disk.IsMissing(err) {
		return false, disk.Wrap(t.names.Snapshot, err)
	}
	return wal.Size > snapshot.Size, nil
}

// written reports whether stamps were put into the tree since it was opened.
func (t *Tree) written() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.app.Wrote || t.held != nil
}

func (t *Tree) full(path string) string { return filepath.Join(t.root, filepath.FromSlash(path)) }
