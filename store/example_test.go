package store_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
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

// A grove over two roots: each has stamps of its own, under one config.
func ExampleOpen() {
	photos, scans := makeTree("a.jpg"), makeTree("2024/b.png")
	defer os.RemoveAll(photos)
	defer os.RemoveAll(scans)

	config, err := store.NewConfig(map[string]any{"quality": 90})
	if err != nil {
		log.Fatal(err)
	}
	grove, err := store.Open([]string{photos, scans}, store.Options{Program: "optimize", Config: config})
	if err != nil {
		log.Fatal(err)
	}
	defer grove.Close()

	a, b := filepath.Join(photos, "a.jpg"), filepath.Join(scans, "2024", "b.png")
	for _, path := range []string{a, b} {
		if err := grove.Set(path); err != nil {
			log.Fatal(err)
		}
	}
	for _, tree := range grove.Roots() {
		_, hasA := tree.Get("a.jpg")
		_, hasB := tree.Get("2024/b.png")
		fmt.Println(hasA, hasB)
	}
	// Output:
	// true false
	// false true
}

// A stamp is the mtime of a file that was processed.
func ExampleTree_Set() {
	root := makeTree("a.jpg", "b.jpg")
	defer os.RemoveAll(root)
	tree, err := store.OpenTree(root, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer tree.Close()

	if err := tree.Set("a.jpg"); err != nil {
		log.Fatal(err)
	}
	if err := tree.Sync(); err != nil { // now it survives a power cut
		log.Fatal(err)
	}
	for _, path := range []string{"a.jpg", "b.jpg"} {
		stamp, ok := tree.Get(path)
		fmt.Println(path, ok, stamp.Time)
	}
	// Output:
	// a.jpg true 1704067200.000000000
	// b.jpg false 0.000000000
}

// A grove finds the tree of any path.
func ExampleGrove_Get() {
	root := makeTree("a.jpg", "c/d.jpg")
	defer os.RemoveAll(root)
	grove, err := store.Open([]string{root}, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer grove.Close()

	if err := grove.Set(filepath.Join(root, "c", "d.jpg")); err != nil {
		log.Fatal(err)
	}
	for _, path := range []string{"a.jpg", "c/d.jpg"} {
		stamp, ok := grove.Get(filepath.Join(root, path))
		fmt.Println(path, ok, stamp.Time)
	}
	// Output:
	// a.jpg false 0.000000000
	// c/d.jpg true 1704067200.000000000
}

// When a setting changes, stamps made under the old one do not count.
func ExampleTree_OtherConfigs() {
	root := makeTree("a.jpg")
	defer os.RemoveAll(root)

	for _, quality := range []string{"80", "80", "90"} {
		config, err := store.Config{}.With("quality", quality)
		if err != nil {
			log.Fatal(err)
		}
		tree, err := store.OpenTree(root, store.Options{Config: config})
		if err != nil {
			log.Fatal(err)
		}
		_, ok := tree.Get("a.jpg")
		var changes []string
		if stored, any := tree.Stored(); any {
			changes = stored.Diff(config)
		}
		fmt.Println(quality, ok, tree.OtherConfigs(), changes)
		if !ok {
			if err := tree.Set("a.jpg"); err != nil {
				log.Fatal(err)
			}
		}
		if err := tree.Sync(); err != nil {
			log.Fatal(err)
		}
		if err := tree.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 80 false 0 []
	// 80 true 0 []
	// 90 false 1 [quality: 80 -> 90]
}

// A dump folds the WAL into the snapshot.
func ExampleGrove_Dump() {
	root := makeTree("a.jpg", "odd: name.jpg")
	defer os.RemoveAll(root)
	config, err := store.ParseConfig([]byte("quality: 90"))
	if err != nil {
		log.Fatal(err)
	}
	grove, err := store.Open([]string{root}, store.Options{Config: config})
	if err != nil {
		log.Fatal(err)
	}
	defer grove.Close()
	for _, name := range []string{"odd: name.jpg", "a.jpg"} {
		if err := grove.Set(filepath.Join(root, name)); err != nil {
			log.Fatal(err)
		}
	}
	if err := grove.Dump(); err != nil {
		log.Fatal(err)
	}
	files := grove.Roots()[0].Facts()
	snapshot, err := os.ReadFile(files.Snapshot)
	if err != nil {
		log.Fatal(err)
	}
	_, err = os.Lstat(files.WAL)
	fmt.Println("WAL gone:", os.IsNotExist(err))
	_, stamps, _ := strings.Cut(string(snapshot), "\nconfig:\n")
	stamps, _, _ = strings.Cut(stamps, "#")
	fmt.Print(stamps)
	// Output:
	// WAL gone: true
	//     quality: 90
	// timestamps:
	//     a.jpg: 1704067200.000000000
	//     "odd: name.jpg": 1704067200.000000000
}
