package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// makeRepository makes a git repository of the tree: one commit that holds
// all files, an index for plain git and one with an untracked cache. It lies
// outside the tree, so that no walker sees it.
func (b *bench) makeRepository(t tree) error {
	if !b.gitTakesPart(t) {
		return nil
	}
	if _, err := os.Stat(uncachedIndex(t)); err != nil {
		progress("%s: making the git repository", t.name)
		if err := b.importTree(t); err != nil {
			return err
		}
	}
	return b.refreshIndexes(t)
}

// gitTakesPart only on trees whose files are all empty.
func (b *bench) gitTakesPart(t tree) bool { return b.tools.git != "" && t.name != yours }

func uncachedIndex(t tree) string { return filepath.Join(t.gitDir(), "index") }
func cachedIndex(t tree) string   { return filepath.Join(t.gitDir(), "index.untracked-cache") }

// gitCommand is git with its repository named.
func (b *bench) gitCommand(t tree, args ...string) command {
	return command{
		name: "git " + args[0],
		args: append([]string{b.tools.git, "--git-dir=" + t.gitDir(), "--work-tree=" + t.root}, args...),
	}
}

// withCache makes it use the index that has an untracked cache.
func withCache(t tree, c command) command {
	c.name += ", untracked cache"
	c.env = append(c.env, "GIT_INDEX_FILE="+cachedIndex(t))
	return c
}

// importTree fills a new repository. All files are empty, hence one blob;
// fast-import packs the directories, git add would write 100,000 files. There must be
// no state of treefilter in the tree yet.
func (b *bench) importTree(t tree) error {
	if err := os.RemoveAll(t.gitDir()); err != nil {
		return err
	}
	script := filepath.Join(b.Work, "fast-import")
	if err := writeImport(t, script); err != nil {
		return err
	}
	defer os.Remove(script)
	load := b.gitCommand(t, "fast-import", "--quiet")
	load.stdin = script
	for _, c := range []command{
		b.gitCommand(t, "init", "--quiet"),
		load,
		b.gitCommand(t, "symbolic-ref", "HEAD", "refs/heads/main"),
		b.gitCommand(t, "config", "core.preloadIndex", "true"),
		b.gitCommand(t, "config", "gc.auto", "0"),
	} {
		if _, err := b.mustPrint(c, ""); err != nil {
			return err
		}
	}
	exclude := filepath.Join(t.gitDir(), "info", "exclude")
	if err := os.WriteFile(exclude, []byte(".*_treestamps*.yaml\n"), 0o644); err != nil {
		return err
	}
	_, err := b.mustPrint(b.gitCommand(t, "read-tree", "HEAD"), "")
	return err
}

func writeImport(t tree, script string) error {
	f, err := os.Create(script)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	// A bufio.Writer keeps its first error for Flush.
	fmt.Fprint(w, "blob\nmark :1\ndata 0\n\ncommit refs/heads/main\ncommitter bench <bench@localhost> 1 +0000\ndata 0\n\n")
	err = filepath.WalkDir(t.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := gitQuote(strings.TrimPrefix(path, t.root+"/"))
		if d.Type()&fs.ModeSymlink == 0 {
			fmt.Fprintf(w, "M 100644 :1 %s\n", name)
			return nil
		}
		target, err := os.Readlink(path)
		fmt.Fprintf(w, "M 120000 inline %s\ndata %d\n%s\n", name, len(target), target)
		return err
	})
	if err != nil {
		_ = f.Close()
		return err
	}
	if err := w.Flush(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// gitQuote writes a path as fast-import reads it.
func gitQuote(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path) + `"`
}

// refreshIndexes makes both indexes know the files as they are now. It is
// done anew in every run: git compares the ctime as well, which no one can
// set back.
func (b *bench) refreshIndexes(t tree) error {
	if !b.gitTakesPart(t) {
		return nil
	}
	refresh := b.gitCommand(t, "update-index", "-q", "--refresh")
	if _, err := b.mustPrint(refresh, ""); err != nil {
		return err
	}
	if err := copyFile(uncachedIndex(t), cachedIndex(t)); err != nil {
		return err
	}
	enable := withCache(t, b.gitCommand(t, "update-index", "--untracked-cache"))
	if _, err := b.mustPrint(enable, ""); err != nil {
		return err
	}
	// The first status fills the cache.
	_, err := b.mustPrint(withCache(t, b.gitCommand(t, "status", "--porcelain")), "")
	return err
}
