package segment

import (
	"errors"
	"os"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/wal"
)

// Begin makes the segment, and reads what others have said, before this process looks
// at a file: so what it writes is newer than that.
//
// It has another name until what it begins with is durable. A dump that finds that
// removes it before it reads anything, and we begin anew; or it folds nothing. The
// directory is listed after it was changed, since a client of a file server may
// remember what was in it.
func (w *Writer) Begin() error {
	if w.unusable != nil || w.file != nil {
		return w.unusable
	}
	if err := w.Names.Usable(w.Fsys); err != nil {
		return err
	}
	for try := 1; ; try++ {
		removed, err := w.make()
		if !removed || try == makeTries {
			return err
		}
	}
}

// makeTries bounds how often a dump may remove a segment that is being made.
const makeTries = 100

// make makes the segment, or reports that a dump has removed it meanwhile: what was read
// may be older than what that has folded.
func (w *Writer) make() (removed bool, err error) {
	self, id := w.Fsys.Process(), format.NewID()
	path := w.Names.Segment(disk.SegmentName(w.Program, self.Host, id))
	f, err := w.create(path)
	if err != nil {
		return false, disk.Wrap(path, err)
	}
	w.session = format.NewSession(w.Program, id, w.Terms().Config)
	w.session.Volume, w.session.Root = w.Fsys.Volume(w.Root).ID, w.Names.Root
	if err := w.begin(f, path, self); err != nil {
		lost := w.Fsys.Remove(making(path))
		return disk.IsMissing(lost), errors.Join(disk.Wrap(path, err), f.Close())
	}
	w.file, w.path, w.since = f, path, w.Epoch.Add(1)
	w.tally, w.vouched = format.Tally{}, format.Tally{}
	w.dirty, w.named = false, false
	return false, nil
}

// making is the name of a segment that is being made.
func making(path string) string { return path + disk.TempSuffix }

// create makes the file, and its directory, which a dump may just have removed.
func (w *Writer) create(path string) (disk.File, error) {
	for try := 1; ; try++ {
		if err := w.Names.MakeSegments(w.Fsys); err != nil {
			return nil, err
		}
		f, err := w.Fsys.Open(making(path), os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o666)
		if !disk.IsMissing(err) || try > 100 {
			return f, err
		}
	}
}

func (w *Writer) begin(f disk.File, path string, self disk.Process) error {
	if err := wal.GiveToOwner(w.Fsys, w.Names.Dir, f); err != nil {
		return err
	}
	first := format.SegmentRecord{Kind: format.SegmentBegin, ID: w.session.ID,
		Begin: format.Begin{Program: w.Program, Host: self.Host, Boot: self.Boot, PID: self.PID}}
	b := first.Append(nil)
	if _, err := f.Write(b); err != nil {
		return err
	}
	w.size = int64(len(b))
	read, err := w.Seen()
	logs := read.Logs
	if err == nil && len(logs) > 0 {
		// Should one that was read not be there later, it would be missed.
		err = w.Fsys.SyncDir(w.Names.Segments)
	}
	if err != nil {
		return err
	}
	b, read.Kind, read.ID = b[:0], format.SegmentRead, w.session.ID
	for first := true; first || len(logs) > 0; first = false {
		n := min(len(logs), format.LogsPerRecord)
		read.Logs, logs = logs[:n], logs[n:]
		b = read.Append(b)
	}
	b = w.session.AppendOpen(b)
	if _, err := f.Write(b); err != nil {
		return err
	}
	w.size += int64(len(b))
	w.opened = w.size
	if err := f.Sync(); err != nil {
		return err
	}
	return w.Fsys.Rename(making(path), path)
}
