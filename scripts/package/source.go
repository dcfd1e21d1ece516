package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A source is what the packages are made from.
type source struct {
	version   string
	commit    string
	committed time.Time // the mtime of all that is packed
	toolchain string
}

// readSource asks git and go about the current directory.
func readSource(version string) (*source, error) {
	head, err := output("git", "log", "-1", "--format=%H %ct")
	if err != nil {
		return nil, err
	}
	commit, seconds, _ := strings.Cut(head, " ")
	epoch, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("time of the commit: %w", err)
	}
	s := &source{version: version, commit: commit, committed: time.Unix(epoch, 0).UTC()}
	if s.version == "" {
		// Older than the first release for deb, rpm and apk alike.
		s.version = "0.0.0-git" + s.committed.Format("20060102150405")
	}
	changed, err := output("git", "status", "--porcelain")
	if err != nil {
		return nil, err
	}
	if changed != "" {
		s.commit += "-dirty"
	}
	// Another version of Go would make other bytes.
	goVersion, err := output("go", "list", "-m", "-f", "{{.GoVersion}}")
	s.toolchain = "go" + goVersion
	return s, err
}

// output runs a command and returns what it printed, trimmed.
func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", cmd, err)
	}
	return strings.TrimSpace(string(text)), nil
}
