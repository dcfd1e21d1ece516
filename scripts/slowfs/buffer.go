package main

import (
	"context"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// buffer is an open file whose writes are kept until it is synced, closed, read or
// statted by way of this mount: other mounts do not see them before, and they are lost
// when this process is killed. That is how a client of NFS treats them.
type buffer struct {
	*fs.LoopbackFile
	mu      sync.Mutex
	written []write
}

type write struct {
	off  int64
	data []byte
}

// Open implements fs.NodeOpener. What the kernel remembers of the file is forgotten, as a
// client of NFS does.
func (n *node) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	f, open, errno := n.LoopbackNode.Open(ctx, flags)
	if !n.buffered || errno != 0 {
		return f, open, errno
	}
	_ = n.NotifyContent(-1, 0)
	return &buffer{LoopbackFile: f.(*fs.LoopbackFile)}, open, 0
}

// Create implements fs.NodeCreater.
func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	inode, f, open, errno := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	if !n.buffered || errno != 0 {
		return inode, f, open, errno
	}
	return inode, &buffer{LoopbackFile: f.(*fs.LoopbackFile)}, open, 0
}

// Write implements fs.FileWriter.
func (b *buffer) Write(_ context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.written = append(b.written, write{off, append([]byte(nil), data...)})
	return uint32(len(data)), 0
}

// send writes what was kept.
func (b *buffer) send(ctx context.Context) syscall.Errno {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.written {
		if _, errno := b.LoopbackFile.Write(ctx, w.data, w.off); errno != 0 {
			return errno
		}
	}
	b.written = nil
	return 0
}

// Read implements fs.FileReader.
func (b *buffer) Read(ctx context.Context, to []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	if errno := b.send(ctx); errno != 0 {
		return nil, errno
	}
	return b.LoopbackFile.Read(ctx, to, off)
}

// Getattr implements fs.FileGetattrer.
func (b *buffer) Getattr(ctx context.Context, out *fuse.AttrOut) syscall.Errno {
	if errno := b.send(ctx); errno != 0 {
		return errno
	}
	return b.LoopbackFile.Getattr(ctx, out)
}

// Setattr implements fs.FileSetattrer.
func (b *buffer) Setattr(ctx context.Context, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if errno := b.send(ctx); errno != 0 {
		return errno
	}
	return b.LoopbackFile.Setattr(ctx, in, out)
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
