//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// EXT4_IOC_SHUTDOWN, and what it is to do: stop at once, with or without a flush
// of the journal.
const (
	ext4Shutdown   = 0x8004587d
	journalFlushed = 1
	journalLost    = 2
)

// power cuts the power of a file system under running commands.
func (b *bench) power() (string, error) {
	if os.Geteuid() != 0 {
		return "", fmt.Errorf("%w: only root can mount an ext4", errImpossible)
	}
	fs, image, root := ext4, filepath.Join(b.dir, "image"), filepath.Join(b.dir, "power")
	if err := fs.makeImage(image, fs.size); err != nil {
		return "", err
	}
	if err := os.Mkdir(root, 0o777); err != nil {
		return "", err
	}
	mounts := 0
	mount := func() error {
		// Every other time data may reach the disk after the names and sizes
		// that belong to it.
		mounts++
		return fs.mount(image, root, []string{"defaults", "data=writeback"}[mounts%2])
	}
	if err := mount(); err != nil {
		return "", err
	}
	mounted := true
	defer func() {
		if mounted {
			unix.Unmount(root, unix.MNT_DETACH)
		}
	}()
	t, err := b.makeTree(filepath.Join(root, "tree"), 200)
	if err != nil {
		return "", err
	}
	figures := func(cuts int, err error) string {
		return fmt.Sprintf("%d cuts, %d acknowledged stamps, %s", cuts, t.acks, verdict(err))
	}
	for cut := range b.Cuts {
		// A file's new mtime is to survive the cut: we test stamps, not utimes.
		if err := errors.Join(t.change(b.rng), syncFS(root)); err != nil {
			return "", err
		}
		kept, err := t.cutPower(time.Duration(b.rng.Int64N(int64(150*time.Millisecond))), journalFlushed+b.rng.IntN(2))
		if err != nil {
			return figures(cut, err), err
		}
		if err := tool("umount", root); err != nil {
			return "", err
		}
		mounted = false
		if cut%50 == 0 {
			if err := tool("fsck.ext4", "-p", image); err != nil {
				return "", err
			}
		}
		if err := mount(); err != nil {
			return "", err
		}
		mounted = true
		t.state = kept
		if err = t.check(); err == nil && cut%10 == 9 {
			err = t.works()
		}
		if err == nil && cut%25 == 24 {
			err = t.forget()
		}
		if err == nil {
			err = b.ctx.Err()
		}
		if err != nil {
			return figures(cut+1, err), err
		}
	}
	return figures(b.Cuts, nil), nil
}

func syncFS(root string) error {
	dir, err := os.Open(root)
	if err != nil {
		return err
	}
	defer dir.Close()
	return unix.Syncfs(int(dir.Fd()))
}

// refused marks as impossible what this machine does not let us mount.
func refused(what string, err error) error {
	for _, sign := range []string{"not permitted", "permission denied", "unknown filesystem", "no such device", "loop device"} {
		if strings.Contains(strings.ToLower(err.Error()), sign) {
			return fmt.Errorf("%w: %s: %w", errImpossible, what, err)
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}

// cutPower commits and dumps until the moment of the cut, and returns what was
// acknowledged before it.
func (t *tree) cutPower(moment time.Duration, how int) (map[string]fileState, error) {
	dir, err := os.Open(t.root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	stop := make(chan struct{})
	var cut atomic.Bool
	var early atomic.Pointer[error] // of a command that failed before the cut
	run := func(paths []string, args ...string) bool {
		_, err := t.run(paths, args...)
		if err != nil && !cut.Load() {
			early.Store(&err)
		}
		return err == nil
	}
	var running sync.WaitGroup
	repeat := func(do func(rng *rand.Rand)) {
		rng := rand.New(rand.NewPCG(t.bench.rng.Uint64(), 0))
		running.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					do(rng)
				}
			}
		})
	}
	for range 2 {
		repeat(func(rng *rand.Rand) {
			paths := t.some(rng, 30)
			t.feed(paths)
			mode := dumpModes[rng.IntN(len(dumpModes))]
			if run(paths, "commit", "-0", mode, t.root) {
				t.ack(paths)
			}
		})
	}
	repeat(func(rng *rand.Rand) {
		if rng.IntN(3) == 0 {
			run(nil, "dump", t.root)
		}
		time.Sleep(time.Duration(rng.Int64N(int64(10 * time.Millisecond))))
	})
	time.Sleep(moment)
	// First what was acknowledged, then the cut: the other way round, a commit
	// that ended in between would look like a loss.
	kept := t.states()
	cut.Store(true)
	err = unix.IoctlSetPointerInt(int(dir.Fd()), ext4Shutdown, how)
	close(stop)
	running.Wait()
	if err != nil {
		return nil, refused("EXT4_IOC_SHUTDOWN", err)
	}
	if err := early.Load(); err != nil {
		return nil, *err
	}
	// What was given to a commit meanwhile may be stamped.
	for path, s := range t.states() {
		if s != pending && kept[path] == pending {
			kept[path] = maybe
		}
	}
	return kept, nil
}

// tool runs a command of the system.
func tool(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
