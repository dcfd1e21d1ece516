package wal

import (
	"errors"
	"time"

	"treefilter/store/internal/disk"
)

// Sync makes everything appended so far durable, and then vouches for it.
func (a *Appender) Sync() error {
	if a.Failed != nil || a.F == nil {
		return a.Failed
	}
	if a.dirty {
		if err := a.Flush(); err != nil {
			return err
		}
	}
	if !a.unsure {
		return nil
	}
	return a.vouch()
}

// Flush makes the WAL and its name durable. After a failure the kernel may have
// dropped what it could not write and call the next sync a success, so a failure
// is final.
func (a *Appender) Flush() error {
	err := a.F.Sync()
	if err == nil && !a.named {
		err = a.Names.Sync(a.Fsys)
	}
	if err != nil {
		a.Failed = disk.Wrap(a.Names.WAL, err)
		return a.Failed
	}
	a.dirty, a.named = false, true
	return nil
}

// vouchWait bounds the wait for the lock before records are vouched for: the
// process that has it will vouch for ours too, and they are durable without that.
const vouchWait = time.Second

// vouch appends an open record that counts those before it, so that one which
// damage takes is missed. All of them must be durable: after a crash nothing may
// be missed that was never acknowledged.
func (a *Appender) vouch() (err error) {
	info, err := a.lockFor(min(a.Wait, vouchWait))
	if errors.Is(err, ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Unlock()) }()
	alone := a.mine && info.Size == a.pos
	if err := a.CatchUp(info); err != nil {
		return err
	}
	if !a.unsure || a.in.Tally == a.in.Vouched {
		a.unsure = false
		return nil
	}
	if !alone {
		if err := a.Flush(); err != nil {
			return err
		}
	}
	b, err := a.begin(info)
	if err != nil {
		return err
	}
	sealing := *a.Session
	counted := a.in.Tally
	sealing.After = &counted
	b = sealing.AppendOpen(b)
	if err := a.put(info, b); err != nil {
		return nil // a full disk, say: the records are safe without it
	}
	a.opened, a.in.Vouched, a.unsure = a.pos, counted, false
	return nil
}
