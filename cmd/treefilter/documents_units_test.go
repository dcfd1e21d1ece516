package main

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocumentUnits has systemd verify the units, as if the job were where they say.
func TestDocumentUnits(t *testing.T) {
	needPrograms(t, "systemd-analyze")
	dir := tempDir(t)
	write(t, filepath.Join(dir, "nightly"), "#!/bin/sh\n")
	if err := os.Chmod(filepath.Join(dir, "nightly"), 0o777); err != nil {
		t.Fatal(err)
	}
	args := []string{"verify"}
	for _, s := range chapters(t, manualFile) {
		for _, b := range s.blocks {
			if b.kind == "ini" {
				first, _, _ := strings.Cut(b.text, "\n")
				args = append(args, filepath.Join(dir, path.Base(first)))
				write(t, args[len(args)-1], strings.ReplaceAll(b.text, "=/srv", "="+dir))
			}
		}
	}
	if len(args) == 1 {
		t.Fatalf("%s shows no unit", manualFile)
	}
	output, err := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput()
	if err != nil || len(output) > 0 {
		t.Errorf("%v\n%s", err, output)
	}
}
