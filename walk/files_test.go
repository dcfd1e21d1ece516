package walk_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"treefilter/walk"
)

func ExampleFiles() {
	dir, err := os.MkdirTemp("", "photos")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"b.jpg", "a.jpg", "2024/c.jpg", "2024/c.tmp"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			fmt.Println(err)
			return
		}
	}

	ignore, err := walk.ParseIgnore([]string{"*.tmp"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for file, err := range walk.Files([]string{dir}, walk.Options{Ignore: ignore}) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(strings.TrimPrefix(file.Path, dir+"/"))
	}
	// Output:
	// a.jpg
	// b.jpg
	// 2024/c.jpg
}

func TestFilesReportsErrorsAndGoesOn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var got []string
	for file, err := range walk.Files([]string{dir + "/missing", dir}, walk.Options{}) {
		if err != nil {
			got = append(got, "error")
			continue
		}
		info, err := os.Stat(file.Path)
		if err != nil || info.ModTime().Unix() != file.Sec || info.ModTime().Nanosecond() != int(file.Nsec) {
			t.Errorf("%+v, but %v, %v", file, info, err)
		}
		got = append(got, file.Path)
	}
	if len(got) != 2 || got[0] != "error" || got[1] != dir+"/file" {
		t.Errorf("got %q", got)
	}
}

// A loop that is left early, in whatever way, leaves no goroutine after.
func TestFilesEndsEarly(t *testing.T) {
	dir := t.TempDir()
	for i := range 100 {
		path := filepath.Join(dir, fmt.Sprint("d", i), "file")
		if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	before := runtime.NumGoroutine()
	for range 20 {
		for range walk.Files([]string{dir}, walk.Options{Workers: 4}) {
			break
		}
		func() {
			defer func() { _ = recover() }()
			for range walk.Files([]string{dir}, walk.Options{Workers: 4}) {
				panic("in the loop")
			}
		}()
	}
	// What a cancelled context has started may be on its last lines yet; a goroutine
	// left behind is there for good.
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}
