package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// The documents' commands take too long to be run, but they are understood.
func TestDocumentedCommands(t *testing.T) {
	call := regexp.MustCompile("`go run ./scripts/bench(| .*?)`")
	found := 0
	for _, file := range []string{"../README.md", "../results/README.md", "../results/report.md"} {
		text, err := os.ReadFile(filepath.FromSlash(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(text), -1) {
			found++
			var c cli
			parser, err := kong.New(&c, kong.Vars{"rows": "", "trees": ""})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(strings.Fields(m[1])); err != nil {
				t.Errorf("%s: %s: %v", file, m[0], err)
			}
			for what, names := range map[string][][]string{"row": {c.Rows, rowNames()}, "tree": {c.Trees, treeNames()}} {
				if err := checkNames(what, names[0], names[1]); err != nil {
					t.Errorf("%s: %s: %v", file, m[0], err)
				}
			}
		}
	}
	if found < 5 {
		t.Errorf("%d commands found", found)
	}
}

// Each tree and each row is explained.
func TestDocumentedNames(t *testing.T) {
	text, err := os.ReadFile(filepath.FromSlash("../results/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var first []string
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			first = append(first, strings.Split(strings.TrimSpace(cells[1]), ", ")...)
		}
	}
	for _, name := range append(rowNames(), treeNames()...) {
		if err := checkNames("line for", []string{name}, first); err != nil {
			t.Error(err)
		}
	}
}
