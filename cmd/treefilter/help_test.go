package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHelpFitsScreen(t *testing.T) {
	_, parser := newParser()
	for _, cmd := range append(parser.Model.Children, nil) {
		name, args := "", []string{"--help"}
		if cmd != nil {
			name, args = cmd.Name, []string{cmd.Name, "--help"}
		}
		got, err := parse(args)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(got.(*answer).text, "\n"), "\n")
		if len(lines) > 40 {
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
	_, parser := newParser()
	for _, cmd := range append(parser.Model.Children, parser.Model.Node) {
		selected := cmd
		if cmd == parser.Model.Node {
			selected = nil
		}
		text := help(parser.Model, selected)
		for _, flag := range append(cmd.Flags, parser.Model.Flags...) {
			explained := strings.Contains(text, "--"+flag.Name)
			if flag.Help == "" || !explained && (selected == nil || !isRequest(flag)) {
				t.Errorf("treefilter %s --help does not explain --%s", cmd.Name, flag.Name)
			}
			if !flag.IsBool() && flag.PlaceHolder == "" {
				t.Errorf("treefilter %s --help: --%s has no placeholder", cmd.Name, flag.Name)
			}
		}
	}
}
