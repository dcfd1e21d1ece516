//go:build linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// scene is a state that commands find, and what is known of each file then.
type scene struct {
	name  string
	files map[string]string
	state map[string]fileState
}

// A third of the files is in the snapshot, a third in the WAL, and a third is
// still to be committed, all but one.
func (t *tree) third(i int) []string {
	n := len(t.paths) / 3
	paths := t.paths[i*n : (i+1)*n]
	if i == 2 {
		paths = paths[1:]
	}
	return paths
}

func (t *tree) scenes() (scenes []scene, err error) {
	for _, s := range []struct {
		name          string
		snapshot, wal bool
	}{{"nothing", false, false}, {"a WAL", false, true}, {"a snapshot", true, false}, {"both files", true, true}} {
		if err := t.forget(); err != nil {
			return nil, err
		}
		if s.snapshot {
			err = errors.Join(err, t.commit(t.third(0), "--dump=always"))
		}
		if s.wal {
			err = errors.Join(err, t.commit(t.third(1), "--dump=never"))
		}
		files, err2 := t.stateFiles()
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		scenes = append(scenes, scene{s.name, files, t.states()})
	}
	return scenes, nil
}

func (t *tree) commit(paths []string, flag string) error {
	t.feed(paths)
	_, err := t.run(paths, "commit", "-0", flag, t.root)
	if err == nil {
		t.ack(paths)
	}
	return err
}

// set makes the scene.
func (t *tree) set(s scene) error {
	if err := t.forget(); err != nil {
		return err
	}
	for name, content := range s.files {
		if err := os.WriteFile(filepath.Join(t.root, name), []byte(content), 0o666); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state = maps.Clone(s.state)
	return nil
}

// writers are the commands that write.
var writers = []struct {
	args   []string
	commit bool
	dumps  bool // at its end: exits 1 where only that failed
}{
	{args: []string{"commit", "-0", "--dump=never"}, commit: true},
	{args: []string{"commit", "-0", "--dump=always"}, commit: true, dumps: true},
	{args: []string{"commit", "-0", "--dump=auto"}, commit: true, dumps: true},
	{args: []string{"commit", "-0", "--no-wal"}, commit: true},
	{args: []string{"dump"}},
}

// trial is one writer in one scene.
type trial struct {
	*tree
	scene  scene
	writer int
}

func (t *tree) trials() (trials []trial, err error) {
	scenes, err := t.scenes()
	for _, s := range scenes {
		for w := range writers {
			if writers[w].commit || s.files[walName] != "" {
				trials = append(trials, trial{t, s, w})
			}
		}
	}
	return trials, err
}

func (t *trial) args() []string { return append(slices.Clone(writers[t.writer].args), t.root) }

func (t *trial) input() []string {
	if writers[t.writer].commit {
		return t.third(2)
	}
	return nil
}

// size is that of the largest file which the writer makes.
func (t *trial) size() (size int, err error) {
	flags := []string{"", "--dump=never"}
	if !writers[t.writer].commit || t.writer == 3 {
		flags = flags[:1]
	}
	for _, flag := range flags {
		if err := t.set(t.scene); err != nil {
			return 0, err
		}
		args := t.args()
		if flag != "" {
			args = []string{"commit", "-0", flag, t.root}
		}
		if _, err := t.run(t.input(), args...); err != nil {
			return 0, err
		}
		files, err := t.stateFiles()
		if err != nil {
			return 0, err
		}
		for name, content := range files {
			if content == t.scene.files[name] {
				continue
			}
			if name == walName {
				// What vouches for the records may be left out.
				content = content[:strings.LastIndex(content[:len(content)-1], "\n")+1]
			}
			size = max(size, len(content))
		}
	}
	return size, nil
}

// strained runs the writer where it may fail, and checks that it either did
// all, or said so and changed nothing; then relieves it, and runs it again.
func (t *trial) strained(prefix []string, strain, relieve func() error) (failed bool, err error) {
	if err := errors.Join(t.set(t.scene), strain()); err != nil {
		return false, err
	}
	command := append(append(prefix, t.bench.binary), t.args()...)
	_, err = t.runIn(exec.CommandContext(t.bench.ctx, command[0], command[1:]...), t.input())
	if failed = err != nil; failed {
		err = t.excused(err)
	} else {
		t.feed(t.input())
		t.ack(t.input())
	}
	if err == nil {
		err = t.check() // without room
	}
	if err = errors.Join(err, relieve()); err != nil {
		return failed, err
	}
	t.feed(t.input())
	if _, err := t.run(t.input(), t.args()...); err != nil {
		return failed, fmt.Errorf("once more, unhindered: %w", err)
	}
	t.ack(t.input())
	if err := t.check(); err != nil {
		return failed, fmt.Errorf("once more, unhindered: %w", err)
	}
	return failed, nil
}

// excused checks how a writer failed.
func (t *trial) excused(failure error) error {
	var e *runError
	if !errors.As(failure, &e) {
		return failure
	}
	for line := range strings.Lines(e.stderr) {
		if !strings.HasPrefix(line, "treefilter: ") {
			return failure // a panic, or the end by a signal
		}
	}
	w := writers[t.writer]
	after, err := t.stateFiles()
	if err != nil {
		return err
	}
	for name := range after {
		if name != walName && name != snapshotName {
			return fmt.Errorf("%s is left: %w", name, failure)
		}
	}
	switch {
	case e.stderr == "":
		return fmt.Errorf("no message: %w", failure)
	case e.code == 1 && w.dumps && strings.Contains(e.stderr, "the stamps are safe in the WAL"):
		t.feed(t.input())
		t.ack(t.input())
	case e.code != 2:
		return failure
	case !maps.Equal(t.scene.files, after):
		return fmt.Errorf("another state than before: %w", failure)
	}
	return nil
}

func (t *trial) String() string {
	return fmt.Sprintf("%s on %s", strings.Join(writers[t.writer].args, " "), t.scene.name)
}

// full runs out of room, on a tmpfs with every number of free pages.
func (b *bench) full() (string, error) {
	if os.Geteuid() != 0 {
		return "", fmt.Errorf("%w: only root can mount a tmpfs", errImpossible)
	}
	root := filepath.Join(b.dir, "full")
	if err := os.Mkdir(root, 0o777); err != nil {
		return "", err
	}
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, "size=512k,nr_inodes=4k"); err != nil {
		return "", refused("mount tmpfs", err)
	}
	defer unix.Unmount(root, unix.MNT_DETACH)
	t, err := b.makeTree(filepath.Join(root, "tree"), 600)
	if err != nil {
		return "", err
	}
	trials, err := t.trials()
	if err != nil {
		return "", err
	}
	ballast := filepath.Join(root, "ballast")
	pages := []int{0, 1, 3, 6, 24}
	if !b.Short {
		pages = nil
		for n := range 30 {
			pages = append(pages, n)
		}
	}
	c := count{}
	for _, trial := range trials {
		for _, n := range pages {
			failed, err := trial.strained(nil,
				func() error { return fill(ballast, root, n) },
				func() error { return os.Remove(ballast) })
			if err != nil {
				return c.String(err), fmt.Errorf("%v, %d free pages: %w", &trial, n, err)
			}
			c.add(failed)
		}
	}
	if c.failed == 0 || c.worked == 0 {
		return c.String(nil), errors.New("too much or too little room")
	}
	return c.String(nil), nil
}

// count is how many writers failed, as they should, and how many did not.
type count struct{ failed, worked int }

func (c *count) add(failed bool) {
	if failed {
		c.failed++
	} else {
		c.worked++
	}
}

func (c *count) String(err error) string {
	return fmt.Sprintf("%d writers failed and lost nothing, %d had room, %s", c.failed, c.worked, verdict(err))
}

// fill leaves a number of pages free.
func fill(ballast, root string, pages int) error {
	var st unix.Statfs_t
	if err := unix.Statfs(root, &st); err != nil {
		return err
	}
	n := (int64(st.Bfree) - int64(pages)) * int64(st.Bsize)
	return os.WriteFile(ballast, make([]byte, max(n, 0)), 0o666)
}
