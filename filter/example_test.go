//go:build unix

package filter_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"treefilter/filter"
	"treefilter/store/state"
	"treefilter/walk"
)

// Process what was modified since it was processed last, and nothing else.
func ExampleSelection_Pending() {
	root, err := os.MkdirTemp("", "photos")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	for _, name := range []string{"a.jpg", "b.jpg", "b.tmp"} {
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o666); err != nil {
			log.Fatal(err)
		}
	}
	jpg, err := walk.ParseChoice(walk.Patterns{Extensions: []string{"jpg"}})
	if err != nil {
		log.Fatal(err)
	}

	optimize := func() {
		photos := filter.Selection{
			Options: filter.Options{Roots: []string{root}, Warn: func(err error) { log.Print(err) }},
			Choice:  jpg,
		}
		grove, err := state.Open(photos.Roots, state.Options{})
		if err != nil {
			log.Fatal(err)
		}
		defer grove.Close()
		for path, err := range photos.Pending(context.Background()) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println("optimizing", filepath.Base(path))
			if err := grove.Set(path); err != nil {
				log.Fatal(err)
			}
		}
		if err := grove.Sync(); err != nil { // what was not synced is forgotten
			log.Fatal(err)
		}
	}
	optimize()
	fmt.Println("again")
	optimize()
	fmt.Println("modified")
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(filepath.Join(root, "b.jpg"), later, later); err != nil {
		log.Fatal(err)
	}
	optimize()
	// Output:
	// optimizing a.jpg
	// optimizing b.jpg
	// again
	// modified
	// optimizing b.jpg
}

// A command is run on each file that needs work, and what it succeeded for needs
// none any more.
func ExampleExec() {
	root, err := os.MkdirTemp("", "photos")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	for _, name := range []string{"beach", "boats"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(name), 0o666); err != nil {
			log.Fatal(err)
		}
	}

	options := filter.Options{
		Roots:  []string{root},
		Warn:   func(err error) { fmt.Println(filepath.Base(err.Error())) },
		Notice: func(err error) { fmt.Println(err) },
	}
	run := func() {
		job := filter.Exec{
			Selection: filter.Selection{Options: options},
			Command:   []string{"sh", "-c", `cat "$1" && ! grep -q boats "$1"`, "sh", "{}"},
			Jobs:      1,
			Print: func(stdout, stderr io.WriterTo) error {
				_, err := stdout.WriteTo(os.Stdout)
				fmt.Println()
				return err
			},
		}
		if err := job.Run(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
	run()
	run()
	// Output:
	// beach
	// boats
	// boats: command failed: exit status 1
	// boats
	// boats: command failed: exit status 1
}
