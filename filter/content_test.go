package filter

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"treefilter/store/rule"
	"treefilter/store/state"
	"treefilter/walk"
)

func TestCompare(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("as recorded")
	m := <-newReaders(1)
	recorded, err := digestOf(context.Background(), m, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, test := range []struct {
		name, path, text string
		ctx              context.Context
		recorded         *state.Digest
		want             rule.Content
	}{
		{"the same", path, "as recorded", context.Background(), &recorded, rule.SameContent},
		{"another of that length", path, "as_recorded", context.Background(), &recorded, rule.OtherContent},
		{"shorter", path, "as", context.Background(), &recorded, rule.OtherContent},
		{"longer", path, "as recorded, and more", context.Background(), &recorded, rule.OtherContent},
		{"nothing recorded", path, "as recorded", context.Background(), nil, rule.NoDigest},
		{"not there", path + "s", "", context.Background(), &recorded, rule.Unreadable},
		{"a directory", dir, "", context.Background(), &state.Digest{Size: sizeOf(t, dir)}, rule.Unreadable},
		{"not read to its end", path, "as recorded", cancelled, &recorded, rule.Unreadable},
	} {
		write(test.text)
		got, err := compare(test.ctx, m, test.path, test.recorded)
		if got != test.want || (err != nil) != (test.want == rule.Unreadable) {
			t.Errorf("%s: %v, %v; want %v", test.name, got, err, test.want)
		}
	}
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// Files are read several at once, but no more than there are slots.
func TestReadersEach(t *testing.T) {
	slots := newReaders(2)
	here, there := make(chan bool), make(chan bool)
	slots.each(2, func(_ *walk.Meter, i int) {
		if i == 0 {
			here <- true
			<-there
		} else {
			<-here
			there <- true
		}
	})
	reading := make(chan bool, 2)
	slots.each(20, func(*walk.Meter, int) {
		select {
		case reading <- true:
			<-reading
		default:
			t.Error("a third file is read")
		}
	})
}

// A link that is swapped in for a file by the time that it is read, as root may,
// must not reveal the size and digest of what it leads to.
func TestDigestOfAnotherFile(t *testing.T) {
	dir := t.TempDir()
	path, secret := filepath.Join(dir, "listed"), filepath.Join(dir, "secret")
	for _, p := range []string{path, secret} {
		if err := os.WriteFile(p, []byte(p), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	info, err := walk.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	m := <-newReaders(1)
	if _, err := digestOf(context.Background(), m, path, &info); err != nil {
		t.Errorf("the file itself: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, path); err != nil {
		t.Skip(err)
	}
	if d, err := digestOf(context.Background(), m, path, &info); err == nil && info.Ino != 0 {
		t.Errorf("read: %v", d)
	}
}
