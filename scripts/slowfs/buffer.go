package main

import (
	"context"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// pending is what was written to a file and is kept until it is synced, closed or read by
// way of this mount: other mounts do not see it before, and it is lost when this process is
// killed. That is how a client of NFS treats it.
type pending struct {
	mu     sync.Mutex
	writes []write
	end    uint64 // the size that the file has with them
}

type write struct {
	to   *fs.LoopbackFile
	off  int64
	data []byte
}

// send writes what was kept.
func (p *pending) send(ctx context.Context) syscall.Errno {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.writes {
		if _, errno := w.to.Write(ctx, w.data, w.off); errno != 0 {
			return errno
		}
	}
	p.writes, p.end = nil, 0
	return 0
}

// grow shows the size that a file has with what is kept.
func (p *pending) grow(a *fuse.Attr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a.Size = max(a.Size, p.end)
}

// buffer is an open file whose writes are kept.
type buffer struct {
	*fs.LoopbackFile
	*pending
}

// Open implements fs.NodeOpener. What the kernel remembers of the file is forgotten, as a
// client of NFS does.
func (n *node) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	f, open, errno := n.LoopbackNode.Open(ctx, flags)
	if !n.buffered || errno != 0 {
		return f, open, errno
	}
	_ = n.NotifyContent(-1, 0)
	return &buffer{f.(*fs.LoopbackFile), &n.pending}, open, 0
}

// Create implements fs.NodeCreater.
func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	inode, f, open, errno := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	if !n.buffered || errno != 0 {
		return inode, f, open, errno
	}
	return inode, &buffer{f.(*fs.LoopbackFile), &inode.Operations().(*node).pending}, open, 0
}

// Setattr implements fs.NodeSetattrer.
func (n *node) Setattr(ctx context.Context, f fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if errno := n.send(ctx); errno != 0 {
		return errno
	}
	if b, ok := f.(*buffer); ok {
		f = b.LoopbackFile
	}
	return n.LoopbackNode.Setattr(ctx, f, in, out)
}

// Write implements fs.FileWriter.
func (b *buffer) Write(_ context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writes = append(b.writes, write{b.LoopbackFile, off, append([]byte(nil), data...)})
	b.end = max(b.end, uint64(off)+uint64(len(data)))
	return uint32(len(data)), 0
}

// Read implements fs.FileReader.
func (b *buffer) Read(ctx context.Context, to []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	if errno := b.send(ctx); errno != 0 {
		return nil, errno
	}
	return b.LoopbackFile.Read(ctx, to, off)
}

// Flush implements fs.FileFlusher: the file is closed.
func (b *buffer) Flush(ctx context.Context) syscall.Errno {
	if errno := b.send(ctx); errno != 0 {
		return errno
	}
	return b.LoopbackFile.Flush(ctx)
}

// Fsync implements fs.FileFsyncer.
func (b *buffer) Fsync(ctx context.Context, flags uint32) syscall.Errno {
	if errno := b.send(ctx); errno != 0 {
		return errno
	}
	return b.LoopbackFile.Fsync(ctx, flags)
}
