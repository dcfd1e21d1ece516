package wal

import (
	"errors"
	"fmt"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// write appends the records that encode writes, called under the lock: nothing,
// where it writes none.
func (a *Appender) write(encode func([]byte) []byte) (err error) {
	if a.Failed != nil {
		return a.Failed
	}
	info, err := a.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Unlock()) }()
	return a.writeLocked(info, encode)
}

// writeLocked is write for a caller that holds the lock.
func (a *Appender) writeLocked(info disk.Info, encode func([]byte) []byte) error {
	if err := a.CatchUp(info); err != nil {
		return err
	}
	before := a.in.Tally
	b, err := a.begin(info)
	if err != nil {
		return err
	}
	reopen := !a.mine || a.pos-a.opened > ReopenAfter
	if reopen {
		b = a.Session.AppendOpen(b)
	}
	head := int64(len(b))
	if b = encode(b); int64(len(b)) == head {
		return nil
	}
	a.dirty, a.unsure = true, true
	if err := a.put(info, b); err != nil {
		a.in.Tally = before
		return err
	}
	if reopen {
		a.opened = info.Size + head
	}
	return nil
}

// begin returns what must stand before the first record of a batch.
func (a *Appender) begin(info disk.Info) ([]byte, error) {
	b := a.buf[:0]
	if info.Size == 0 || a.mine {
		return b, nil
	}
	// Another process wrote last, or was cut off: a record ends in a line end.
	last := []byte{'\n'}
	if err := format.ReadFull(a.F, last, info.Size-1); err != nil {
		return nil, disk.Wrap(a.Names.WAL, err)
	}
	if last[0] != '\n' {
		b = append(b, tornEnd+"\n"+tornMark+"\n"...)
	}
	return b, nil
}

// put writes records to the end of the WAL, all or none.
func (a *Appender) put(info disk.Info, b []byte) error {
	a.buf = b
	if err := CheckWALSize(info.Size + int64(len(b))); err != nil {
		return disk.Wrap(a.Names.WAL, fmt.Errorf("%w: dump it first", err))
	}
	if n, err := a.F.Write(b); err != nil {
		a.mine = false
		if n > 0 {
			if lost := a.F.Truncate(info.Size); lost != nil {
				err = errors.Join(err, lost)
			}
		}
		return disk.Wrap(a.Names.WAL, err)
	}
	a.pos, a.mine, a.Wrote, a.in.ID = info.Size+int64(len(b)), true, true, a.Session.ID
	return nil
}
