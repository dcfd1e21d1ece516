package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// The manual's jobs that divide the files are run as it shows them: each in a checkout of
// its own, with what the cache and the artefacts of others bring.
const (
	matrixChapter     = "A matrix of jobs"
	kubernetesChapter = "A Kubernetes job"
	matrixShards      = 4
)

// matrix is one kind of CI. It runs a job in a checkout, of the shard k of 1 to 4 or, with 0,
// the one that gathers; cache and artefacts are directories.
type matrix interface {
	run(t *testing.T, job matrixJob) (output string, err error)
}

type matrixJob struct {
	k                          int
	checkout, cache, artefacts string
}

func TestMatrix(t *testing.T) {
	needPrograms(t, "sh", "git", "tar")
	var github githubMatrix
	var gitlab gitlabMatrix
	var buildkite buildkiteMatrix
	for i, m := range []matrix{&github, &gitlab, &buildkite} {
		text := documentBlocks(t, matrixChapter)[i].text
		if err := yaml.Unmarshal([]byte(text), m); err != nil {
			t.Fatal(err)
		}
		t.Run(fmt.Sprintf("%T", m), func(t *testing.T) { testMatrix(t, m) })
	}
}

// testMatrix is what holds for every kind of CI.
func testMatrix(t *testing.T, m matrix) {
	cache := t.TempDir()
	source := map[string]string{"a": "good\n", "b": "bad\n", "c": "good\n", "d": "good\n", "e": "good\n"}
	pipeline := func(what string, wantOK bool, want ...string) {
		t.Helper()
		job := matrixJob{checkout: filepath.Join(tempDir(t), "checkout"), cache: cache, artefacts: t.TempDir()}
		var outputs string
		ok := true
		for job.k = range matrixShards + 1 {
			job.k = (job.k + 1) % (matrixShards + 1)
			checkOut(t, job.checkout, source)
			output, err := m.run(t, job)
			if err != nil && job.k == 0 {
				t.Errorf("%s: gathering failed: %v\n%s", what, err, output)
			}
			ok = ok && err == nil
			outputs += output
		}
		var got []string
		for _, line := range lines(outputs) {
			if name, is := strings.CutPrefix(line, "linted src/"); is {
				got = append(got, name)
			}
		}
		if ok != wantOK || !slices.Equal(sorted(got), want) {
			t.Errorf("%s: linted %q, want %q; all succeeded: %t\n%s", what, got, want, ok, outputs)
		}
	}
	pipeline("first", false, "a", "b", "c", "d", "e")
	pipeline("what failed", false, "b")
	source["b"] = "mended\n"
	source["d"] = "edited\n"
	pipeline("what was mended and edited", true, "b", "d")
	pipeline("nothing", true)
}

// copyInto copies what is in a directory into another one; what is there is replaced.
func copyInto(t *testing.T, from, to string) {
	t.Helper()
	mustShell(t, "/", nil, `mkdir -p "$2" && if [ -e "$1" ]; then cp -a "$1/." "$2"; fi`, from, to)
}

func (j matrixJob) artefact() string { return filepath.Join(j.artefacts, fmt.Sprint(j.k)) }

// allArtefacts are those of the shards.
func (j matrixJob) allArtefacts(t *testing.T, to string) {
	for k := range matrixShards {
		copyInto(t, filepath.Join(j.artefacts, fmt.Sprint(k+1)), to)
	}
}

type githubMatrix struct {
	Env  map[string]string
	Jobs map[string]struct {
		Steps []struct {
			Uses, Run, If string
			With          map[string]string
		}
	}
}

func (m *githubMatrix) run(t *testing.T, j matrixJob) (output string, err error) {
	job := m.Jobs["lint"]
	if j.k == 0 {
		job = m.Jobs["gather"]
	}
	for _, step := range job.Steps {
		if err != nil && step.If != "always()" {
			continue
		}
		path := filepath.Join(j.checkout, step.With["path"])
		switch action, _, _ := strings.Cut(step.Uses, "@"); action {
		case "actions/cache/restore":
			copyInto(t, j.cache, path)
		case "actions/cache/save":
			copyInto(t, path, j.cache)
		case "actions/upload-artifact":
			copyInto(t, path, j.artefact())
		case "actions/download-artifact":
			j.allArtefacts(t, path)
		case "":
			script := strings.ReplaceAll(step.Run, "${{ matrix.shard }}", fmt.Sprint(j.k))
			output, err = ciShell(t, j.checkout, environment(m.Env), []string{"bash", "-e"}, script)
		}
	}
	return output, err
}

type gitlabMatrix map[string]struct {
	Extends   string
	Variables map[string]string
	Script    []string
	Cache     struct {
		Paths  []string
		Policy string
	}
	Artifacts struct{ Paths []string }
}

func (m *gitlabMatrix) run(t *testing.T, j matrixJob) (string, error) {
	name := "lint"
	if j.k == 0 {
		name = "gather"
		j.allArtefacts(t, j.checkout)
	}
	job := (*m)[name]
	base := (*m)[job.Extends]
	for _, path := range base.Cache.Paths {
		if job.Cache.Policy == "" && base.Cache.Policy == "pull" {
			copyInto(t, filepath.Join(j.cache, path), filepath.Join(j.checkout, path))
		}
	}
	env := append(environment(base.Variables), "GITLAB_CI=true", fmt.Sprint("CI_NODE_INDEX=", j.k), fmt.Sprint("CI_NODE_TOTAL=", matrixShards))
	output, err := ciShell(t, j.checkout, env, []string{"sh", "-e"}, strings.Join(job.Script, "\n"))
	for _, path := range job.Artifacts.Paths {
		copyInto(t, filepath.Join(j.checkout, path), filepath.Join(j.artefact(), path))
	}
	for _, path := range job.Cache.Paths {
		copyInto(t, filepath.Join(j.checkout, path), filepath.Join(j.cache, path))
	}
	return output, err
}

type buildkiteMatrix struct {
	Env   map[string]string
	Steps []struct {
		Label, Command string
		Plugins        []map[string]map[string]string
		Artefacts      string `yaml:"artifact_paths"`
	}
}

func (m *buildkiteMatrix) run(t *testing.T, j matrixJob) (string, error) {
	step := m.Steps[0]
	if j.k == 0 {
		step = m.Steps[len(m.Steps)-1]
	}
	var cache map[string]string
	for _, plugin := range step.Plugins[0] {
		cache = plugin
	}
	path := filepath.Join(j.checkout, cache["path"])
	if cache["restore"] != "" {
		copyInto(t, j.cache, path)
	}
	bin := t.TempDir()
	write(t, filepath.Join(bin, "buildkite-agent"), "#!/bin/sh\ncp \"$ARTEFACTS\"/$3 \"$4\"\n")
	mustShell(t, bin, nil, "chmod +x buildkite-agent")
	env := append(environment(m.Env), "BUILDKITE=true", fmt.Sprint("BUILDKITE_PARALLEL_JOB=", j.k-1),
		fmt.Sprint("BUILDKITE_PARALLEL_JOB_COUNT=", matrixShards), "ARTEFACTS="+j.artefacts,
		"PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	output, err := ciShell(t, j.checkout, env, []string{"bash", "-e"}, strings.ReplaceAll(step.Command, "$$", "$"))
	if step.Artefacts != "" {
		mustShell(t, j.checkout, nil, `cp `+step.Artefacts+` "$1"`, j.artefacts)
	}
	if cache["save"] != "" {
		copyInto(t, path, j.cache)
	}
	return output, err
}

// environment returns variables as a process has them.
func environment(variables map[string]string) (env []string) {
	for name, value := range variables {
		env = append(env, name+"="+value)
	}
	return env
}

// documentBlocks returns the blocks of a chapter of the manual.
func documentBlocks(t *testing.T, name string) []block {
	t.Helper()
	for _, s := range chapters(t, manualFile) {
		if s.name == name {
			return s.blocks
		}
	}
	t.Fatalf("%s has no chapter %q", manualFile, name)
	return nil
}

// TestKubernetesJob runs the command of each pod. (The job was decoded strictly by
// k8s.io/api v0.37.2; no cluster has run it.)
func TestKubernetesJob(t *testing.T) {
	needPrograms(t, "sh")
	var job struct {
		Spec struct {
			CompletionMode string `yaml:"completionMode"`
			Completions    int
			Template       struct {
				Spec struct{ Containers []struct{ Command []string } }
			}
		}
	}
	if err := yaml.Unmarshal([]byte(documentBlocks(t, kubernetesChapter)[0].text), &job); err != nil {
		t.Fatal(err)
	}
	dir := tempDir(t)
	mustShell(t, dir, nil, `mkdir photos && touch photos/a photos/b photos/c photos/d && printf '#!/bin/sh\necho "$1"\n' >optimize && chmod +x optimize`)
	command := slices.Clone(job.Spec.Template.Spec.Containers[0].Command)
	command[slices.Index(command, "/srv/photos")] = "photos"
	command[slices.Index(command, "optimize")] = "./optimize"
	var outputs string
	for k := range job.Spec.Completions {
		outputs += mustShell(t, dir, []string{fmt.Sprint("JOB_COMPLETION_INDEX=", k)}, `"$@"`, command...)
	}
	if got := sorted(lines(outputs)); job.Spec.CompletionMode != "Indexed" || strings.Join(got, " ") != "photos/a photos/b photos/c photos/d" {
		t.Errorf("the pods of %d processed %q", job.Spec.Completions, got)
	}
}
