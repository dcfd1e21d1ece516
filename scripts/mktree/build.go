package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// build makes the directories, then fills them with as many workers as there
// are processors. Directories get a fixed past mtime at the end, children
// before parents, so that nothing in the tree shows when it was made.
func build(root string, dirs []dir, nm namer) error {
	for _, d := range dirs {
		if err := os.MkdirAll(filepath.Join(root, d.path), 0o755); err != nil {
			return err
		}
	}
	if err := fillAll(root, dirs, nm); err != nil {
		return err
	}
	old := time.Unix(firstMtime, 0)
	for i := len(dirs) - 1; i >= 0; i-- {
		if err := os.Chtimes(filepath.Join(root, dirs[i].path), old, old); err != nil {
			return err
		}
	}
	return os.Chtimes(root, old, old)
}

func fillAll(root string, dirs []dir, nm namer) error {
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(dirs) && errs[w] == nil; i += workers {
				errs[w] = fill(filepath.Join(root, dirs[i].path), nm.files(i, dirs[i].files))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// fill makes the files of one directory.
func fill(dir string, files []file) error {
	for _, f := range files {
		path := dir + string(filepath.Separator) + f.name
		made, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		if err := made.Close(); err != nil {
			return err
		}
		if err := os.Chtimes(path, f.mtime, f.mtime); err != nil {
			return err
		}
	}
	return nil
}
