//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// fileSystem is one that the power is cut of.
type fileSystem struct {
	name    string
	mkfs    []string
	size    int64    // of its image, near the least that mkfs takes
	options []string // of mount, in turn
}

var (
	ext4 = fileSystem{"ext4", []string{"mkfs.ext4", "-q", "-F"}, 64 << 20, []string{
		// data=writeback lets names and sizes reach the disk before the data that
		// belong to them. auto_da_alloc, which is the default, writes the data of
		// a file that replaces another one: not every tool can count on it.
		"defaults", "data=writeback", "noauto_da_alloc", "data=writeback,noauto_da_alloc",
	}}
	xfs   = fileSystem{"xfs", []string{"mkfs.xfs", "-q", "-f"}, 300 << 20, []string{"defaults"}}
	btrfs = fileSystem{"btrfs", []string{"mkfs.btrfs", "-q", "-f"}, 256 << 20, []string{"defaults", "commit=1"}}
)

// makeImage makes an empty file system.
func (fs fileSystem) makeImage(image string, size int64) error {
	if _, err := exec.LookPath(fs.mkfs[0]); err != nil {
		return fmt.Errorf("%w: %w", errImpossible, err)
	}
	if err := os.WriteFile(image, nil, 0o666); err != nil {
		return err
	}
	if err := os.Truncate(image, size); err != nil {
		return err
	}
	return tool(fs.mkfs[0], append(fs.mkfs[1:len(fs.mkfs):len(fs.mkfs)], image)...)
}

// mount mounts an image. Its loop device goes when it is unmounted.
func (fs fileSystem) mount(image, root, options string) error {
	if err := tool("mount", "-t", fs.name, "-o", "loop,"+options, image, root); err != nil {
		return refused("mount", err)
	}
	return nil
}

// unmount waits for a child of ours that has just been forked, and holds what we
// have open until it becomes another program.
func unmount(root string) error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		err := unix.Unmount(root, 0)
		if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			if err != nil {
				unix.Unmount(root, unix.MNT_DETACH)
				err = fmt.Errorf("unmount %s: %w", root, err)
			}
			return err
		}
	}
}

// clonePool returns a directory in which files can be cloned: ours, or else one
// on a file system made for it.
//
// A clone is the image as it was at one moment, and nothing has to stop for it. A copy that is read piece by piece can hold a later write and lack one that
// was flushed before it: no power cut leaves that.
func (b *bench) clonePool() (pool string, release func() error, err error) {
	pool = filepath.Join(b.dir, "pool")
	if err := os.Mkdir(pool, 0o777); err != nil {
		return "", nil, err
	}
	if canClone(b.dir) {
		return pool, func() error { return nil }, nil
	}
	var reasons []error
	for _, fs := range []fileSystem{xfs, btrfs} {
		image := filepath.Join(b.dir, "pool.image")
		err := fs.makeImage(image, 4<<30) // sparse
		if err == nil {
			err = fs.mount(image, pool, "defaults")
		}
		if err == nil {
			if canClone(pool) {
				return pool, func() error { return unmount(pool) }, nil
			}
			err = errors.Join(fmt.Errorf("%w: %s cannot clone files", errImpossible, fs.name), unmount(pool))
		}
		if !errors.Is(err, errImpossible) {
			return "", nil, err
		}
		reasons = append(reasons, err)
	}
	return "", nil, errors.Join(reasons...)
}

func canClone(dir string) bool {
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	defer os.Remove(from)
	defer os.Remove(to)
	return os.WriteFile(from, make([]byte, 4096), 0o666) == nil && clone(from, to) == nil
}

// clone makes a file that shares the blocks of another one, while the kernel holds
// back writes to that one. An image's own file system does not notice: it syncs
// nothing for it.
func clone(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if err := unix.IoctlFileClone(int(out.Fd()), int(in.Fd())); err != nil {
		out.Close()
		return fmt.Errorf("clone %s: %w", from, err)
	}
	return out.Close()
}
