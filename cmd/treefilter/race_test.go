package main

import (
	"fmt"
	"os"
	"path/filepath"

	"treefilter/scripts/long"
)

// raceTests are the tests, and fail where a treefilter that they have started was
// built with -race and has found a race. The race detector itself shows that with
// exit code 66 only where the program would end with 0.
type raceTests struct{ long.Tests }

func (t raceTests) Run() int {
	dir, err := os.MkdirTemp("", "race")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	os.Setenv("GORACE", os.Getenv("GORACE")+" log_path="+filepath.Join(dir, "report"))

	code := t.Tests.Run()
	reports, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, file := range reports {
		text, _ := os.ReadFile(file)
		fmt.Printf("%s", text)
	}
	return max(code, min(1, len(reports)))
}
