package main

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionLine(t *testing.T) {
	built := func(version, revision string) *debug.BuildInfo {
		info := &debug.BuildInfo{Main: debug.Module{Version: version}}
		if revision != "" {
			info.Settings = []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: revision}}
		}
		return info
	}
	for _, test := range []struct {
		name            string
		version, commit string
		info            *debug.BuildInfo
		want            string
	}{
		{"package", "1.2.3", "abc", built("(devel)", ""), "treefilter 1.2.3 (commit abc, GO)\n"},
		{"package, from a clone", "1.2.3", "abc", built("v0.0.0-1", "def"), "treefilter 1.2.3 (commit abc, GO)\n"},
		{"go build in a clone", "", "", built("v0.0.0-1+dirty", "def"), "treefilter 0.0.0-1+dirty (commit def, GO)\n"},
		{"go install of a release", "", "", built("v1.2.3", ""), "treefilter 1.2.3 (GO)\n"},
		{"a clone without a version", "", "", built("(devel)", "def"), "treefilter devel (commit def, GO)\n"},
		{"-buildvcs=false", "", "", built("(devel)", ""), "treefilter devel (GO)\n"},
		{"no record", "", "", nil, "treefilter devel (GO)\n"},
	} {
		want := strings.Replace(test.want, "GO", runtime.Version(), 1)
		if got := versionLine(test.version, test.commit, test.info); got != want {
			t.Errorf("%s: %q, want %q", test.name, got, want)
		}
	}
}
