package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The picture in scripts/results is that of the results beside it. To draw it again:
//
//	go run ./scripts/bench --draw scripts/results/results.tsv
func TestPictureIsThatOfTheResults(t *testing.T) {
	dir := filepath.Join("..", "results")
	text, err := os.ReadFile(filepath.Join(dir, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	shown, err := os.ReadFile(filepath.Join(dir, pictureFile))
	if err != nil {
		t.Fatal(err)
	}
	results, err := readResults(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if picture(judge(results)) != string(shown) {
		t.Errorf("%s is not the picture of %s", pictureFile, resultsFile)
	}
}

func TestPictureShowsEachRatio(t *testing.T) {
	drawn := picture(judge([]*result{
		resultOf("no-change", "deep", map[string]int{"treefilter": 50, "floor": 100, "fd": 10}),
		resultOf("no-change", "real", map[string]int{"treefilter": 150, "floor": 100}),
		resultOf("one-path", "deep", map[string]int{"with ROOT": 3}),
	}))
	for text, times := range map[string]int{
		"no-change: treefilter / floor": 1, // one line for both trees
		"deep: 0.50":                    1,
		"real: 1.50":                    1,
		"deep: 5.00":                    1,
		`cx="890.0"`:                    1, // at the edge
		"one-path":                      0, // no ratio
	} {
		if got := strings.Count(drawn, text); got != times {
			t.Errorf("%q is there %d times, not %d", text, got, times)
		}
	}
}
