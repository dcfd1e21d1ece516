package format_test

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
)

// What is no failure is a drop without one in the snapshot, and no record in the WAL:
// it must make no file count as one that failed.
func TestNoFailure(t *testing.T) {
	const hash = `", under: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}`
	sum := `size: 3, sha256: "` + formattest.Sum
	good := `{failed: 2, at: 9.0, time: 1.5, ` + sum + hash
	if format.ParseDroppedValue([]byte(good)) == nil || byYAML(t, good) == nil {
		t.Errorf("%s is none", good)
	}
	for _, c := range [][2]string{
		{"failed: 2", "failed: 0"},
		{"failed: 2", "failed: -2"},
		{"failed: 2", "failed: 2.0"},
		{"failed: 2", "failed: 99999999999"},
		{"failed: 2, ", ""},
		{"at: 9.0, ", ""},
		{"at: 9.0", "at: soon"},
		{"time: 1.5, ", ""},
		{"time: 1.5", "time: 1e5"},
		{"size: 3, ", ""},
		{"time: 1.5", "time: 1.5, more: 1"},
		{"under: ", "below: "},
		{good, "null"},
		{good, "{}"},
		{good, "true"},
	} {
		bad := strings.Replace(good, c[0], c[1], 1)
		if got := format.ParseDroppedValue([]byte(bad)); got != nil {
			t.Errorf("%s: %+v", bad, got)
		}
		if got := byYAML(t, bad); got != nil {
			t.Errorf("%s: by yaml.v3 %+v", bad, got)
		}
	}
	for _, bad := range []string{
		`- drop: {path: "a", failed: 2}`,
		`- drop: {path: "a", time: 1.5}`,
		`- drop: {path: "a", failed: 0, at: 9.0, time: 1.5}`,
		`- prune: {path: "a", failed: 2, at: 9.0, time: 1.5}`,
		`- set: {path: "a", failed: 2, at: 9.0, time: 1.5}`,
	} {
		if r, ok := format.ParseRecord([]byte(bad)); ok {
			t.Errorf("%s: %+v", bad, r)
		}
		if r, err := format.ParseHandRecord([]byte(bad)); err == nil {
			t.Errorf("%s: by yaml.v3 %+v", bad, r)
		}
	}
}

func byYAML(t *testing.T, value string) *format.Failure {
	t.Helper()
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(value), &node); err != nil {
		t.Fatal(err)
	}
	return format.FailureFromNode(node.Content[0])
}
