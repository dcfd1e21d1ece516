//go:build linux

package main_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// What happens to the files of a tree, and to the machine.

// forget deletes the two files of a tree.
func (w *world) forget(o op) {
	k := o.key()
	if !w.isTree(k) {
		return
	}
	subjects := w.of(k)
	wal, snapshot := w.stateFiles(k)
	beside, err := filepath.Glob(snapshot + ".*") // what a dump and a repair leave
	check(err)
	for _, path := range append(beside, wal, snapshot) {
		if exists(path) {
			w.delete(path)
		}
	}
	w.haveForgotten(k, subjects)
}

func (w *world) haveForgotten(k treeOf, subjects []subject) {
	for r := w.running; r != nil; r = r.beside {
		for _, done := range r.done {
			done.tree = anyTree // if it was not written down yet
		}
	}
	for _, s := range subjects {
		w.say(s, fact{what: forgotten, sure: true})
	}
	w.damaged[k] = false
	w.newest[k] = nil
	w.settle()
}

func (w *world) delete(path string) {
	w.note("rm -r %s", w.scripted(path))
	check(os.RemoveAll(path))
}

// settle makes what was done by hand durable: it is not what a power cut is to
// undo.
func (w *world) settle() {
	if w.disk != nil {
		w.note("sync")
		w.disk.sync()
	}
}

// damage does something to one of the two files of a tree.
func (w *world) damage(o op) {
	k := o.key()
	wal, snapshot := w.stateFiles(k)
	path, other := wal, snapshot
	if o.arg["file"] == "snapshot" {
		path, other = snapshot, wal
	}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return
	}
	check(err)
	subjects := w.of(k)
	content, err := os.ReadFile(path)
	check(err)
	at, err := strconv.ParseFloat(o.given("at", "0.5"), 64)
	check(err)
	offset := int(at * float64(len(content)))
	script := w.scripted(path)
	switch how := o.given("how", "bend"); how {
	case "bend":
		if len(content) == 0 {
			return
		}
		bit := byte(1) << (int(math.Round(at*1e6)) % 7)
		w.note("bend bit %#x of byte %d of %s", bit, offset, script)
		content[offset] ^= bit
		check(os.WriteFile(path, content, 0o666))
	case "record":
		// One of the records of a WAL that take something away.
		i := bytes.Index(content, []byte("- drop:"))
		if i < 0 {
			return
		}
		w.note("sed -i '0,/- drop: {path: \"./s//- drop: {path: \"?/' %s", script)
		content[i+len(`- drop: {path: "`)] ^= 1
		check(os.WriteFile(path, content, 0o666))
	case "cut":
		w.note("truncate -s %d %s", offset, script)
		check(os.Truncate(path, int64(offset)))
		if path == wal && bytes.IndexByte(content, '\n') < offset {
			// It looks like one whose writer was killed.
			for _, s := range subjects {
				w.say(s, fact{what: unknown, sure: true})
			}
		}
	case "version":
		w.note("sed -i '/version: 1/{s/version: 1/version: 2/; s/ # ........$//}' %s", script)
		content = bytes.ReplaceAll(content, []byte("version: 1"), []byte("version: 2"))
		check(os.WriteFile(path, regexp.MustCompile(`(?m)^(.*version: 2.*) # [0-9a-f]{8}$`).ReplaceAll(content, []byte("$1")), 0o666))
	case "link":
		w.note("ln %s ../link%d", script, w.seq)
		check(os.Link(path, w.base("link"+strconv.Itoa(w.seq))))
	case "unreadable":
		w.note("chmod 0 %s", script)
		check(os.Chmod(path, 0))
		w.unprivileged = os.Geteuid() == 0
	case "fifo":
		w.delete(path)
		w.note("mkfifo %s", script)
		check(syscall.Mkfifo(path, 0o666))
	case "symlink":
		w.note("mv %s ../link%d && ln -s ../link%d %s", script, w.seq, w.seq, script)
		to := w.base("link" + strconv.Itoa(w.seq))
		check(os.Rename(path, to))
		check(os.Symlink(to, path))
	case "delete":
		w.delete(path)
		switch {
		case !exists(other):
			w.haveForgotten(k, subjects)
			return
		case path == wal:
			// This looks the same as a WAL that was never there.
			for _, s := range subjects {
				w.say(s, fact{what: unknown, sure: true})
			}
		}
	default:
		check(errors.New("no such damage: " + how))
	}
	w.damaged[k] = true
	for _, s := range subjects {
		w.say(s, fact{what: lost})
	}
	w.settle()
}

// cut cuts the power. What was not written to the disk is gone; and a file may only
// count as processed if the result of that is there.
func (w *world) cut(op) {
	if w.disk == nil {
		return
	}
	w.note("cp ../../image ../../image2; umount -l ../../disk; mount -o loop ../../image2 ../../disk")
	w.disk.copy()
	if w.running != nil {
		w.end(op{arg: args{"how": "kill"}})
	}
	w.disk.swap()
	for path := range w.aside {
		if !exists(w.path(asideName(path))) {
			delete(w.aside, path)
		}
	}
	w.torn = true
	for s, facts := range w.history {
		for i := range facts {
			if f := &facts[i]; f.what == processed && w.result(s) != f.result {
				f.what = failed
			}
		}
	}
}
