package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// sources are the folders of this machine that a tree is a copy of.
func (b *bench) sources(name string) []string {
	toolchain := goEnv("GOROOT")
	if name == "go" {
		return []string{toolchain}
	}
	all := []string{"/usr", goEnv("GOMODCACHE")}
	if !strings.HasPrefix(toolchain, "/usr/") {
		all = append(all, toolchain)
	}
	return all
}

func goEnv(name string) string {
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// copyNames copies directories, links, and files with their mtimes, but no content:
// nothing that is measured reads any. Each source gets a folder of its own.
func copyNames(sources []string, root string) error {
	for _, source := range sources {
		if err := copyOne(source, filepath.Join(root, filepath.Base(source))); err != nil {
			return err
		}
	}
	return nil
}

func copyOne(source, to string) error {
	return filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at := to + strings.TrimPrefix(path, source)
		switch {
		case d.IsDir():
			return os.MkdirAll(at, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(target, at)
		case !d.Type().IsRegular() || stateName.MatchString(d.Name()):
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if err := os.WriteFile(at, nil, 0o644); err != nil {
			return err
		}
		return os.Chtimes(at, info.ModTime(), info.ModTime())
	})
}
