package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// DamageError is a snapshot that cannot be read, or not as a whole. A dump refuses
// to replace it; Repair moves it aside.
type DamageError struct{ Err error }

func (e *DamageError) Error() string { return e.Err.Error() }
func (e *DamageError) Unwrap() error { return e.Err }

// DumpOptions say what a Dump does beside folding.
type DumpOptions struct {
	// Repair moves a snapshot that cannot be read aside, to its name with
	// ".broken" appended, and what could be read of it goes into the new one.
	// Without it such a snapshot is an error.
	Repair bool
	// NewestOnly drops the stamps that were made under another config than the
	// newest. Else they are kept, and count again under their own.
	NewestOnly bool
}

// Dumped is what a Dump made.
type Dumped struct {
	Stamps int64 // that the tree holds now, under whatever config
	// Refused is how many of those that Hold kept were not made: see Entry.Since.
	Refused int
	// Dropped are the configs whose stamps were dropped, and how many.
	Dropped []DroppedStamps
}

// DroppedStamps are stamps of one config that a dump has dropped.
type DroppedStamps struct {
	Config Config
	Stamps int64
}

// Dump folds the WAL, and what Hold keeps, into the snapshot, and removes the
// WAL. On an error before the new snapshot is in place nothing has changed.
func (t *Tree) Dump(opt DumpOptions) (done Dumped, err error) {
	if err := t.Sync(); err != nil {
		return done, err
	}
	t.loaded() // settles which config is the tree's own
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil && t.names.absent(t.opt.fsys) {
		return done, nil
	}
	info, err := t.app.lock()
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, t.app.unlock()) }()
	d := t.newDump()
	defer func() { err = errors.Join(err, d.st.close()) }()
	if err := d.refuse(opt.Repair); err != nil {
		return done, err
	}
	if t.held != nil {
		if done.Refused, err = d.judgeHeld(info); err != nil {
			return done, err
		}
		if err := d.overruleWAL(info); err != nil {
			return done, err
		}
	}
	// The state itself is not kept: a run may dump thousands of trees.
	defer func() {
		problems := d.st.problems()
		t.dumped = &problems
	}()
	m := d.merge()
	m.contradicted = done.Refused > 0
	if opt.NewestOnly {
		if done.Dropped, err = m.keepNewest(); err != nil {
			return done, d.damaged(err)
		}
	}
	if d.unchanged() && len(done.Dropped) == 0 {
		done.Stamps = d.st.stamps()
		return done, t.retireWAL()
	}
	if done.Stamps, err = d.replace(m, opt.Repair); err != nil {
		return done, err
	}
	t.held, t.heldAt = nil, 0
	return done, t.retireWAL()
}

// judgeHeld takes back those of the stamps held in memory that others have spoken
// against since their files were looked at.
func (d *dump) judgeHeld(info fileInfo) (refused int, err error) {
	d.held.finish()
	if d.heldAt == 0 {
		return 0, nil
	}
	if err := d.app.catchUp(info); err != nil {
		return 0, err
	}
	reader := d.readerOf(d.st)
	for dir, r := range d.held.dirs {
		kept := r.items[:0]
		for _, it := range r.items {
			e := Entry{Path: joinPath(dir, it.name), Stamp: it.stamp(), Since: d.heldAt}
			switch d.app.judge(&e, func() *Reader { return reader }) {
			case leave:
				refused++
				continue
			case refuse:
				refused++
				it = item{name: it.name, kind: wordDrop}
			}
			kept = append(kept, it)
		}
		r.items = kept
	}
	return refused, nil
}

// overruleWAL appends those of the words held in memory to the WAL that it
// contradicts. A dump that ends between its rename and the removal of the WAL leaves
// both files, and the words of the WAL count as the newer ones: without this, an
// older stamp, perhaps of another config, would replace the one that was held.
func (d *dump) overruleWAL(info fileInfo) error {
	if d.st.wal == nil {
		return nil
	}
	var words []item
	for dir, r := range d.held.dirs {
		said := d.st.wal.said.dirs[dir]
		if said == nil {
			continue
		}
		for i := range r.items {
			if it, _ := said.find(r.items[i].name, 0); it != nil && !it.saysAs(&r.items[i]) {
				word := r.items[i]
				word.name = joinPath(dir, word.name)
				words = append(words, word)
			}
		}
	}
	if len(words) == 0 {
		return nil
	}
	if err := d.app.overrule(info, words); err != nil {
		return err
	}
	return d.app.flush()
}

// replace puts a new snapshot in the place of the old one.
func (d *dump) replace(m *merge, repair bool) (stamps int64, err error) {
	stamps, err = d.writeSnapshot(m)
	var damage *damageError
	if errors.As(err, &damage) && repair {
		d.st.salvageAll(d.names.snapshot, damage)
		stamps, err = d.writeSnapshot(m)
	}
	if err == nil {
		err = d.install()
	}
	return stamps, err
}

// dump is one dump under way: what is there, under the lock, and the config
// that the new snapshot begins with.
type dump struct {
	*Tree
	st     *state
	newest *terms
}

func (t *Tree) newDump() *dump {
	d := &dump{Tree: t, st: load(t.opt.fsys, t.names, t.opt.Program), newest: t.terms}
	d.st.recognize(t.terms)
	if newest := d.st.newest(); newest != nil && t.held == nil {
		d.newest = newest
	}
	return d
}

// recognize makes good for configs of the snapshot that cannot be read: one that
// the WAL has, or the tree, is known by its hash.
func (st *state) recognize(own *terms) {
	known := []*terms{own}
	if st.wal != nil {
		for _, s := range st.wal.sessions {
			known = append(known, s.terms)
		}
	}
	for _, p := range st.parts {
		for _, t := range known {
			if p.configErr != nil && p.hash == t.hash {
				p.terms, p.configErr = t, nil
			}
		}
	}
}

// merge brings together what is to be in the new snapshot.
func (d *dump) merge() *merge {
	m := newMerge(d.opt.Program, d.st, joined(d.st.inMemory(), d.held), d.newest)
	m.volume = d.st.volume()
	if d.held != nil {
		m.volume, m.held = d.opt.fsys.volume(d.root).id, d.terms
	}
	return m
}

// keepNewest leaves the stamps of all configs but the newest out.
func (m *merge) keepNewest() (dropped []DroppedStamps, err error) {
	for _, t := range m.configs[1:] {
		n, err := m.count(t)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			dropped = append(dropped, DroppedStamps{t.config, n})
		}
	}
	m.configs = m.configs[:1]
	return dropped, nil
}

// refuse reports why what is there must not be replaced.
func (d *dump) refuse(repair bool) error {
	if d.st.walErr != nil {
		return d.st.walErr
	}
	err := d.st.snapErr
	for _, p := range d.st.parts {
		if p.configErr != nil {
			// A repair would have to throw its stamps away.
			return fmt.Errorf("%w; the config of its stamps cannot be read: delete it, and every file is processed again", err)
		}
	}
	if err == nil || repair && !errors.Is(err, errForeign) {
		return nil
	}
	if errors.Is(err, errForeign) {
		return err
	}
	return d.damaged(err)
}

// damaged words a damage that a repair can do something about.
func (d *dump) damaged(err error) error {
	return stateError(d.names.snapshot, &DamageError{err})
}

// unchanged reports whether there is nothing to fold, and the snapshot is as a
// dump would write it.
func (d *dump) unchanged() bool {
	if d.st.wal != nil && (d.st.wal.records > 0 || d.st.wal.hidesAll || d.st.wal.hidesOthers != "") ||
		d.held != nil || d.st.snapErr != nil {
		return false
	}
	return !d.st.hasSnapshot() || d.st.src != nil && d.st.src.verify() == nil
}

// stamps is how many the snapshot holds.
func (st *state) stamps() (n int64) {
	for _, p := range st.parts {
		n += p.entries()
	}
	return n
}

// writeSnapshot writes the merged stamps to the temporary file, durably.
func (d *dump) writeSnapshot(m *merge) (stamps int64, err error) {
	temp := d.names.snapshot + tempSuffix
	f, err := d.createTemp(temp)
	if err != nil {
		return 0, stateError(temp, err)
	}
	stamps, err = m.write(newSnapshotWriter(f))
	if err == nil && d.st.file != nil {
		err = f.like(d.st.info)
	}
	if err == nil {
		err = giveToOwner(d.opt.fsys, d.names.dir, f)
	}
	if err == nil {
		err = f.sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		return stamps, nil
	}
	var damage *damageError
	if errors.As(err, &damage) {
		err = d.damaged(err)
	}
	return 0, errors.Join(stateError(temp, err), d.opt.fsys.remove(temp))
}

// createTemp makes the temporary file of a dump. One that is there already was
// left by a dump that was killed: we hold the lock.
func (d *dump) createTemp(temp string) (file, error) {
	create := func() (file, error) {
		return d.opt.fsys.open(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	}
	f, err := create()
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	if err := d.opt.fsys.remove(temp); err != nil {
		return nil, err
	}
	return create()
}

// install puts the temporary file in place. The WAL goes only after the new
// name is durable: the other way round a crash in between loses every stamp of
// the WAL.
func (d *dump) install() error {
	temp := d.names.snapshot + tempSuffix
	if d.st.snapErr != nil {
		broken := d.names.snapshot + brokenSuffix
		err := d.setAside(broken)
		if err == nil {
			err = d.names.sync(d.opt.fsys) // or a crash could leave neither name
		}
		if err != nil {
			return errors.Join(stateError(d.names.snapshot, err), d.opt.fsys.remove(temp))
		}
		d.st.snapErr = fmt.Errorf("%w; moved to %s", d.st.snapErr, broken)
	}
	if err := d.opt.fsys.rename(temp, d.names.snapshot); err != nil {
		return errors.Join(stateError(d.names.snapshot, err), d.opt.fsys.remove(temp))
	}
	if err := d.names.sync(d.opt.fsys); err != nil {
		return stateError(d.names.dir, err)
	}
	return nil
}

// setAside keeps a broken snapshot under another name. It is copied, so that
// at no time there is none: a crash in between would cost what is sound in it.
// What cannot be copied, because the disk does not give it back, is renamed.
func (d *dump) setAside(broken string) error {
	if err := d.opt.fsys.remove(broken); err != nil && !missing(err) {
		return err
	}
	if d.st.file == nil {
		return d.opt.fsys.rename(d.names.snapshot, broken)
	}
	to, err := d.opt.fsys.open(broken, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, io.NewSectionReader(d.st.file, 0, d.st.info.size))
	if err == nil {
		err = to.sync()
	}
	if err = errors.Join(err, to.Close()); err == nil {
		return nil
	}
	return d.opt.fsys.rename(d.names.snapshot, broken)
}

// Discard removes the WAL, and reports whether there was anything in it: the
// files that it spoke of have no stamp afterwards, whatever the snapshot said of
// them before.
func (t *Tree) Discard() (discarded bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := t.opt.fsys.lstat(t.names.wal); missing(err) {
		return false, nil
	}
	if _, err := t.app.lock(); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, t.app.unlock()) }()
	d := t.newDump()
	defer func() { err = errors.Join(err, d.st.close()) }()
	if err := d.refuse(false); err != nil {
		return false, err
	}
	if d.st.wal == nil || d.st.wal.records == 0 && !d.st.wal.hidesAll && d.st.wal.hidesOthers == "" {
		return false, t.retireWAL()
	}
	for _, r := range d.st.wal.said.dirs {
		for i := range r.items {
			r.items[i] = item{name: r.items[i].name, kind: wordDrop}
		}
	}
	if d.st.wal.hidesOthers != "" { // it spoke of files that are not known
		d.st.wal.hidesAll = true
	}
	// It is not folded in: who has read it before has missed what this takes back.
	d.st.wal.id, d.st.wal.last, d.st.wal.tally = "", nil, tally{}
	if newest := d.st.newest(); newest != nil {
		d.newest = newest
	}
	if _, err := d.replace(d.merge(), false); err != nil {
		return false, err
	}
	return true, t.retireWAL()
}

// retireWAL removes the locked WAL, durably: one that came back after a crash
// would be older than the snapshot.
func (t *Tree) retireWAL() error {
	if info, err := t.opt.fsys.lstat(t.names.snapshot); err == nil || missing(err) {
		t.app.snapshot = info // we have made it, so it is no news
	}
	if !removeOpen {
		if err := t.app.f.truncate(0); err != nil {
			return stateError(t.names.wal, err)
		}
		return nil
	}
	if err := t.opt.fsys.remove(t.names.wal); err != nil {
		return stateError(t.names.wal, err)
	}
	if err := t.opt.fsys.syncDir(t.names.dir); err != nil {
		return stateError(t.names.dir, err)
	}
	return nil
}
