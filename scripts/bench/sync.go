package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// measureSync measures what it costs that the work is on the disk before its
// stamps are, on a disk that has nothing else to do.
func (b *bench) measureSync(t tree) error {
	return b.measureSyncs("sync", t, syncAll)
}

// measureSyncBusy does so while others write to the disk.
func (b *bench) measureSyncBusy(t tree) (err error) {
	if !b.largestFlat(t) {
		return nil
	}
	w := b.startWriters(2)
	defer func() { err = errors.Join(err, w.stop()) }()
	return b.measureSyncs("sync-busy", t, func() error { return nil })
}

// measureSyncs is independent of the tree's size, and done once.
func (b *bench) measureSyncs(row string, t tree, ready func() error) error {
	if !b.largestFlat(t) {
		return nil
	}
	alone, err := b.makeTree("single", 1000)
	if err != nil {
		return err
	}
	commit := b.commit(alone.root, alone.list())
	run := command{args: []string{b.tools.treefilter, "exec", "--dump", "never", "-j2", alone.root, "--", "true"}}
	commit.name, run.name = "commit of 1,000", "exec -j2 of 1,000 true"
	commands := []command{{name: "sync -f", args: []string{"sync", "-f", alone.root}}, commit, run}
	if b.knowsNoSync() {
		commands = append(commands, withNoSync(commit), withNoSync(run))
	} else {
		progress("    --no-sync is left out: treefilter does not know it")
	}
	var cs []contender
	for _, c := range commands {
		cs = append(cs, contender{command: c, before: func() error { return errors.Join(forget(alone), ready()) }})
	}
	return b.measure(row, t, cs)
}

// judgeSync sets what waits for the disk beside the same without waiting.
func judgeSync(r *result) []verdict {
	disk := map[string]string{"sync": "quiet disk", "sync-busy": "busy disk"}[r.row]
	syncs := &r.series[0]
	out := []verdict{{work: syncs.name, tree: disk, measured: spread(syncs)}}
	for i := range r.series {
		s := &r.series[i]
		if bare := r.find(s.name + noSync); bare != nil {
			measured := fmt.Sprintf("%s (without waiting for the disk %s)", spread(s), spread(bare))
			out = append(out, verdict{work: s.name, tree: disk, measured: measured})
		}
	}
	return out
}

func (b *bench) largestFlat(t tree) bool {
	return t.shape == "flat" && t.files == b.Sizes[len(b.Sizes)-1]
}

func (b *bench) knowsNoSync() bool {
	help, err := exec.Command(b.tools.treefilter, "commit", "--help").Output()
	return err == nil && strings.Contains(string(help), "--no-sync")
}

const noSync = ", --no-sync"

func withNoSync(c command) command {
	c.name += noSync
	c.args = slices.Insert(slices.Clone(c.args), 2, "--no-sync")
	return c
}

// writers keep the disk busy: each writes burst bytes and syncs them, again and
// again. Without the sync they would only fill memory, as fast as they can.
type writers struct {
	stopped atomic.Bool
	running sync.WaitGroup
	files   []string
	errs    []error
}

const burst = 64 << 20

func (b *bench) startWriters(n int) *writers {
	w := &writers{errs: make([]error, n)}
	for i := range n {
		file := filepath.Join(b.Work, "busy"+strconv.Itoa(i))
		w.files = append(w.files, file)
		w.running.Go(func() { w.errs[i] = w.write(file) })
	}
	return w
}

func (w *writers) write(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 1<<20)
	for !w.stopped.Load() {
		for at := int64(0); at < burst && !w.stopped.Load(); at += int64(len(block)) {
			if _, err := f.WriteAt(block, at); err != nil {
				return err
			}
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return nil
}

func (w *writers) stop() error {
	w.stopped.Store(true)
	w.running.Wait()
	err := errors.Join(w.errs...)
	for _, file := range w.files {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}
