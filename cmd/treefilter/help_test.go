package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHelpFitsScreen(t *testing.T) {
	for _, name := range append(commandNames(), "") {
		args := []string{"--help"}
		if name != "" {
			args = []string{name, "--help"}
		}
		got, err := parse(args)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(got.(*answer).text, "\n"), "\n")
		if len(lines) > 53 {
			t.Errorf("treefilter %s --help: %d lines", name, len(lines))
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > 80 {
				t.Errorf("treefilter %s --help: wider than 80 columns: %s", name, line)
			}
		}
	}
}

func TestHelpKnowsEveryFlag(t *testing.T) {
	overview := help(nil)
	for i, c := range commands {
		text := help(&commands[i])
		for _, flag := range newParser(c.create(), &common{}).Model.Flags {
			if flag.Help == "" || !strings.Contains(text+overview, "--"+flag.Name) {
				t.Errorf("treefilter %s --help does not explain --%s", c.name, flag.Name)
			}
			if !flag.IsBool() && flag.PlaceHolder == "" {
				t.Errorf("treefilter %s --help: --%s has no placeholder", c.name, flag.Name)
			}
		}
	}
}
