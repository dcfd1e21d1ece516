package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// What the repository offers to the CI of other people is run here as it stands,
// with what a runner does around it.

// ciRelease is a release of treefilter, as a runner downloads it.
type ciRelease struct{ dir, archive, sum string }

const ciVersion = "1.2.3"

func newRelease(t *testing.T) ciRelease {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("for runners with Linux")
	}
	needPrograms(t, "bash", "curl", "git", "sha256sum", "tar")
	binary, err := exec.LookPath("treefilter")
	if err != nil {
		t.Fatal(err)
	}
	r := ciRelease{dir: t.TempDir()}
	name := "treefilter_" + ciVersion + "_linux_" + runtime.GOARCH
	r.archive = filepath.Join(r.dir, name+".tar.gz")
	mustShell(t, r.dir, nil, `mkdir -p "$1/bin" && cp "$2" "$1/bin/treefilter" && tar -czf "$1.tar.gz" "$1"`, name, binary)
	content, err := os.ReadFile(r.archive)
	if err != nil {
		t.Fatal(err)
	}
	r.sum = fmt.Sprintf("%x", sha256.Sum256(content))
	r.writeSums(t, r.sum)
	return r
}

// writeSums makes SHA256SUMS, with another archive in it.
func (r ciRelease) writeSums(t *testing.T, sum string) {
	other := strings.Repeat("0", 64) + "  treefilter_" + ciVersion + "_linux_other.tar.gz\n"
	write(t, filepath.Join(r.dir, "SHA256SUMS"), other+sum+"  "+filepath.Base(r.archive)+"\n")
}

func (r ciRelease) url() string { return "file://" + r.dir }

// checkOut makes a checkout of a project, as a runner does: in place of the one
// before, and with new mtimes. Its lint names what it reads, and fails for "bad".
func checkOut(t *testing.T, dir string, contents map[string]string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "src"), 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "lint"), "#!/bin/sh\nfor path; do :; done; echo \"linted $path\"; ! grep -q bad \"$path\"\n")
	for name, content := range contents {
		write(t, filepath.Join(dir, "src", name), content)
	}
	mustShell(t, dir, nil, "chmod +x lint && git init -q && git add .")
}

// ciRun is one run of a job: what differs from run to run.
type ciRun struct {
	checkout string
	sum      string // that the user asks for
	config   string
}

// testCI is what holds for every kind of CI. run runs the job on a checkout, with
// the cache that the run before has left.
func testCI(t *testing.T, r ciRelease, run func(ciRun) (output string, err error)) {
	here, elsewhere := filepath.Join(tempDir(t), "here"), filepath.Join(tempDir(t), "elsewhere")
	plain := ciRun{checkout: here, sum: r.sum}
	source := map[string]string{"a": "good\n", "b": "bad\n", "c": "good\n"}

	try := func(what string, c ciRun, wantOK bool, want ...string) {
		t.Helper()
		checkOut(t, c.checkout, source)
		output, err := run(c)
		var got []string
		for _, line := range lines(output) {
			if name, ok := strings.CutPrefix(line, "linted src/"); ok {
				got = append(got, name)
			}
		}
		if (err == nil) != wantOK || strings.Join(sorted(got), " ") != strings.Join(want, " ") {
			t.Errorf("%s: linted %q, want %q; %v\n%s", what, got, want, err, output)
		}
	}
	refuse := func(what string, c ciRun) {
		t.Helper()
		try(what, c, false)
	}

	wrong := strings.Repeat("1", 64)
	refuse("wrong checksum", ciRun{checkout: here, sum: wrong})
	r.writeSums(t, wrong)
	refuse("wrong SHA256SUMS", ciRun{checkout: here})
	write(t, filepath.Join(r.dir, "SHA256SUMS"), "")
	refuse("not in SHA256SUMS", ciRun{checkout: here})
	r.writeSums(t, r.sum)

	try("first run", ciRun{checkout: here}, false, "a", "b", "c")
	try("what failed", plain, false, "b")
	source["b"] = "mended\n"
	try("what was mended", plain, true, "b")
	try("nothing to do", plain, true)
	source["c"] = "better\n"
	try("what was edited", plain, true, "c")
	try("another config", ciRun{checkout: here, sum: r.sum, config: "linter=2"}, true, "a", "b", "c")
	try("another path", ciRun{checkout: elsewhere, sum: r.sum, config: "linter=2"}, true)
	source["a"] = "edited\n"
	try("edited at another path", ciRun{checkout: elsewhere, sum: r.sum, config: "linter=2"}, true, "a")
	try("back at the first path", ciRun{checkout: here, sum: r.sum, config: "linter=2"}, true)
}

// ciShell runs a script with its arguments, and returns what it printed on both
// streams.
func ciShell(t *testing.T, dir string, env, shell []string, script string, args ...string) (string, error) {
	t.Helper()
	words := append(append(append([]string{}, shell...), "-c", script, "sh"), args...)
	var output bytes.Buffer
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = time.Second
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TREEFILTER_") && !strings.HasPrefix(v, "GIT_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C", "PWD="+dir)
	cmd.Env = append(cmd.Env, env...)
	err := cmd.Run()
	return output.String(), err
}

func mustShell(t *testing.T, dir string, env []string, script string, args ...string) string {
	t.Helper()
	output, err := ciShell(t, dir, env, []string{"sh", "-e"}, script, args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, output)
	}
	return output
}

// parseYAML reads a file of the repository.
func parseYAML(t *testing.T, file string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, file)), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
