package disk

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Each write goes to the end, wherever that is by then: a WAL is cut back after a
// write that fell short, and others append to it, too.
func TestAppendAfterTruncate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wal")
	var files [2]File
	for i := range files {
		f, _, err := OpenState(OS{}, path, os.O_RDWR|os.O_APPEND|os.O_CREATE)
		must(t, err)
		defer f.Close()
		files[i] = f
	}
	write := func(f File, text string) {
		n, err := f.Write([]byte(text))
		if must(t, err); n != len(text) {
			t.Fatalf("wrote %d bytes of %q", n, text)
		}
	}
	write(files[0], "one\ntw")
	must(t, files[0].Truncate(4))
	write(files[1], "two\n")
	write(files[0], "three\n")
	if got, err := os.ReadFile(path); err != nil || string(got) != "one\ntwo\nthree\n" {
		t.Errorf("%q, %v", got, err)
	}
	info, err := files[1].Stat()
	if must(t, err); info.Size != 14 {
		t.Errorf("%+v", info)
	}
}

// A dump replaces the snapshot that others are reading; they go on with the old one.
func TestRenameOverAFileBeingRead(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "new"), filepath.Join(dir, "old")
	must(t, os.WriteFile(from, []byte("new"), 0o666))
	must(t, os.WriteFile(to, []byte("old"), 0o666))
	f, _, err := OpenState(OS{}, to, os.O_RDONLY)
	must(t, err)
	defer f.Close()
	must(t, OS{}.Rename(from, to))
	if old, err := io.ReadAll(f); err != nil || string(old) != "old" {
		t.Errorf("the reader has %q, %v", old, err)
	}
	if now, err := os.ReadFile(to); err != nil || string(now) != "new" {
		t.Errorf("the name leads to %q, %v", now, err)
	}
}

// A dump removes the WAL that others have open. The name is free at once, and those who
// have the old file can see that the new one is another.
func TestRemovedNameIsFree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wal")
	create := func() (File, Info) {
		f, info, err := OpenState(OS{}, path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL)
		must(t, err)
		t.Cleanup(func() { f.Close() })
		return f, info
	}
	old, _ := create()
	if free, err := old.TryLock(); err != nil || !free {
		t.Fatal(free, err)
	}
	must(t, OS{}.Remove(path))
	if _, err := (OS{}).Lstat(path); !IsMissing(err) {
		t.Errorf("the name is there: %v", err)
	}
	_, made := create()
	named, err := OS{}.Lstat(path)
	must(t, err)
	was, err := old.Stat()
	must(t, err)
	if !named.SameFile(made) || named.SameFile(was) {
		t.Errorf("the name leads to %+v, made was %+v, the old one is %+v", named, made, was)
	}
}

func TestLockExcludesTheOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wal")
	var files [2]File
	for i := range files {
		f, _, err := OpenState(OS{}, path, os.O_RDWR|os.O_APPEND|os.O_CREATE)
		must(t, err)
		defer f.Close()
		files[i] = f
	}
	for i := range files {
		this, other := files[i], files[1-i]
		if free, err := this.TryLock(); err != nil || !free {
			t.Fatal(free, err)
		}
		if free, err := other.TryLock(); err != nil || free {
			t.Errorf("locked twice: %v, %v", free, err)
		}
		if _, err := os.ReadFile(path); err != nil {
			t.Errorf("readers take no lock: %v", err)
		}
		must(t, this.Unlock())
	}
}
