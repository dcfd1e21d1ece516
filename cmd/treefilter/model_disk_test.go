//go:build linux

package main_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// disk is a small file system of its own, in a file that can be copied while it is
// mounted: the copy is what a power cut leaves.
type disk struct {
	mounted string // where it is
	image   string
	next    string // the copy
	count   int
}

// canCut reports whether power can be cut here.
var canCut = sync.OnceValue(func() bool {
	top, err := os.MkdirTemp(scratch(), "model")
	if err != nil {
		return false
	}
	defer os.RemoveAll(top)
	d := disk{mounted: top, image: filepath.Join(top, "image")}
	return os.Geteuid() == 0 && d.format() == nil && tool("mount", "-o", "loop", d.image, top) == nil && tool("umount", top) == nil
})

func tool(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// mount mounts an image. Loop devices are few, and those of others are freed late.
func mount(image, dir string) error {
	return eventually(func() error {
		// Without auto_da_alloc the file system does not guess that a rename wants
		// its data to be on the disk.
		return tool("mount", "-t", "ext4", "-o", "loop,noauto_da_alloc", image, dir)
	})
}

func (d *disk) make() {
	check(os.Mkdir(d.mounted, 0o777))
	check(d.format())
	check(mount(d.image, d.mounted))
}

func (d *disk) format() error {
	return errors.Join(
		os.WriteFile(d.image, nil, 0o666),
		os.Truncate(d.image, 8<<20),
		tool("mkfs.ext4", "-q", "-F", "-m0", "-Jsize=1", d.image))
}

func (d *disk) sync() {
	dir, err := os.Open(d.mounted)
	check(err)
	defer dir.Close()
	check(unix.Syncfs(int(dir.Fd())))
}

// copy is the moment of the cut.
func (d *disk) copy() {
	d.count++
	d.next = fmt.Sprintf("%s%d", strings.TrimRight(d.image, "0123456789"), d.count)
	check(tool("cp", "--sparse=always", d.image, d.next))
}

// swap puts the copy in the place of what it was copied from.
func (d *disk) swap() {
	check(d.close())
	check(os.Remove(d.image))
	d.image = d.next
	check(mount(d.image, d.mounted))
}

// close does not wait until the disk is unused: a command may still have its working
// directory there.
func (d *disk) close() error { return unix.Unmount(d.mounted, unix.MNT_DETACH) }
