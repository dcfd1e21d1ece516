package main

import (
	"strings"
	"testing"
)

func TestFounded(t *testing.T) {
	for _, verbose := range []bool{false, true} {
		var said strings.Builder
		s := &stdio{in: strings.NewReader(""), voice: newVoice(&said)}
		flag := verboseFlag{Verbose: verbose}
		commit, err := (&commitCommand{verboseFlag: flag}).job(s)
		if err != nil {
			t.Fatal(err)
		}
		exec, err := (&execCommand{Verbose: verbose, command: []string{"true"}}).job(s)
		if err != nil {
			t.Fatal(err)
		}
		for name, founded := range map[string]func(string){"commit": commit.Founded, "exec": exec.Founded} {
			said.Reset()
			if (founded != nil) != verbose {
				t.Errorf("%s, -v %v: there is something to say: %v", name, verbose, founded != nil)
				continue
			}
			if founded == nil {
				continue
			}
			founded("/home/you/a\nb")
			if got, want := said.String(), `treefilter: /home/you/a\nb: new tree`+"\n"; got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}
