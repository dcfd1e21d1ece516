package state

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"treefilter/store/internal/disk"
)

// A file that one process has claimed is not free for another until it is given
// up, or its process has ended, however that did.
func TestClaimBetweenProcesses(t *testing.T) {
	if dir := os.Getenv("STORE_TEST_CLAIM"); dir != "" {
		claimAndWait(dir)
		return
	}
	tree := reopen(t, t.TempDir(), Options{})
	other := exec.Command(os.Args[0], "-test.run=^TestClaimBetweenProcesses$")
	other.Env = append(os.Environ(), "STORE_TEST_CLAIM="+tree.Root())
	stdin, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer other.Process.Kill()
	answers := bufio.NewScanner(stdout)
	answer := func(want string) {
		t.Helper()
		if !answers.Scan() || answers.Text() != want {
			t.Fatalf("the other says %q, want %q", answers.Text(), want)
		}
	}
	claim := func(path string, want bool) {
		t.Helper()
		if free, err := tree.Claim(path); free != want || err != nil {
			t.Errorf("%s is free: %v, %v", path, free, err)
		}
	}
	answer("a true")
	answer("b true")
	claim("a", false)
	claim("c", true)
	fmt.Fprintln(stdin, "release b")
	answer("released")
	claim("b", true)
	fmt.Fprintln(stdin, "claim b")
	answer("b false")
	fmt.Fprintln(stdin, "claim c")
	answer("c false")
	claim("a", false)
	if err := tree.Release("c"); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(stdin, "claim c")
	answer("c true")
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	other.Wait()
	claim("a", true)
	claim("c", true)
}

// claimAndWait is the other process.
func claimAndWait(dir string) {
	tree, err := OpenTree(dir, Options{LockWait: time.Minute})
	claim := func(path string) {
		var free bool
		if err == nil {
			free, err = tree.Claim(path)
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(path, free)
	}
	claim("a")
	claim("b")
	in := bufio.NewReader(os.Stdin)
	for {
		var what, path string
		if _, err := fmt.Fscanln(in, &what, &path); err == io.EOF {
			os.Exit(0)
		}
		if what == "claim" {
			claim(path)
			continue
		}
		if err := tree.Release(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("released")
	}
}

// Each file is claimed for itself, and for one program.
func TestClaimKeys(t *testing.T) {
	dir := t.TempDir()
	tree := reopen(t, dir, Options{})
	if free, err := tree.Claim("a"); !free || err != nil {
		t.Fatal(free, err)
	}
	for _, c := range []struct {
		program, path string
		want          bool
	}{{"treefilter", "a", false}, {"treefilter", "a/b", true}, {"treefilter", "A", true}, {"thumbs", "a", true}} {
		other := reopen(t, dir, Options{Program: c.program})
		if free, err := other.Claim(c.path); free != c.want || err != nil {
			t.Errorf("%s of %s is free: %v, %v", c.path, c.program, free, err)
		}
	}
}

// noLocks is a file system without locks on directories.
type noLocks struct{ disk.OS }

type noLocksWork struct{ disk.WorkDir }

func (noLocksWork) Claim(uint64) (bool, error) { return false, disk.ErrNoClaims }
func (noLocksWork) Release(uint64) error       { return disk.ErrNoClaims }

func (f noLocks) OpenWork(dir string) (disk.WorkDir, error) {
	d, err := f.OS.OpenWork(dir)
	return noLocksWork{d}, err
}

// Where there are no locks on directories every file is free.
func TestClaimWithoutLocks(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		tree := reopen(t, dir, Options{fsys: noLocks{}})
		if free, err := tree.Claim("a"); !free || err != nil {
			t.Error(free, err)
		}
		if err := tree.Release("a"); err != nil {
			t.Error(err)
		}
	}
}
