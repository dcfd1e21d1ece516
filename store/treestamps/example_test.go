package treestamps_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"treefilter/store/treestamps"
)

// What a Python program knew of its work, before it is done in Go.
func ExampleRead() {
	dir, err := os.MkdirTemp("", "photos")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	text := "config:\n  quality: 90\nalbums: 1700000000.5\nimg001.jpg: 1700000001.25\n"
	if err := os.WriteFile(filepath.Join(dir, ".picopt_treestamps.yaml"), []byte(text), 0o666); err != nil {
		log.Fatal(err)
	}

	files, err := treestamps.Read(dir, "picopt")
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		fmt.Println("made under", f.Config)
		for _, s := range f.Stamps {
			fmt.Println(s.Path, "was done at", s.Time)
		}
	}
	// Output:
	// made under {quality: 90}
	// albums was done at 1700000000.500000000
	// img001.jpg was done at 1700000001.250000000
}
