package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"treefilter/filter"
)

// shardFlag divides the work between machines.
type shardFlag struct {
	Shard shard `placeholder:"K/N|auto" help:"this run is the K-th of N that share the work"`
}

// shard is the value of --shard.
type shard filter.Shard

// Decode implements kong.MapperValue.
func (s *shard) Decode(ctx *kong.DecodeContext) error {
	word, err := popText(ctx)
	if err != nil {
		return err
	}
	parsed, err := parseShard(word, os.Getenv)
	*s = shard(parsed)
	return err
}

// parseShard reads K/N, auto or auto/N.
func parseShard(word string, getenv func(string) string) (s filter.Shard, err error) {
	k, n, ofN := strings.Cut(word, "/")
	switch {
	case word == "auto":
		return autoShard(getenv, 0)
	case !ofN:
		return s, &usageError{reason: fmt.Sprintf("neither K/N nor auto: %q", word)}
	}
	if s.N, err = strconv.Atoi(n); err != nil || s.N < 1 {
		return s, &usageError{reason: fmt.Sprintf("not a number of shards from 1 on: %q", n)}
	}
	if k == "auto" {
		return autoShard(getenv, s.N)
	}
	if s.K, err = strconv.Atoi(k); err != nil {
		return s, &usageError{reason: fmt.Sprintf("not a number: %q", k)}
	}
	if err := s.Check(); err != nil {
		return s, &usageError{reason: err.Error()}
	}
	return s, nil
}

// engine is a program that runs one job on many machines, and says in the environment
// of each which one it is.
type engine struct {
	name  string
	here  string // the variable that shows that the engine runs us
	vars  []string
	shard func(v []int) (filter.Shard, error) // from their values
	ofN   bool                                // it does not say N: auto/N does
}

// engines are those that --shard auto knows, each by its documentation.
var engines = []engine{
	// https://slurm.schedmd.com/job_array.html: indexes are MIN, MIN+STEP, ... MAX.
	{name: "Slurm", here: "SLURM_ARRAY_TASK_ID",
		vars:  []string{"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT"},
		shard: slurmShard},
	// https://docs.gitlab.com/ci/variables/predefined_variables/: from 1 on.
	{name: "GitLab CI", here: "GITLAB_CI", vars: []string{"CI_NODE_INDEX", "CI_NODE_TOTAL"}, shard: fromOne},
	// https://buildkite.com/docs/pipelines/configure/environment-variables: from 0 on.
	{name: "Buildkite", here: "BUILDKITE", vars: []string{"BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT"}, shard: fromZero},
	// https://circleci.com/docs/reference/variables/: from 0 on.
	{name: "CircleCI", here: "CIRCLECI", vars: []string{"CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL"}, shard: fromZero},
	// https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode:
	// from 0 on.
	{name: "Kubernetes", here: "JOB_COMPLETION_INDEX", vars: []string{"JOB_COMPLETION_INDEX"}, ofN: true, shard: fromZero},
}

func fromOne(v []int) (filter.Shard, error)  { return filter.Shard{K: v[0], N: v[1]}, nil }
func fromZero(v []int) (filter.Shard, error) { return filter.Shard{K: v[0] + 1, N: v[1]}, nil }

func slurmShard(v []int) (s filter.Shard, err error) {
	id, first, last, step, count := v[0], v[1], v[2], v[3], v[4]
	if step < 1 || (last-first)/step+1 != count || (id-first)%step != 0 {
		return s, errors.New("the indexes of the array are not evenly spaced")
	}
	return filter.Shard{K: (id-first)/step + 1, N: count}, nil
}

// autoShard asks the one engine that runs this program. n is how many shards there are
// where the command line says so, else 0. To find no engine is never to mean everything:
// each machine would then do the work of all.
func autoShard(getenv func(string) string, n int) (filter.Shard, error) {
	var running []engine
	var looked []string
	for _, e := range engines {
		looked = append(looked, e.here)
		if getenv(e.here) != "" {
			running = append(running, e)
		}
	}
	switch len(running) {
	case 0:
		return filter.Shard{}, &usageError{reason: "auto: no engine runs this: none of these variables is set: " + strings.Join(looked, ", ")}
	case 1:
		return running[0].ask(getenv, n)
	}
	return filter.Shard{}, &usageError{reason: fmt.Sprintf("auto: both %s and %s seem to run this: say K/N", running[0].name, running[1].name)}
}

// ask returns the shard that an engine names.
func (e *engine) ask(getenv func(string) string, n int) (s filter.Shard, err error) {
	var values []int
	for _, name := range e.vars {
		value, err := strconv.Atoi(getenv(name))
		if err != nil {
			return s, &usageError{reason: fmt.Sprintf("auto: %s runs this, but %s is no number: %q", e.name, name, getenv(name))}
		}
		values = append(values, value)
	}
	switch {
	case !e.ofN:
	case n == 0:
		return s, &usageError{reason: "auto: " + e.name + " does not say how many shards there are: say auto/N"}
	default:
		values = append(values, n)
	}
	if s, err = e.shard(values); err == nil {
		err = s.Check()
	}
	if err == nil && n > 0 && s.N != n {
		err = fmt.Errorf("%d shards, not %d", s.N, n)
	}
	if err != nil {
		var set []string
		for _, name := range e.vars {
			set = append(set, name+"="+getenv(name))
		}
		return s, &usageError{reason: fmt.Sprintf("auto: %s: %v: %s", e.name, err, strings.Join(set, " "))}
	}
	return s, nil
}
