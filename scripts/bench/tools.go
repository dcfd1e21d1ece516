package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// tools are the programs of a run, by path; a peer that is missing is "".
type tools struct {
	treefilter, floor, launch, mktree string
	before                            string // treefilter of --before
	git, find, bfs, fd, xargs         string
	versions                          []string // a line each, for the report
}

// peers are what treefilter is compared with: the names of the program, and
// Debian's package.
var peers = []struct {
	pkg   string
	names []string
}{
	{"git", []string{"git"}},
	{"findutils", []string{"find"}},
	{"bfs", []string{"bfs"}},
	{"fd-find", []string{"fdfind", "fd"}},
	{"findutils", []string{"xargs"}},
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	mod := strings.TrimSpace(string(out))
	if err != nil || filepath.Base(mod) != "go.mod" {
		return "", errors.New("must be started inside the module")
	}
	return filepath.Dir(mod), nil
}

// findTools looks for the peers, and builds what is ours.
func (b *bench) findTools() (tools, error) {
	var t tools
	installPeers()
	for i, path := range []*string{&t.git, &t.find, &t.bfs, &t.fd, &t.xargs} {
		*path = lookPath(peers[i].names)
		if *path == "" {
			t.versions = append(t.versions, peers[i].pkg+": missing, left out")
			continue
		}
		t.versions = append(t.versions, firstLine(*path, "--version"))
	}
	if err := b.build(&t); err != nil {
		return t, err
	}
	t.versions = append(t.versions, firstLine("cc", "--version"), firstLine("go", "version"), b.treefilterVersion(t.treefilter))
	return t, b.buildBefore(&t)
}

func lookPath(names []string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// installPeers gets missing peers from Debian where that is possible. It is
// no error when it is not: the report names what was left out.
func installPeers() {
	var missing []string
	for _, p := range peers {
		if lookPath(p.names) == "" {
			missing = append(missing, p.pkg)
		}
	}
	if len(missing) == 0 || os.Geteuid() != 0 || lookPath([]string{"apt-get"}) == "" {
		return
	}
	progress("installing %s", strings.Join(missing, " "))
	cmd := exec.Command("apt-get", append([]string{"install", "-y", "--no-install-recommends"}, missing...)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		progress("apt-get: %v", err)
	}
}

// build makes treefilter, mktree, the floor and the launcher.
func (b *bench) build(t *tools) error {
	bin := func(name string) string { return filepath.Join(b.Work, "bin", name) }
	source := func(name string) string { return filepath.Join(b.repo, "scripts", name) }
	t.treefilter, t.floor, t.launch, t.mktree = bin("treefilter"), bin("floor"), bin("launch"), bin("mktree")
	steps := [][]string{
		{"cc", "-O2", "-pthread", "-o", t.floor, source("floor.c")},
		{"cc", "-O2", "-o", t.launch, source("launch.c")},
		{"go", "build", "-o", t.mktree, "./scripts/mktree"},
	}
	if b.Treefilter == "" {
		// As README.md says to install it.
		steps = append(steps, []string{"env", "CGO_ENABLED=0", "go", "build", "-o", t.treefilter, "./cmd/treefilter"})
	} else {
		var err error
		if t.treefilter, err = filepath.Abs(b.Treefilter); err != nil {
			return err
		}
	}
	for _, step := range steps {
		if err := b.prepare(step...); err != nil {
			return err
		}
	}
	return nil
}

// prepare runs a command that is not measured, in the module's root.
func (b *bench) prepare(args ...string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = b.repo
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// treefilterVersion names the commit that was built.
func (b *bench) treefilterVersion(path string) string {
	if b.Treefilter != "" {
		return "treefilter: " + firstLine(path, "--version")
	}
	cmd := exec.Command("git", "describe", "--always", "--dirty", "--tags")
	cmd.Dir = b.repo
	out, err := cmd.Output()
	if err != nil {
		return "treefilter: of no commit"
	}
	return "treefilter " + strings.TrimSpace(string(out))
}

// firstLine returns the first line that a command prints, if it does so soon.
func firstLine(name string, args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	line, _, _ := strings.Cut(string(out), "\n")
	if err != nil && line == "" {
		return filepath.Base(name) + ": unknown"
	}
	return strings.TrimSpace(line)
}
