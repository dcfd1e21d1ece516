//go:build linux

package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"treefilter/filter"
	"treefilter/scripts/long"
	"treefilter/store/rule"
	"treefilter/store/state"
	"treefilter/walk"
)

// TestListings changes trees at random, and compares what is printed with and without
// listings: the same bytes, always. So is what is printed of paths on stdin.
func TestListings(t *testing.T) {
	histories, changes := 8, 250
	if long.Asked(t, long.Check, "40,000 more changes") {
		histories, changes = 22, 2000
	}
	if long.Asked(t, long.All, "a million more changes") {
		histories, changes = 400, 2600
	}
	if n, err := strconv.Atoi(os.Getenv("LISTINGS")); err == nil {
		histories = n
	}
	var next, listed atomic.Int64
	var workers sync.WaitGroup
	for range 8 { // they wait for ticks more than they compute
		workers.Go(func() {
			for n := next.Add(1); n <= int64(histories) && !t.Failed(); n = next.Add(1) {
				h := newListingHistory(t, uint64(n))
				for range changes {
					h.step()
				}
				listed.Add(int64(h.listed))
				h.close()
			}
		})
	}
	workers.Wait()
	if n := listed.Load(); !t.Failed() && n < int64(histories*changes/100) {
		t.Errorf("only %d listings were made", n)
	}
}

// listingHistory is one tree, and what is done to it.
type listingHistory struct {
	t    *testing.T
	rnd  *rand.Rand
	top  string
	root string
	opt  filter.Options
	did  []string
	last time.Time // when a name last changed

	listed int // directories, in all snapshots
}

func newListingHistory(t *testing.T, seed uint64) *listingHistory {
	dir := "/dev/shm" // where a dump does not wait for a disk
	if os.Getenv("LISTINGS_DIR") != "" {
		dir = os.Getenv("LISTINGS_DIR")
	}
	top, err := os.MkdirTemp(dir, "listings")
	if err != nil {
		if top, err = os.MkdirTemp("", "listings"); err != nil {
			t.Fatal(err)
		}
	}
	h := &listingHistory{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), top: top, root: filepath.Join(top, "tree")}
	h.opt.Roots = []string{h.root}
	h.do("seed %d", seed)
	h.must(os.MkdirAll(h.root+"/a/b", 0o755))
	h.must(os.MkdirAll(h.root+"/c/b", 0o755))
	if h.rnd.IntN(3) == 0 {
		h.opt.StateDir = filepath.Join(top, "state")
	}
	return h
}

func (h *listingHistory) close() { h.must(os.RemoveAll(h.top)) }

func (h *listingHistory) do(format string, args ...any) {
	h.did = append(h.did, fmt.Sprintf(format, args...))
}

func (h *listingHistory) must(err error) {
	if err != nil {
		h.fail(err.Error())
	}
}

// fail ends the history.
func (h *listingHistory) fail(what string) {
	h.t.Errorf("%s\n%s", what, strings.Join(h.did[max(0, len(h.did)-60):], "\n"))
	runtime.Goexit()
}

// step makes one change, and now and then something with the state, and a comparison.
func (h *listingHistory) step() {
	h.change()
	switch n := h.rnd.IntN(120); {
	case n < 6:
		h.commit()
	case n < 9:
		h.dump(false)
	case n < 10:
		h.dump(true)
	case n < 12:
		h.state()
	case n < 15:
		h.damage()
	default:
		if n%8 != 0 {
			return
		}
	}
	h.compare()
}

var listingNames = []string{"a", "b", "c", "d", "x.jpg", "y.jpg", "z", "2024", "no", "a b", "a,b]", "l\xf8.txt",
	"new\nline", "ü", ".hid", "skip.tmp", ".nfs00000000deadbeef00000001", "x.y"}

func (h *listingHistory) name() string { return listingNames[h.rnd.IntN(len(listingNames))] }

// dir picks a directory, file anything.
func (h *listingHistory) dir() string {
	dir := h.root
	for h.rnd.IntN(4) != 0 {
		var subs []string
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if e.IsDir() {
				subs = append(subs, e.Name())
			}
		}
		if len(subs) == 0 {
			break
		}
		dir += "/" + subs[h.rnd.IntN(len(subs))]
	}
	return dir
}

func (h *listingHistory) any() string {
	dir := h.dir()
	entries, _ := os.ReadDir(dir)
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return state.IsStateName(e.Name()) })
	if len(entries) == 0 {
		return dir + "/" + h.name()
	}
	return dir + "/" + entries[h.rnd.IntN(len(entries))].Name()
}

// change changes something in the tree. That it may fail is part of it.
func (h *listingHistory) change() {
	kind, at, other := h.rnd.IntN(16), h.any(), h.dir()+"/"+h.name()
	h.do("%d %q %q", kind, at, other)
	switch kind {
	case 0, 1, 2, 3:
		_ = os.WriteFile(other, nil, 0o644)
	case 4, 5:
		_ = os.Mkdir(other, 0o755)
	case 6:
		_ = os.Remove(at)
	case 7:
		if h.rnd.IntN(3) == 0 {
			_ = os.RemoveAll(at)
		}
	case 8, 9:
		_ = os.Rename(at, other)
	case 10:
		_ = unix.Renameat2(unix.AT_FDCWD, at, unix.AT_FDCWD, h.any(), unix.RENAME_EXCHANGE)
	case 11:
		_ = os.Symlink(at, other)
	case 12:
		_ = os.Link(at, other)
	case 13:
		mode := []os.FileMode{0o755, 0o700, 0o500}[h.rnd.IntN(3)]
		if info, err := os.Lstat(at); err == nil && info.Mode()&os.ModeSymlink == 0 {
			_ = os.Chmod(at, mode)
		}
	case 14:
		h.disguise(filepath.Dir(other), other)
	case 15:
		if h.rnd.IntN(8) == 0 {
			h.twins()
		}
	}
	h.last = time.Now()
}

// disguise makes a name and sets the directory's mtime back, or only touches something.
func (h *listingHistory) disguise(dir, made string) {
	info, err := os.Lstat(dir)
	if err != nil {
		return
	}
	if h.rnd.IntN(3) > 0 {
		_ = os.WriteFile(made, nil, 0o644)
	}
	_ = os.Chtimes(dir, info.ModTime(), info.ModTime())
}

// twins makes directories that look alike from outside but for their inodes, and now and
// then lets their parents change places.
func (h *listingHistory) twins() {
	one, two := h.dir()+"/"+h.name(), h.dir()+"/"+h.name()
	if os.Mkdir(one, 0o755) == nil && os.Mkdir(two, 0o755) == nil {
		// In one tick, if that is long enough.
		_ = errors.Join(os.Mkdir(one+"/d", 0o755), os.Mkdir(two+"/d", 0o755),
			os.WriteFile(one+"/d/same", nil, 0o644), os.WriteFile(two+"/d/same", nil, 0o644),
			os.WriteFile(two+"/d/more", nil, 0o644))
		for _, twin := range []string{one, two} {
			old := time.Unix(1700000000, 0)
			_ = os.Chtimes(twin+"/d", old, old)
		}
		h.last = time.Now()
		h.dump(false)
		_ = unix.Renameat2(unix.AT_FDCWD, one, unix.AT_FDCWD, two, unix.RENAME_EXCHANGE)
		h.compare()
	}
}

// options returns those of a job, now and then for a tree within.
func (h *listingHistory) options() filter.Options {
	opt := h.opt
	if h.rnd.IntN(6) == 0 {
		opt.Roots = []string{h.dir()}
	}
	if h.rnd.IntN(8) == 0 {
		config, err := state.ParseConfig([]byte("{quality: 90}"))
		h.must(err)
		opt.Config = config
	}
	if h.rnd.IntN(8) == 0 {
		opt.Program = "other"
	}
	opt.ConfigGiven = true
	opt.Warn, opt.Notice = func(error) {}, func(error) {}
	return opt
}

// commit stamps some of what is pending, or drops stamps.
func (h *listingHistory) commit() {
	opt := h.options()
	var paths []string
	s := filter.Selection{Options: opt}
	for path, err := range s.Pending(context.Background()) {
		if err == nil && h.rnd.IntN(3) > 0 {
			paths = append(paths, path+"\x00")
		}
	}
	how := filter.Recording{Dump: filter.DumpMode(h.rnd.IntN(3)), NoSync: true}
	h.do("commit %q %v %d", opt.Roots, opt.Config, how.Dump)
	if h.rnd.IntN(2) == 0 {
		h.settle()
	}
	c := filter.Commit{Options: opt, In: strings.NewReader(strings.Join(paths, "")), InDelimiter: walk.NUL, Recording: how}
	c.NoWAL = h.rnd.IntN(5) == 0
	err := c.Run(context.Background())
	if err != nil {
		h.do("failed: %v", err)
	}
	h.count()
}

// settle waits until a listing can be made of what was changed last.
func (h *listingHistory) settle() { h.must(awaitTick(state.TimeOf(h.last))) }

// awaitTick waits until a change would bear another ctime than one that came at a moment.
func awaitTick(at state.Time) error {
	return eventually(func() error {
		var now unix.Timespec
		err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now)
		if err == nil && state.TickEnd(at).Compare(state.Time{Sec: int64(now.Sec), Nsec: int32(now.Nsec)}) > 0 {
			err = fmt.Errorf("the tick of %v is not over", at)
		}
		return err
	})
}

// dump dumps, sometimes while the tree changes.
func (h *listingHistory) dump(busy bool) {
	opt := h.options()
	h.do("dump %q %v", opt.Roots, busy)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; busy && i < 20; i++ {
			_ = os.WriteFile(fmt.Sprintf("%s/new%d", h.dir(), i), nil, 0o644)
		}
	}()
	if busy {
		defer func() { h.last = time.Now() }()
	} else {
		<-done
		h.settle()
	}
	d := filter.Dump{Options: h.opt, Repair: true, NoListings: !busy && h.rnd.IntN(20) == 0}
	d.Program, d.Warn, d.Notice, d.NoCheckConfig = opt.Program, opt.Warn, opt.Notice, true
	if !busy { // or two would draw from one source
		d.Roots = opt.Roots
	}
	if err := d.Run(context.Background()); err != nil {
		h.do("failed: %v", err)
	}
	<-done
	h.count()
}

// state does something else to the state of the tree.
func (h *listingHistory) state() {
	opt := h.options()
	kind := h.rnd.IntN(4)
	h.do("state %d %q", kind, opt.Roots)
	var err error
	switch kind {
	case 0:
		p := filter.Prune{Options: opt, Out: &bytes.Buffer{}}
		err = p.Run(context.Background())
	case 1:
		d := filter.Discard{Options: opt}
		err = d.Run(context.Background())
	case 2:
		g, openErr := state.Open(opt.Roots, state.Options{Program: opt.Program, StateDir: opt.StateDir, Config: opt.Config})
		h.must(openErr)
		err = errors.Join(g.Forget(h.any()), g.Close())
	case 3:
		err = os.Remove(h.dir() + "/.treefilter_treestamps.yaml")
	}
	if err != nil {
		h.do("failed: %v", err)
	}
}

// snapshots returns those that there are.
func (h *listingHistory) snapshots() []string {
	var found []string
	for _, dir := range []string{h.root, h.opt.StateDir} {
		_ = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() && strings.HasSuffix(path, "treestamps.yaml") {
				found = append(found, path)
			}
			return nil
		})
		if h.opt.StateDir == "" {
			break
		}
	}
	return found
}

// damage edits a snapshot, or bends a byte of its listings.
func (h *listingHistory) damage() {
	for _, file := range h.snapshots() {
		text, err := os.ReadFile(file)
		h.must(err)
		i := bytes.Index(text, []byte("\nlistings:\n"))
		switch kind := h.rnd.IntN(4); {
		case kind == 0:
			h.do("edit %s", file)
			text = append(text, "# mine\n"...)
		case i >= 0:
			const block = 4096 // the first may hold stamps, too
			from, to := (i+block)/block*block, bytes.LastIndex(text, []byte("# crc32c of"))
			if from < to {
				at := from + h.rnd.IntN(to-from)
				h.do("bend %s at %d", file, at)
				text[at] ^= 1 << h.rnd.IntN(7)
			}
		}
		h.must(os.WriteFile(file, text, 0o644))
	}
}

// count counts the listings that there are.
func (h *listingHistory) count() {
	for _, file := range h.snapshots() {
		text, err := os.ReadFile(file)
		h.must(err)
		h.listed += bytes.Count(text, []byte(": {inode: "))
	}
}

// compare prints what needs work in three ways: of paths that are given, in their order.
func (h *listingHistory) compare() {
	opt := h.options()
	detect, json, oneFS := rule.Detect(h.rnd.IntN(3)), h.rnd.IntN(2) == 0, h.rnd.IntN(4) == 0
	patterns := walk.Patterns{Exclude: []string{"*.tmp", "/c/b", "d/"}[:h.rnd.IntN(4)]}
	if h.rnd.IntN(4) == 0 {
		patterns.Include, patterns.Extensions = []string{"b", "a/**"}, []string{"jpg"}
	}
	choice, err := walk.ParseChoice(patterns)
	h.must(err)
	print := func(noListings bool, in ...string) (out, rest string) {
		var printed bytes.Buffer
		var said []string // trees are met in any order
		f := filter.Filter{Selection: filter.Selection{Options: opt, Choice: choice, OneFileSystem: oneFS, NoListings: noListings}}
		f.Out, f.OutDelimiter, f.JSON, f.Detect = &printed, walk.NUL, json, detect
		if len(in) > 0 {
			f.In, f.InDelimiter = strings.NewReader(strings.Join(in, "\x00")+"\x00"), walk.NUL
		}
		f.Warn = func(err error) { said = append(said, err.Error()) }
		f.Notice = f.Warn
		_, err := f.Run(context.Background())
		slices.Sort(said)
		return printed.String(), fmt.Sprintf("%q\n%v", said, err)
	}
	with, said := print(false)
	if without, otherwise := print(true); with != without || said != otherwise {
		h.fail(fmt.Sprintf("with listings:\n%q\n%s\nwithout:\n%q\n%s", with, said, without, otherwise))
	}
	json = false
	walked, _ := print(false)
	given := h.given(opt.Roots[0])
	pending := map[string]bool{}
	for path := range strings.SplitAfterSeq(walked, "\x00") {
		pending[path] = true
	}
	want := ""
	for _, path := range given {
		if path += "\x00"; pending[path] {
			want += path
		}
	}
	if read, _ := print(false, given...); read != want {
		h.fail(fmt.Sprintf("walked:\n%q\ngiven:\n%q\nread:\n%q", walked, given, read))
	}
}

// given returns the paths of all files, in any order, one twice.
func (h *listingHistory) given(root string) (paths []string) {
	h.must(filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			paths = append(paths, path)
		}
		return nil
	}))
	if len(paths) > 0 {
		paths = append(paths, paths[h.rnd.IntN(len(paths))])
	}
	h.rnd.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	return paths
}
