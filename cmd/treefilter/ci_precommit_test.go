package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestPreCommitHook runs the hook as pre-commit does: its entry, the user's args,
// and the names of files, in the root of the repository.
func TestPreCommitHook(t *testing.T) {
	newRelease(t)
	var hooks []struct {
		Language, Entry string
	}
	parseYAML(t, ".pre-commit-hooks.yaml", &hooks)
	if len(hooks) != 1 || hooks[0].Language != "golang" {
		t.Fatalf("not one hook in Go: %+v", hooks)
	}
	dir := filepath.Join(tempDir(t), "project")
	checkOut(t, dir, map[string]string{"a b": "good\n", "b": "bad\n"})

	try := func(what, command string, wantOK bool, want ...string) {
		t.Helper()
		output, err := ciShell(t, dir, nil, []string{"sh"}, hooks[0].Entry+` "$@"`, command, "src/a b", "src/b")
		var got []string
		for _, line := range lines(output) {
			if name, ok := strings.CutPrefix(line, "linted src/"); ok {
				got = append(got, name)
			}
		}
		if (err == nil) != wantOK || strings.Join(sorted(got), ",") != strings.Join(want, ",") {
			t.Errorf("%s: linted %q, want %q; %v\n%s", what, got, want, err, output)
		}
		if status := mustShell(t, dir, nil, "git status --porcelain | grep -v ^A || true"); status != "" {
			t.Errorf("%s: leaves files in the tree:\n%s", what, status)
		}
	}
	try("first run", "./lint 'two words'", false, "a b", "b")
	try("what failed", "./lint 'two words'", false, "b")
	write(t, filepath.Join(dir, "src", "b"), "mended\n")
	mustShell(t, dir, nil, "git add .")
	try("what was mended", "./lint 'two words'", true, "b")
	try("nothing to do", "./lint 'two words'", true)
	try("another command", "./lint 'three small words'", true, "a b", "b")
}
