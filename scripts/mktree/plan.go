package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path"
)

// dir is one directory to make: its path below the root ("" is the root
// itself) and how many files it gets.
type dir struct {
	path  string
	files int
}

// plan lays out the directories, parents before their children.
func plan(c cli) ([]dir, error) {
	if c.N < 0 || c.PerDir < 0 {
		return nil, fmt.Errorf("negative: N or --per-dir")
	}
	switch c.Shape {
	case "flat":
		return planFlat(c.N, or(c.PerDir, 1000)), nil
	case "deep":
		return planDeep(c.N, or(c.PerDir, 10), c.Seed), nil
	case "single":
		return []dir{{files: c.N}}, nil
	}
	return nil, fmt.Errorf("%s: no such shape", c.Shape)
}

// or returns n, or preset when n was not given.
func or(n, preset int) int {
	if n == 0 {
		return preset
	}
	return n
}

func planFlat(n, perDir int) []dir {
	var dirs []dir
	for left := n; left > 0; left -= perDir {
		dirs = append(dirs, dir{fmt.Sprintf("d%04d", len(dirs)), min(left, perDir)})
	}
	return dirs
}

// planDeep hands out directories breadth first. The fan-out varies around
// the fifth root of their number, so that most lie five levels down whatever
// n is, and depths are uneven as in trees that people make.
func planDeep(n, perDir int, seed uint64) []dir {
	total := (n + perDir - 1) / perDir
	fan := max(2, int(math.Round(math.Pow(float64(total), 0.2))))
	rnd := rand.New(rand.NewPCG(seed, 0))
	var dirs []dir
	children := func(parent string) {
		for i := range fan/2 + 1 + rnd.IntN(fan) {
			if len(dirs) == total {
				return
			}
			dirs = append(dirs, dir{path.Join(parent, fmt.Sprintf("%s%02d", words[rnd.IntN(len(words))], i)), perDir})
		}
	}
	children("")
	for i := 0; i < len(dirs) && len(dirs) < total; i++ {
		children(dirs[i].path)
	}
	if over := total*perDir - n; over > 0 {
		dirs[total-1].files -= over
	}
	return dirs
}

// words name directories.
var words = []string{"album", "beach", "city", "draft", "event", "forest", "garden", "harbour", "island", "journey"}
