package store

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"sync"
)

// Tree is a root directory and its stamps. It may be used from several
// goroutines.
//
// A tree shows the stamps as they were when it was first asked for one, and
// those that were put into it since; Standing asks the files anew.
type Tree struct {
	root   string
	names  names
	origin Origin
	dirs   []string // whose tree it is, as far as its grove has found out
	opt    Options
	under  *terms // that stamps are made under, and count under

	load sync.Once
	st   *state

	work *works

	mu      sync.Mutex // guards what follows
	app     *appender
	pending map[string]Entry // by Set, not yet in the WAL
	held    *overlay         // by Hold, for the next dump
	heldAt  uint64           // the least Since of these
	own     map[string]item  // what was put or taken since the state was read
	reader  *Reader          // of Get
	fresh   *state           // as Standing has read it, nil while that is st
	asked   *Reader          // of Standing
	dumped  *[]error         // what was wrong as the last dump found it, nil before
	claims  workDir          // the root, once a file was claimed
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
	return newTree(root, opt, NamedRoot, &works{fsys: opt.fsys}), nil
}

func newTree(root string, opt Options, origin Origin, work *works) *Tree {
	n := opt.names(root)
	// A config that lacks its dependencies would let stamps count that must not.
	config, err := opt.Config.WithDependencies(root, opt.Depends)
	if err != nil {
		n.err = stateError(root, err)
	}
	opt.Config = config
	t := &Tree{root: root, names: n, opt: opt, origin: origin, under: termsOf(opt.Config), work: work}
	t.app = &appender{fsys: opt.fsys, root: root, names: n, program: opt.Program, terms: t.under, wait: opt.LockWait}
	t.app.current = func() (lookup, io.Closer) {
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
			t.under, t.app.terms = newest, newest
		}
		t.app.past, t.app.snapshot = t.st.wal, t.st.info
		if n := len(t.st.header.folded); n > 0 {
			t.app.newestFolded = t.st.header.folded[n-1].id
		}
	})
	return t.st
}

// Get returns the stamp of a file, given by its path relative to the tree, and
// whether it has one that counts.
func (t *Tree) Get(path string) (Stamp, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.pending[path]; ok {
		return e.Stamp, true
	}
	if it, ok := t.own[path]; ok {
		return it.stamp(), it.kind == wordSet
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
	dir, name := splitPath(path)
	if dir != r.dir {
		r.Enter(dir)
	}
	return name
}

func (r *Reader) lookUp(path string) (Stamp, bool) { return r.Find(r.enterFor(path)) }

// Set records that a file, given by its path relative to the tree, has been
// processed: its present mtime becomes its stamp. A file that was modified
// within its file system's present tick is looked at again when that is over
// (see TickEnd), so Set may wait a few milliseconds. Get sees the stamp at once;
// the tree's files have it after Sync, which first makes the work durable, unless
// somebody else has taken the file's stamp away by then (see Entry.Since).
func (t *Tree) Set(path string) error {
	if err := checkPath(path); err != nil {
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
		t.pending = map[string]Entry{}
	}
	t.pending[path] = Entry{Path: path, Stamp: s, Since: since}
	delete(t.own, path)
	return nil
}

// since is the Epoch for a look at a file that begins now.
func (t *Tree) since() (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.app.heard {
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
		t.keepOwn(p, item{kind: wordDrop})
	}
	return nil
}

func (t *Tree) keepOwn(path string, it item) {
	if t.own == nil {
		t.own = map[string]item{}
	}
	t.own[path] = it
}

// Append appends stamps to the WAL, in one write, and returns those that were
// refused, and whose files have no stamp now (see Entry.Since). Like those of
// another process they show in Get once the tree is opened anew. The files' work
// must be durable before: see SyncWork.
func (t *Tree) Append(entries []Entry) (refused []Entry, err error) {
	if err := checkEntries(entries); err != nil {
		return nil, err
	}
	if err := t.Writable(); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.app.append(entries)
}

// Drop takes the stamps of files away, given by their paths relative to the
// tree, and returns of how many: their work has failed, or is in doubt. still is
// asked for each while nobody else can write. Sync makes that durable.
func (t *Tree) Drop(paths []string, still func(path string) bool) (dropped int, err error) {
	return t.take(recordDrop, paths, still)
}

// Prune forgets all that is known of files that are gone, given by their paths
// relative to the tree, and returns of how many. gone is asked for each while
// nobody else can write, so that a file which has come back and was recorded
// keeps its new stamp. Sync makes that durable.
func (t *Tree) Prune(paths []string, gone func(path string) bool) (pruned int, err error) {
	return t.take(recordPrune, paths, gone)
}

func (t *Tree) take(kind recordKind, paths []string, still func(path string) bool) (taken int, err error) {
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
	return t.app.take(kind, paths, func(path string) bool {
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
func (t *Tree) unset(path string, kind recordKind) {
	_, pending := t.pending[path]
	_, own := t.own[path]
	if pending || own {
		delete(t.pending, path)
		t.keepOwn(path, item{kind: wordOf(kind)})
	}
	if t.held != nil {
		t.held.remove(path)
	}
}

// Hold keeps stamps in memory until the next Dump, instead of in the WAL: they
// are lost if the process ends before. Their work must be durable by then.
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
		t.held.set([]byte(e.Path), e.Stamp, t.under)
		if e.Since > 0 && (t.heldAt == 0 || e.Since < t.heldAt) {
			t.heldAt = e.Since
		}
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
	info, err := t.app.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.app.unlock()) }()
	return t.app.catchUp(info)
}

// Epoch is the present, counted in news of the tree: see Entry.Since.
func (t *Tree) Epoch() uint64 { return t.app.epoch.Load() + 1 }

// Standing returns what the tree says of a file by now, given by its path
// relative to the tree: what others have written meanwhile is read. since is the
// Epoch of that moment, for work that begins now.
func (t *Tree) Standing(path string) (standing Standing, s Stamp, since uint64, err error) {
	if err := t.Writable(); err != nil {
		return Unknown, s, 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.app.words == nil {
		t.app.words = map[string]item{}
	}
	if err := t.watch(); err != nil {
		return Unknown, s, 0, err
	}
	// What went into another snapshot since need not have been read: its WAL came
	// and went in between, or there was none.
	snapshot, err := t.opt.fsys.lstat(t.names.snapshot)
	if err != nil && !missing(err) {
		return Unknown, s, 0, stateError(t.names.snapshot, err)
	}
	if missing(err) {
		snapshot = fileInfo{}
	}
	if t.fresh == nil || t.app.reread || snapshot != t.fresh.info {
		t.reread()
	}
	since = t.Epoch()
	if it, ok := t.app.words[path]; ok {
		switch {
		case it.kind == wordDrop:
			return Dropped, s, since, nil
		case it.kind == wordPrune:
			return Unknown, s, since, nil
		case t.counts(it.under.hash):
			return Stamped, it.stamp(), since, nil
		}
		return OtherConfig, it.stamp(), since, nil
	}
	name := t.asked.enterFor(path)
	if standing, s = t.asked.Standing(name); standing == Stamped {
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
	clear(t.app.words)
	t.app.reread = false
}

// SyncWork makes durable what was done to the files of the tree: everything on
// their file system. A stamp must not outlive its work, so a record is written
// after a SyncWork that began when the work was done. It may be called beside all
// other methods.
func (t *Tree) SyncWork() error { return t.work.sync(t.root) }

// Sync makes all that was set and appended durable. A failure is final: no later
// Sync of this Tree will claim success.
func (t *Tree) Sync() error {
	t.mu.Lock()
	var entries []Entry
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
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return t.pending[e.Path] != e })
	if len(entries) > 0 {
		refused, err := t.app.append(entries)
		if err != nil {
			return err
		}
		for _, e := range entries {
			it := item{under: t.under}
			it.setStamp(e.Stamp)
			t.keepOwn(e.Path, it)
			delete(t.pending, e.Path)
		}
		for _, e := range refused {
			t.keepOwn(e.Path, item{kind: wordDrop})
		}
	}
	return t.app.sync()
}

// Close gives up the tree's files. It does not sync: what was set since the last
// Sync is lost.
func (t *Tree) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.app.close()
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
	for _, p := range st.parts {
		if p.hash != t.under.hash && !st.hides(p.hash) {
			stamps += p.entries()
		}
	}
	if st.wal == nil {
		return stamps
	}
	voided := Reader{tree: t, st: &state{snapshot: st.snapshot}}
	voided.voided = r.open(false)
	for _, run := range st.wal.said.sorted() {
		voided.Enter(run.dir)
		for i := range run.items {
			it := &run.items[i]
			before := voided.isVoid(it.name)
			void := it.kind == wordSet && it.under.hash != t.under.hash
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
		if it, _ := r.hand.find(name, 0); it != nil {
			return it.kind == wordSet && !r.tree.counts(it.under.hash)
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
func (t *Tree) Stored() (Config, bool) {
	newest := t.loaded().newest()
	if newest == nil {
		return Config{}, false
	}
	return newest.config, true
}

// Config is what the tree's stamps are made under, and count under.
func (t *Tree) Config() Config {
	t.loaded()
	return t.under.config
}

// Outgrown reports whether the WAL is larger than the snapshot: then a dump pays.
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
	return wal.size > snapshot.size, nil
}

// written reports whether stamps were put into the tree since it was opened.
func (t *Tree) written() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.app.wrote || t.held != nil
}

func (t *Tree) full(path string) string { return filepath.Join(t.root, filepath.FromSlash(path)) }
