package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gitlabJob is a job of GitLab CI.
type gitlabJob struct {
	Variables map[string]string
	Cache     struct {
		Key, When string
		Paths     []string
	}
	BeforeScript []string `yaml:"before_script"`
}

func TestGitLabTemplate(t *testing.T) {
	r := newRelease(t)
	var file map[string]gitlabJob
	parseYAML(t, ".gitlab/treefilter.yml", &file)
	job := file[".treefilter"]

	// An image has bash or only sh.
	bash, sh := []string{"bash", "-eo", "pipefail"}, []string{"sh", "-e"}
	for _, shell := range [][]string{bash, sh} {
		t.Run(shell[0], func(t *testing.T) {
			cache := t.TempDir()
			testCI(t, r, func(c ciRun) (string, error) { return job.run(t, r, c, shell, cache) })
		})
	}

	dir := filepath.Join(tempDir(t), "project")
	plain := ciRun{checkout: dir, sum: r.sum}
	t.Run("lost cache", func(t *testing.T) {
		for range 2 {
			checkOut(t, dir, map[string]string{"a": "good\n"})
			output, err := job.run(t, r, plain, bash, t.TempDir())
			if err != nil || !strings.Contains(output, "linted src/a\n") {
				t.Errorf("without the cache, nothing is done: %v\n%s", err, output)
			}
		}
	})
	t.Run("stamps in the repository", func(t *testing.T) {
		checkOut(t, dir, map[string]string{"a": "good\n"})
		mustShell(t, dir, nil, "mkdir .treefilter-state && touch .treefilter-state/x && git add .treefilter-state")
		output, err := job.run(t, r, plain, bash, t.TempDir())
		if err == nil || strings.Contains(output, "linted") {
			t.Errorf("a repository that brings stamps is believed:\n%s", output)
		}
	})
}

// run does what a runner does with a job: its cache lies in the project.
func (j gitlabJob) run(t *testing.T, r ciRelease, c ciRun, shell []string, cache string) (string, error) {
	t.Helper()
	given := map[string]string{"CI_PROJECT_DIR": c.checkout, "RELEASE": r.url(), "RELEASE_VERSION": ciVersion, "RELEASE_SHA256": c.sum, "TREEFILTER_CONFIG": c.config}
	var env []string
	for name, value := range given {
		env = append(env, name+"="+value)
	}
	for name, value := range j.Variables {
		env = append(env, name+"="+os.Expand(value, func(name string) string { return given[name] }))
	}
	mustShell(t, c.checkout, nil, `cp -a "$1/." .`, cache)
	script := slices.Concat(j.BeforeScript, []string{"treefilter exec --since start src -- ./lint"})
	output, err := ciShell(t, c.checkout, env, shell, strings.Join(script, "\n"))
	if err == nil || j.Cache.When == "always" {
		for _, path := range j.Cache.Paths {
			mustShell(t, c.checkout, nil, `[ ! -e "$2" ] || { rm -rf "$1/$2" && cp -a "$2" "$1"; }`, cache, path)
		}
	}
	return output, err
}
