package main

import (
	"strings"
	"testing"

	"treefilter/filter"
)

func TestParseShard(t *testing.T) {
	slurm := "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_STEP=2 SLURM_ARRAY_TASK_COUNT=4"
	for _, test := range []struct {
		word, environment string
		want              filter.Shard
		err               string
	}{
		{word: "1/1", want: filter.Shard{K: 1, N: 1}},
		{word: "3/8", want: filter.Shard{K: 3, N: 8}},
		{word: "0/8", err: "the first is 1, the last is 8"},
		{word: "9/8", err: "shard 9 of 8"},
		{word: "1/0", err: `from 1 on: "0"`},
		{word: "/4", err: `not a number: ""`},
		{word: "0/0", err: "from 1 on"},
		{word: "4", err: "neither K/N nor auto"},
		{word: "auto/0", err: "from 1 on"},

		{word: "auto", err: "SLURM_ARRAY_TASK_ID, GITLAB_CI, BUILDKITE, CIRCLECI, JOB_COMPLETION_INDEX"},
		{word: "auto", environment: slurm, want: filter.Shard{K: 3, N: 4}},
		{word: "auto/4", environment: slurm, want: filter.Shard{K: 3, N: 4}},
		{word: "auto/5", environment: slurm, err: "4 shards, not 5"},
		{word: "auto", environment: strings.ReplaceAll(slurm, "COUNT=4", "COUNT=3"), err: "not evenly spaced"},
		{word: "auto", environment: strings.ReplaceAll(slurm, "_ID=7", "_ID=6"), err: "not evenly spaced"},
		{word: "auto", environment: strings.ReplaceAll(slurm, "_ID=7", "_ID=11"), err: "shard 5 of 4"},
		{word: "auto", environment: "SLURM_ARRAY_TASK_ID=1", err: "SLURM_ARRAY_TASK_MIN is no number"},
		{word: "auto", environment: "GITLAB_CI=true CI_NODE_INDEX=2 CI_NODE_TOTAL=3", want: filter.Shard{K: 2, N: 3}},
		{word: "auto", environment: "GITLAB_CI=true", err: "CI_NODE_INDEX is no number"},
		{word: "auto", environment: "BUILDKITE=true BUILDKITE_PARALLEL_JOB=0 BUILDKITE_PARALLEL_JOB_COUNT=3", want: filter.Shard{K: 1, N: 3}},
		{word: "auto", environment: "BUILDKITE=true BUILDKITE_PARALLEL_JOB=3 BUILDKITE_PARALLEL_JOB_COUNT=3", err: "shard 4 of 3"},
		{word: "auto", environment: "CIRCLECI=true CIRCLE_NODE_INDEX=2 CIRCLE_NODE_TOTAL=3", want: filter.Shard{K: 3, N: 3}},
		{word: "auto", environment: "JOB_COMPLETION_INDEX=0", err: "say auto/N"},
		{word: "auto/5", environment: "JOB_COMPLETION_INDEX=4", want: filter.Shard{K: 5, N: 5}},
		{word: "auto/5", environment: "JOB_COMPLETION_INDEX=5", err: "shard 6 of 5"},
		{word: "auto/4", environment: slurm + " JOB_COMPLETION_INDEX=1", err: "both Slurm and Kubernetes"},
	} {
		variables := map[string]string{}
		for _, v := range strings.Fields(test.environment) {
			name, value, _ := strings.Cut(v, "=")
			variables[name] = value
		}
		s, err := parseShard(test.word, func(name string) string { return variables[name] })
		switch {
		case test.err == "" && (err != nil || s != test.want):
			t.Errorf("%s (%s): %v, %v, want %v", test.word, test.environment, s, err, test.want)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("%s (%s): error %v, want %q", test.word, test.environment, err, test.err)
		}
	}
}
