package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/snapshot"
	"treefilter/store/internal/wal"
)

// DamageError is why a dump refuses: it would replace a snapshot that it cannot
// read, or not as a whole. Repair moves that aside.
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
	Config format.Config
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
	if t.held == nil && t.names.Absent(t.opt.fsys) {
		return done, nil
	}
	info, err := t.app.Lock()
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, t.app.Unlock()) }()
	d := t.newDump()
	defer func() { err = errors.Join(err, d.st.Close()) }()
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
func (d *dump) judgeHeld(info disk.Info) (refused int, err error) {
	d.held.Finish()
	if d.heldAt == 0 {
		return 0, nil
	}
	if err := d.app.CatchUp(info); err != nil {
		return 0, err
	}
	reader := d.readerOf(d.st)
	for dir, r := range d.held.Dirs {
		kept := r.Items[:0]
		for _, it := range r.Items {
			e := format.Entry{Path: format.JoinPath(dir, it.Name), Stamp: it.Stamp(), Since: d.heldAt}
			switch d.app.Judge(&e, reader.lookUp) {
			case wal.Leave:
				refused++
				continue
			case wal.Refuse:
				refused++
				it = memtable.Word{Name: it.Name, Kind: memtable.WordDrop}
			}
			kept = append(kept, it)
		}
		r.Items = kept
	}
	return refused, nil
}

// overruleWAL appends those of the words held in memory to the WAL that it
// contradicts. A dump that ends between its rename and the removal of the WAL leaves
// both files, and the words of the WAL count as the newer ones: without this, an
// older stamp, perhaps of another config, would replace the one that was held.
func (d *dump) overruleWAL(info disk.Info) error {
	if d.st.wal == nil {
		return nil
	}
	var words []memtable.Word
	for dir, r := range d.held.Dirs {
		said := d.st.wal.Said.Dirs[dir]
		if said == nil {
			continue
		}
		for i := range r.Items {
			if it, _ := said.Find(r.Items[i].Name, 0); it != nil && !it.SaysAs(&r.Items[i]) {
				word := r.Items[i]
				word.Name = format.JoinPath(dir, word.Name)
				words = append(words, word)
			}
		}
	}
	if len(words) == 0 {
		return nil
	}
	if err := d.app.Overrule(info, words); err != nil {
		return err
	}
	return d.app.Flush()
}

// replace puts a new snapshot in the place of the old one.
func (d *dump) replace(m *merge, repair bool) (stamps int64, err error) {
	stamps, err = d.writeSnapshot(m)
	var damage *snapshot.DamageError
	if errors.As(err, &damage) && repair {
		d.st.SalvageAll(damage)
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
	newest *format.Terms
}

func (t *Tree) newDump() *dump {
	d := &dump{Tree: t, st: load(t.opt.fsys, t.names, t.opt.Program), newest: t.under}
	d.st.recognize(t.under)
	if newest := d.st.newest(); newest != nil && t.held == nil {
		d.newest = newest
	}
	return d
}

// recognize makes good for configs of the snapshot that cannot be read: one that
// the WAL has, or the tree, is known by its hash.
func (st *state) recognize(own *format.Terms) {
	known := []*format.Terms{own}
	if st.wal != nil {
		for _, s := range st.wal.Sessions {
			known = append(known, s.Terms)
		}
	}
	for _, p := range st.Parts {
		for _, t := range known {
			if p.ConfigErr != nil && p.Hash == t.Hash {
				p.Terms, p.ConfigErr = t, nil
			}
		}
	}
}

// merge brings together what is to be in the new snapshot.
func (d *dump) merge() *merge {
	m := newMerge(d.opt.Program, d.st, memtable.Joined(d.st.inMemory(), d.held), d.newest)
	m.volume = d.st.volume()
	if d.held != nil {
		m.volume, m.held = d.opt.fsys.Volume(d.root).ID, d.under
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
			dropped = append(dropped, DroppedStamps{t.Config, n})
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
	err := d.st.SnapErr
	for _, p := range d.st.Parts {
		if p.ConfigErr != nil {
			// A repair would have to throw its stamps away.
			return fmt.Errorf("%w; the config of its stamps cannot be read: delete it, and every file is processed again", err)
		}
	}
	if err == nil || repair && !errors.Is(err, format.ErrForeign) {
		return nil
	}
	if errors.Is(err, format.ErrForeign) {
		return err
	}
	return d.damaged(err)
}

// damaged words a damage that a repair can do something about.
func (d *dump) damaged(err error) error {
	return disk.Wrap(d.names.Snapshot, &DamageError{err})
}

// unchanged reports whether there is nothing to fold, and the snapshot is as a
// dump would write it.
func (d *dump) unchanged() bool {
	if d.st.wal != nil && (d.st.wal.Records > 0 || d.st.wal.HidesAll || d.st.wal.HidesOthers != "") ||
		d.held != nil || d.st.SnapErr != nil {
		return false
	}
	return !d.st.Readable() || d.st.Src != nil && d.st.Src.Verify() == nil
}

// stamps is how many the snapshot holds.
func (st *state) stamps() (n int64) {
	for _, p := range st.Parts {
		n += p.Entries()
	}
	return n
}

// writeSnapshot writes the merged stamps to the temporary file, durably.
func (d *dump) writeSnapshot(m *merge) (stamps int64, err error) {
	temp := d.names.Snapshot + disk.TempSuffix
	f, err := d.createTemp(temp)
	if err != nil {
		return 0, disk.Wrap(temp, err)
	}
	stamps, err = m.write(format.NewSnapshotWriter(f))
	if err == nil && d.st.File != nil {
		err = f.Like(d.st.Info)
	}
	if err == nil {
		err = wal.GiveToOwner(d.opt.fsys, d.names.Dir, f)
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		return stamps, nil
	}
	var damage *snapshot.DamageError
	if errors.As(err, &damage) {
		err = d.damaged(err)
	}
	return 0, errors.Join(disk.Wrap(temp, err), d.opt.fsys.Remove(temp))
}

// createTemp makes the temporary file of a dump. One that is there already was
// left by a dump that was killed: we hold the lock.
func (d *dump) createTemp(temp string) (disk.File, error) {
	create := func() (disk.File, error) {
		return d.opt.fsys.Open(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	}
	f, err := create()
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	if err := d.opt.fsys.Remove(temp); err != nil {
		return nil, err
	}
	return create()
}

// install puts the temporary file in place. The WAL goes only after the new
// name is durable: the other way round a crash in between loses every stamp of
// the WAL.
func (d *dump) install() error {
	temp := d.names.Snapshot + disk.TempSuffix
	if d.st.SnapErr != nil {
		broken := d.names.Snapshot + disk.BrokenSuffix
		err := d.setAside(broken)
		if err == nil {
			err = d.names.Sync(d.opt.fsys) // or a crash could leave neither name
		}
		if err != nil {
			return errors.Join(disk.Wrap(d.names.Snapshot, err), d.opt.fsys.Remove(temp))
		}
		d.st.SnapErr = fmt.Errorf("%w; moved to %s", d.st.SnapErr, broken)
	}
	if err := d.opt.fsys.Rename(temp, d.names.Snapshot); err != nil {
		return errors.Join(disk.Wrap(d.names.Snapshot, err), d.opt.fsys.Remove(temp))
	}
	if err := d.names.Sync(d.opt.fsys); err != nil {
		return disk.Wrap(d.names.Dir, err)
	}
	return nil
}

// setAside keeps a broken snapshot under another name. It is copied, so that
// at no time there is none: a crash in between would cost what is sound in it.
// What cannot be copied, because the disk does not give it back, is renamed.
func (d *dump) setAside(broken string) error {
	if err := d.opt.fsys.Remove(broken); err != nil && !disk.IsMissing(err) {
		return err
	}
	if d.st.File == nil {
		return d.opt.fsys.Rename(d.names.Snapshot, broken)
	}
	to, err := d.opt.fsys.Open(broken, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, io.NewSectionReader(d.st.File, 0, d.st.Info.Size))
	if err == nil {
		err = to.Sync()
	}
	if err = errors.Join(err, to.Close()); err == nil {
		return nil
	}
	return d.opt.fsys.Rename(d.names.Snapshot, broken)
}

// Discard removes the WAL, and reports whether there was anything in it: the
// files that it spoke of have no stamp afterwards, whatever the snapshot said of
// them before.
func (t *Tree) Discard() (discarded bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := t.opt.fsys.Lstat(t.names.WAL); disk.IsMissing(err) {
		return false, nil
	}
	if _, err := t.app.Lock(); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, t.app.Unlock()) }()
	d := t.newDump()
	defer func() { err = errors.Join(err, d.st.Close()) }()
	if err := d.refuse(false); err != nil {
		return false, err
	}
	if d.st.wal == nil || d.st.wal.Records == 0 && !d.st.wal.HidesAll && d.st.wal.HidesOthers == "" {
		return false, t.retireWAL()
	}
	for _, r := range d.st.wal.Said.Dirs {
		for i := range r.Items {
			r.Items[i] = memtable.Word{Name: r.Items[i].Name, Kind: memtable.WordDrop}
		}
	}
	if d.st.wal.HidesOthers != "" { // it spoke of files that are not known
		d.st.wal.HidesAll = true
	}
	// It is not folded in: who has read it before has missed what this takes back.
	d.st.wal.ID, d.st.wal.Last, d.st.wal.Tally = "", nil, format.Tally{}
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
	if info, err := t.opt.fsys.Lstat(t.names.Snapshot); err == nil || disk.IsMissing(err) {
		t.app.Snapshot = info // we have made it, so it is no news
	}
	if !disk.RemoveOpen {
		if err := t.app.F.Truncate(0); err != nil {
			return disk.Wrap(t.names.WAL, err)
		}
		return nil
	}
	if err := t.opt.fsys.Remove(t.names.WAL); err != nil {
		return disk.Wrap(t.names.WAL, err)
	}
	if err := t.opt.fsys.SyncDir(t.names.Dir); err != nil {
		return disk.Wrap(t.names.Dir, err)
	}
	return nil
}
