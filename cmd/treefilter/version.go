package main

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// version and commit are what a package was made from: scripts/package has the
// linker set them.
var version, commit string

// showVersion returns what is known of the build.
func showVersion(*namedCommand) string {
	info, _ := debug.ReadBuildInfo()
	return versionLine(version, commit, info)
}

// versionLine returns the line that --version prints. What the linker did not
// set is taken from the go command's own record, if there is one.
func versionLine(version, commit string, info *debug.BuildInfo) string {
	if version == "" && info != nil {
		version = strings.TrimPrefix(info.Main.Version, "v")
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	if version == "" || version == "(devel)" {
		version = "devel"
	}
	if commit != "" {
		commit = "commit " + commit + ", "
	}
	return "treefilter " + version + " (" + commit + runtime.Version() + ")\n"
}
