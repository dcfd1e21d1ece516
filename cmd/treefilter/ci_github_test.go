package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// githubAction is a composite action.
type githubAction struct {
	Inputs map[string]struct {
		Default  string
		Required bool
	}
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []githubStep
	}
}

type githubStep struct {
	ID, If, Uses, Shell, Run string
	Env, With                map[string]string
}

// githubRunner runs an action, and keeps its cache.
type githubRunner struct {
	t      *testing.T
	action githubAction
	temp   string
	runs   int
	cache  []githubCache
}

// githubCache is one entry. It is found only for the path that it was saved from.
type githubCache struct{ key, path, copied string }

func TestGitHubAction(t *testing.T) {
	r := newRelease(t)
	g := &githubRunner{t: t, temp: tempDir(t)}
	parseYAML(t, ".github/actions/treefilter/action.yml", &g.action)
	inputs := map[string]string{"base-url": r.url(), "version": ciVersion, "roots": "src\n", "command": "./lint 'two words' {}\n"}
	job := func(c ciRun) (string, error) {
		inputs := maps.Clone(inputs)
		inputs["sha256"], inputs["config"] = c.sum, c.config+"\n"
		return g.run(c.checkout, inputs)
	}
	testCI(t, r, job)

	// Another command is another setting, without being asked for.
	dir := filepath.Join(tempDir(t), "again")
	for _, try := range []struct {
		command string
		files   int
	}{{"./lint one", 2}, {"./lint one", 0}, {"./lint two", 2}} {
		inputs["command"] = try.command
		checkOut(t, dir, map[string]string{"a": "good", "b": "good"})
		output, err := job(ciRun{checkout: dir})
		if n := strings.Count(output, "linted src/"); n != try.files || err != nil {
			t.Errorf("%d files, want %d: %v\n%s", n, try.files, err, output)
		}
	}

	// Two jobs of a matrix divide the files, and each has stamps of its own.
	inputs["program"] = "matrix"
	for _, again := range []int{1, 0} {
		for _, shard := range []string{"1/2", "2/2"} {
			inputs["shard"] = shard
			checkOut(t, dir, map[string]string{"a": "good", "b": "good"})
			output, err := job(ciRun{checkout: dir})
			if n := strings.Count(output, "linted src/"); n != again || err != nil {
				t.Errorf("shard %s: %d files, want %d: %v\n%s", shard, n, again, err, output)
			}
		}
	}
}

// run does what a runner does with an action, from an empty temporary directory on.
func (g *githubRunner) run(checkout string, inputs map[string]string) (output string, failed error) {
	g.t.Helper()
	g.runs++
	mustShell(g.t, "/", nil, `rm -rf "$1" && mkdir "$1"`, g.temp)
	values := map[string]string{"github.run_id": fmt.Sprint(g.runs), "github.run_attempt": "1"}
	for name, input := range g.action.Inputs {
		values["inputs."+name] = input.Default
		if given, ok := inputs[name]; ok {
			values["inputs."+name] = given
		} else if input.Required {
			g.t.Fatalf("no input %s", name)
		}
	}
	for _, step := range g.action.Runs.Steps {
		if failed != nil && step.If != "always()" {
			continue
		}
		switch with := g.substituted(step.With, values); {
		case step.Run != "":
			said, err := g.shell(checkout, step, values)
			output += said
			if failed == nil {
				failed = err
			}
		case strings.HasPrefix(step.Uses, "actions/cache/restore@"):
			g.restore(with["path"], with["key"], with["restore-keys"])
		case strings.HasPrefix(step.Uses, "actions/cache/save@"):
			g.save(with["path"], with["key"])
		default:
			g.t.Fatalf("no such step: %+v", step)
		}
	}
	for name, out := range g.action.Outputs {
		if g.substitute(out.Value, values) == "" {
			g.t.Errorf("the output %s is empty", name)
		}
	}
	return output, failed
}

func (g *githubRunner) shell(checkout string, step githubStep, values map[string]string) (string, error) {
	if step.Shell != "bash" || strings.Contains(step.Run, "${{") {
		g.t.Errorf("not bash, or an input becomes code:\n%s", step.Run)
	}
	outputs := filepath.Join(g.t.TempDir(), "output")
	env := []string{"RUNNER_TEMP=" + g.temp, "GITHUB_OUTPUT=" + outputs}
	for name, value := range g.substituted(step.Env, values) {
		env = append(env, name+"="+value)
	}
	said, err := ciShell(g.t, checkout, env, []string{"bash", "--noprofile", "--norc", "-eo", "pipefail"}, step.Run)
	text, _ := os.ReadFile(outputs) // only some steps have outputs
	for _, line := range lines(string(text)) {
		name, value, _ := strings.Cut(line, "=")
		values["steps."+step.ID+".outputs."+name] = value
	}
	return said, err
}

func (g *githubRunner) restore(path, key, prefix string) {
	for i := len(g.cache) - 1; i >= 0; i-- {
		c := g.cache[i]
		if c.path == path && (c.key == key || prefix != "" && strings.HasPrefix(c.key, prefix)) {
			mustShell(g.t, g.temp, nil, `cp -a "$1/." "$2"`, c.copied, path)
			return
		}
	}
}

func (g *githubRunner) save(path, key string) {
	for _, c := range g.cache {
		if c.key == key {
			g.t.Errorf("%s is saved twice, and the second time has no effect", key)
		}
	}
	if path == "" {
		return // a failed step has no outputs: then this step fails, too
	}
	c := githubCache{key, path, g.t.TempDir()}
	mustShell(g.t, g.temp, nil, `cp -a "$1/." "$2"`, path, c.copied)
	g.cache = append(g.cache, c)
}

var githubExpression = regexp.MustCompile(`\$\{\{ *(.*?) *\}\}`)

func (g *githubRunner) substitute(text string, values map[string]string) string {
	return githubExpression.ReplaceAllStringFunc(text, func(e string) string {
		name := githubExpression.FindStringSubmatch(e)[1]
		value, ok := values[name]
		if !ok && !strings.HasPrefix(name, "steps.install.") {
			g.t.Errorf("%s: no such value", name)
		}
		return value
	})
}

func (g *githubRunner) substituted(m, values map[string]string) map[string]string {
	done := map[string]string{}
	for name, text := range m {
		done[name] = g.substitute(text, values)
	}
	return done
}
