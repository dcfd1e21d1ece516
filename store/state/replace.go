package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/snapshot"
	"treefilter/store/internal/wal"
)

// replace puts a new snapshot in the place of the old one.
func (d *dump) replace(m *merge, repair bool) (stamps int64, err error) {
	stamps, err = d.writeSnapshot(m)
	var damage *snapshot.BlockError
	if errors.As(err, &damage) && repair {
		d.st.SalvageAll(damage)
		stamps, err = d.writeSnapshot(m)
	}
	if err == nil {
		err = d.install()
	}
	return stamps, err
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
	var damage *snapshot.BlockError
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
	err := d.opt.fsys.Rename(temp, d.names.Snapshot)
	if disk.IsInUse(err) {
		err = d.renameClosed(temp)
	}
	if err != nil {
		return errors.Join(disk.Wrap(d.names.Snapshot, err), d.opt.fsys.Remove(temp))
	}
	if err := d.names.Sync(d.opt.fsys); err != nil {
		return disk.Wrap(d.names.Dir, err)
	}
	return nil
}

// renameClosed puts the temporary file in place where no file that is open can be
// replaced: without what this process has open, and that is then read anew. A snapshot that
// another process reads stays, with the WAL.
func (d *dump) renameClosed(temp string) error {
	err := errors.Join(d.st.Close(), d.loaded().Close())
	if d.latest != nil {
		err = errors.Join(err, d.latest.Close())
	}
	if err == nil {
		err = d.opt.fsys.Rename(temp, d.names.Snapshot)
	}
	d.Tree.st.Store(load(d.opt, d.names))
	d.reader, d.latest, d.asked = nil, nil, nil
	return err
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

// retireWAL removes the locked WAL, durably: one that came back after a crash
// would be older than the snapshot.
func (t *Tree) retireWAL() error {
	if info, err := t.opt.fsys.Lstat(t.names.Snapshot); err == nil || disk.IsMissing(err) {
		t.app.Snapshot = info // we have made it, so it is no news
	}
	if err := t.opt.fsys.Remove(t.names.WAL); err != nil {
		return disk.Wrap(t.names.WAL, err)
	}
	if err := t.opt.fsys.SyncDir(t.names.Dir); err != nil {
		return disk.Wrap(t.names.Dir, err)
	}
	return nil
}
