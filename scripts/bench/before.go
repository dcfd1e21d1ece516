package main

import (
	"os"
	"os/exec"
	"path/filepath"
)

// buildBefore makes the treefilter of another commit, in a folder of its own.
func (b *bench) buildBefore(t *tools) error {
	if b.Before == "" {
		b.note("Not compared with an older treefilter: no --before COMMIT.")
		return nil
	}
	source := filepath.Join(b.Work, "before")
	if err := os.RemoveAll(source); err != nil {
		return err
	}
	if err := os.Mkdir(source, 0o755); err != nil {
		return err
	}
	t.before = filepath.Join(b.Work, "bin", "treefilter-before")
	const script = `git archive "$1" | tar -x -C "$2" && cd "$2" && CGO_ENABLED=0 go build -o "$3" ./cmd/treefilter`
	if err := b.prepare("sh", "-c", script, "sh", b.Before, source, t.before); err != nil {
		return err
	}
	out, err := exec.Command("git", "-C", b.repo, "describe", "--always", "--tags", b.Before).Output()
	t.versions = append(t.versions, "compared with treefilter "+string(out[:max(0, len(out)-1)]))
	return err
}
