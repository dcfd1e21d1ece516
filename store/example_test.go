package store_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"treefilter/store"
)

// makeTree creates files below a new directory, last modified on the first day
// of 2024.
func makeTree(paths ...string) (root string) {
	root, err := os.MkdirTemp("", "tree")
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range paths {
		full := filepath.Join(root, p)
		if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(p), 0o666); err != nil {
			log.Fatal(err)
		}
		day := time.Unix(1704067200, 0)
		if err := os.Chtimes(full, day, day); err != nil {
			log.Fatal(err)
		}
	}
	return root
}

// Two roots, each with stamps of its own, under one config; and a second run, which
// finds nothing left to do.
func Example() {
	photos, videos := makeTree("a.jpg"), makeTree("2024/b.mkv")
	defer os.RemoveAll(photos)
	defer os.RemoveAll(videos)

	run := func() {
		config, err := store.NewConfig(map[string]any{"quality": 90})
		if err != nil {
			log.Fatal(err)
		}
		grove, err := store.Open([]string{photos, videos}, store.Options{Program: "MyProgram", Config: config})
		if err != nil {
			log.Fatal(err)
		}
		defer grove.Close()

		tree, err := grove.Tree(photos)
		if err != nil {
			log.Fatal(err)
		}
		if _, ok := tree.Get("a.jpg"); !ok {
			fmt.Println("processing a.jpg")
			if err := tree.Set("a.jpg"); err != nil {
				log.Fatal(err)
			}
		}
		if err := grove.Dump(); err != nil {
			log.Fatal(err)
		}
	}
	run()
	fmt.Println("again")
	run()
	// Output:
	// processing a.jpg
	// again
}

// Process what was modified since it was processed last. The paths are any paths.
func ExampleGrove_NeedsWork() {
	root := makeTree("a.jpg", "b.jpg")
	defer os.RemoveAll(root)
	a, b := filepath.Join(root, "a.jpg"), filepath.Join(root, "b.jpg")

	grove, err := store.Open([]string{root}, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer grove.Close()
	report := func() {
		for _, path := range []string{a, b} {
			needs, err := grove.NeedsWork(path)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(filepath.Base(path), needs)
		}
	}
	report()
	if err := grove.Set(a, b); err != nil {
		log.Fatal(err)
	}
	if err := os.Chtimes(b, time.Time{}, time.Unix(1704067201, 0)); err != nil {
		log.Fatal(err)
	}
	fmt.Println("processed, and b.jpg modified")
	report()
	if err := grove.Sync(); err != nil { // now the stamps survive a power cut
		log.Fatal(err)
	}
	// Output:
	// a.jpg true
	// b.jpg true
	// processed, and b.jpg modified
	// a.jpg false
	// b.jpg true
}

// When a setting changes, stamps made under the old one do not count.
func ExampleTree_Status() {
	root := makeTree("a.jpg")
	defer os.RemoveAll(root)

	for _, quality := range []string{"80", "80", "90"} {
		config, err := store.Config{}.With("quality", quality)
		if err != nil {
			log.Fatal(err)
		}
		grove, err := store.Open([]string{root}, store.Options{Config: config})
		if err != nil {
			log.Fatal(err)
		}
		tree, err := grove.Tree(root)
		if err != nil {
			log.Fatal(err)
		}
		_, ok := tree.Get("a.jpg")
		status := tree.Status()
		fmt.Println(quality, ok, status.OtherConfigs, status.Config.Diff(config))
		if err := tree.Set("a.jpg"); err != nil {
			log.Fatal(err)
		}
		if err := grove.Sync(); err != nil {
			log.Fatal(err)
		}
		if err := grove.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 80 false 0 [quality: unset -> 80]
	// 80 true 0 []
	// 90 false 1 [quality: 80 -> 90]
}

// A dump folds the WAL into the snapshot, in walk order.
func ExampleTree_All() {
	root := makeTree("a.jpg", "b/c.jpg", "odd: name.jpg")
	defer os.RemoveAll(root)

	stamp := func(paths ...string) {
		grove, err := store.Open([]string{root}, store.Options{})
		if err != nil {
			log.Fatal(err)
		}
		defer grove.Close()
		tree, err := grove.Tree(root)
		if err != nil {
			log.Fatal(err)
		}
		if err := tree.Set(paths...); err != nil {
			log.Fatal(err)
		}
		if err := grove.Dump(); err != nil {
			log.Fatal(err)
		}
	}
	stamp("odd: name.jpg", "b/c.jpg", "a.jpg")
	grove, err := store.Open([]string{root}, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer grove.Close()
	tree, err := grove.Tree(root)
	if err != nil {
		log.Fatal(err)
	}
	for path, s := range tree.All() {
		fmt.Println(path, s.Time)
	}
	_, err = os.Lstat(tree.Status().WAL)
	fmt.Println("WAL gone:", os.IsNotExist(err))
	// Output:
	// a.jpg 1704067200.000000000
	// odd: name.jpg 1704067200.000000000
	// b/c.jpg 1704067200.000000000
	// WAL gone: true
}

// What was forgotten needs work again, even if it was not modified.
func ExampleGrove_Forget() {
	root := makeTree("a.jpg")
	defer os.RemoveAll(root)
	a := filepath.Join(root, "a.jpg")

	grove, err := store.Open([]string{root}, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer grove.Close()
	if err := errors.Join(grove.Set(a), grove.Sync(), grove.Forget(a), grove.Sync()); err != nil {
		log.Fatal(err)
	}
	_, ok := grove.Get(a)
	fmt.Println(ok)
	// Output: false
}

// State files lie beside the files that they speak of, and are none of these.
func ExampleIsStateFile() {
	fmt.Println(store.IsStateFile(".treefilter_treestamps.yaml"), store.IsStateFile("a.yaml"))
	// Output: true false
}
