package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrDamaged is why a dump refuses: it would replace a snapshot that it cannot
// read, or not as a whole.
var ErrDamaged = errors.New("damaged snapshot")

// Dump folds the WAL, and what Hold keeps, into the snapshot, and removes the
// WAL. It returns how many stamps the tree holds now. The snapshot gets the
// config of the newest stamps, and those made under another are gone, unless
// the tree was opened with AnyConfig: then it keeps all, under the tree's own
// config. On an error before the new snapshot is in place nothing has changed.
//
// A snapshot that cannot be read is an error, unless repair is set: then it is
// moved aside, to its name with ".broken" behind, and what could be read of it
// goes into the new one.
func (t *Tree) Dump(repair bool) (stamps int64, err error) {
	if t.opt.AnyConfig {
		t.loaded() // settles which config that is
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil && t.names.absent(t.opt.fsys) {
		return 0, nil
	}
	if _, err := t.app.lock(); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, t.app.unlock()) }()

	d := t.newDump()
	defer func() { err = errors.Join(err, d.st.close()) }()
	if err := d.refuse(repair); err != nil {
		return 0, err
	}
	t.dumped = d.st
	if d.unchanged() {
		return d.st.stamps, t.retireWAL()
	}
	stamps, err = d.writeSnapshot()
	var damage *damageError
	if errors.As(err, &damage) && repair {
		d.st.salvage(t.names.snapshot, damage)
		stamps, err = d.writeSnapshot()
	}
	if err != nil {
		return 0, err
	}
	if err := d.install(); err != nil {
		return 0, err
	}
	t.held = nil
	return stamps, t.retireWAL()
}

// dump is one dump under way: what is there, under the lock, and the config
// that the new snapshot gets.
type dump struct {
	*Tree
	st     *state
	config Config
	sc     scope
}

func (t *Tree) newDump() *dump {
	d := &dump{Tree: t, st: load(t.opt.fsys, t.names, t.sc), config: t.opt.Config, sc: t.sc}
	newest, ok := d.st.newest()
	if ok && t.sc.anyConfig && d.config.Empty() {
		d.config = newest
		return d
	}
	if !ok || t.held != nil || t.sc.anyConfig && !d.config.Empty() {
		return d
	}
	d.config = newest
	if hash := newest.Hash(); hash != d.sc.hash {
		d.sc.hash = hash
		d.st.close()
		d.st = load(t.opt.fsys, t.names, d.sc)
	}
	return d
}

// refuse tells why what is there must not be replaced.
func (d *dump) refuse(repair bool) error {
	if d.st.walErr != nil {
		return d.st.walErr
	}
	err := d.st.snapErr
	if d.st.src != nil && !d.st.known && !d.st.snapshotCounts(d.sc) {
		// A repair would have to throw its stamps away.
		return fmt.Errorf("%w; the config of its stamps cannot be read: delete it, and every file is processed again", err)
	}
	if err == nil || repair && !errors.Is(err, errForeign) {
		return nil
	}
	if errors.Is(err, errForeign) {
		return err
	}
	return fmt.Errorf("%w (dump --repair moves it aside)", err)
}

// unchanged tells whether there is nothing to fold, and the snapshot is as a
// dump would write it.
func (d *dump) unchanged() bool {
	noWAL := d.st.wal == nil || d.st.wal.stamps.empty() && d.st.wal.sets == 0
	if !noWAL || d.held != nil || d.st.snapErr != nil {
		return false
	}
	if d.st.hash == "" {
		return true
	}
	return d.st.src != nil && d.st.hash == d.config.Hash() && d.st.src.verify() == nil
}

// writeSnapshot writes the merged stamps to the temporary file, durably.
func (d *dump) writeSnapshot() (stamps int64, err error) {
	temp := d.names.snapshot + tempSuffix
	f, err := d.createTemp(temp)
	if err != nil {
		return 0, stateError(temp, err)
	}
	stamps, err = d.merge(newSnapshotWriter(f))
	if err == nil && d.st.file != nil {
		err = f.like(d.st.info)
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
		err = stateError(d.names.snapshot, fmt.Errorf("%w: %w (dump --repair moves it aside)", ErrDamaged, err))
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

func (d *dump) merge(out *snapshotWriter) (int64, error) {
	m := merge{out: out, volume: d.st.volume()}
	if d.held != nil {
		m.volume = d.opt.fsys.volume(d.root).id
	}
	var over []*overlay
	if d.st.snapshotCounts(d.sc) {
		if d.st.hand != nil {
			over = append(over, d.st.hand)
		} else if d.st.src != nil {
			m.base = d.st
		}
	}
	if d.st.wal != nil {
		over = append(over, d.st.wal.stamps)
	}
	if d.held != nil {
		over = append(over, d.held)
	}
	m.over = joined(over...)
	return m.write(d.opt.Program, d.config)
}

// install puts the temporary file in place. The WAL goes only after the new
// name is durable: the other way round a crash in between loses every stamp of
// the WAL.
func (d *dump) install() error {
	temp := d.names.snapshot + tempSuffix
	if d.st.snapErr != nil {
		broken := d.names.snapshot + brokenSuffix
		if err := d.setAside(broken); err != nil {
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

// Discard removes the WAL: the stamps since the last dump are forgotten.
func (t *Tree) Discard() (err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := t.opt.fsys.lstat(t.names.wal); missing(err) {
		return nil
	}
	if _, err := t.app.lock(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.app.unlock()) }()
	return t.retireWAL()
}

// retireWAL removes the locked WAL, durably: one that came back after a crash
// would be older than the snapshot.
func (t *Tree) retireWAL() error {
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
