// Command slowfs shows a directory once more, through a FUSE file system that takes
// its time: for measurements and tests, on Linux, as root or with fusermount.
//
//	slowfs [-lookup 1ms] [-getattr 0] [-entry-timeout 0] [-attr-timeout 0] [-buffer] DIR MOUNTPOINT
//
// A line on stdout says that it is mounted. SIGINT and SIGTERM unmount it, and so does
// the end of stdin, if that is a pipe: it does not outlive what has started it.
//
// A look-up is what finds one name in one directory; the kernel asks for it once for
// each component of a path that it does not remember, and remembers it for
// entry-timeout. What a stat shows comes with it, and is remembered for attr-timeout;
// after that the kernel asks again, with a getattr. So two mounts of one directory
// with an attr-timeout are two machines with their own caches. Locks are those of each
// mount, as they are on two machines without a lock server. With -buffer, other mounts see
// what is written once it is synced or the file is closed, and opening a file forgets what
// was remembered of it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// delays are how long requests take beyond what they take by themselves, and whether
// writes take until the file is synced or closed: see pending.
type delays struct {
	lookup, getattr time.Duration
	buffered        bool
}

// node is one file or directory.
type node struct {
	fs.LoopbackNode
	*delays
	pending
}

// WrapChild implements fs.NodeWrapChilder.
func (n *node) WrapChild(_ context.Context, child fs.InodeEmbedder) fs.InodeEmbedder {
	return &node{LoopbackNode: fs.LoopbackNode{RootData: child.(*fs.LoopbackNode).RootData}, delays: n.delays}
}

// Lookup implements fs.NodeLookuper.
func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	time.Sleep(n.lookup)
	child, errno := n.LoopbackNode.Lookup(ctx, name, out)
	if errno == 0 {
		child.Operations().(*node).grow(&out.Attr)
	}
	return child, errno
}

// Getattr implements fs.NodeGetattrer.
func (n *node) Getattr(ctx context.Context, f fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	time.Sleep(n.getattr)
	if b, ok := f.(*buffer); ok {
		f = b.LoopbackFile
	}
	errno := n.LoopbackNode.Getattr(ctx, f, out)
	n.grow(&out.Attr)
	return errno
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("slowfs: ")
	var d delays
	flag.DurationVar(&d.lookup, "lookup", time.Millisecond, "delay of each look-up")
	flag.DurationVar(&d.getattr, "getattr", 0, "delay of each getattr")
	entries := flag.Duration("entry-timeout", 0, "how long the kernel remembers a look-up")
	attrs := flag.Duration("attr-timeout", 0, "how long it remembers what a stat shows")
	flag.BoolVar(&d.buffered, "buffer", false, "keep what is written until it is synced or closed")
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	server, err := mount(flag.Arg(0), flag.Arg(1), &d, *entries, *attrs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("mounted")
	go unmountAtEnd(server)
	server.Wait()
}

func mount(dir, at string, d *delays, entries, attrs time.Duration) (*fuse.Server, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(dir, &st); err != nil {
		return nil, &os.PathError{Op: "stat", Path: dir, Err: err}
	}
	root := &fs.LoopbackRoot{Path: dir, Dev: uint64(st.Dev)}
	top := &node{LoopbackNode: fs.LoopbackNode{RootData: root}, delays: d}
	root.RootNode = top
	return fs.Mount(at, top, &fs.Options{
		EntryTimeout: &entries,
		AttrTimeout:  &attrs,
		MountOptions: fuse.MountOptions{
			FsName: dir,
			Name:   "slowfs",
			// It would make look-ups of all names of a directory in one request.
			DisableReadDirPlus: true,
			DirectMount:        true,
			// It would read and write past this process.
			DisabledCapabilities: fuse.CAP_PASSTHROUGH,
			AllowOther:           os.Getuid() == 0,
		},
	})
}

// unmountAtEnd unmounts at a signal, or at the end of stdin.
func unmountAtEnd(server *fuse.Server) {
	end := make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt, syscall.SIGTERM)
	if info, err := os.Stdin.Stat(); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			end <- os.Interrupt
		}()
	}
	for range end {
		// Something may still have a file open: then the next one tries again.
		if err := server.Unmount(); err == nil {
			return
		} else {
			log.Print(err)
		}
	}
}
