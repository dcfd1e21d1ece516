//go:build unix

package filter_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"treefilter/filter"
)

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
