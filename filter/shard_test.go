package filter

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// The vectors of store/FORMAT.md, and some that are hard to write there.
func TestShardHash(t *testing.T) {
	spec, err := os.ReadFile("../store/FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path      string
		hash      uint64
		specified bool
	}{
		{"", 0xefd01f60ba992926, false},
		{"a", 0x82a2a958a9bece5b, true},
		{"beach.jpg", 0xd1f081c9b42bcc6c, true},
		{"2024/tower.jpg", 0x6939886215fefb70, true},
		{"new\nline", 0x4f95682b4677c686, false},
		{"\xff", 0x1bbd5c813c69a8d7, false},
	} {
		if got := shardHash(test.path); got != test.hash {
			t.Errorf("%q: %#016x, want %#016x", test.path, got, test.hash)
		}
		row := fmt.Sprintf("| `%s` | `%016x` |", test.path, test.hash)
		if test.specified && !strings.Contains(string(spec), row) {
			t.Errorf("FORMAT.md lacks %s", row)
		}
	}
}

// Names as cameras and scripts make them differ in few bits; the shards must be
// of about one size nevertheless.
func TestShardsAreEven(t *testing.T) {
	const files = 5_000
	for _, pattern := range []string{"%d", "IMG_%04d.JPG", "2024/%05d/a", "%d%[1]d", "%x.o"} {
		for _, n := range []int{1, 2, 3, 4, 7, 8, 16, 64} {
			sizes := make([]int, n)
			for i := range files {
				path := fmt.Sprintf(pattern, i)
				holders := 0
				for k := 1; k <= n; k++ {
					if (Shard{k, n}).holds(path) {
						sizes[k-1]++
						holders++
					}
				}
				if holders != 1 {
					t.Fatalf("%q is in %d of %d shards", path, holders, n)
				}
			}
			mean := float64(files) / float64(n)
			for k, size := range sizes {
				if math.Abs(float64(size)-mean) > 5*math.Sqrt(mean) {
					t.Errorf("%s: shard %d of %d has %d files, the mean is %.0f", pattern, k+1, n, size, mean)
				}
			}
		}
	}
}

// A shard that cannot be holds no file: it must not look as if nothing needed work.
func TestSelectionRefusesShard(t *testing.T) {
	for _, shard := range []Shard{{0, 2}, {3, 2}, {1, 0}, {-1, -1}} {
		s := Selection{Options: Options{Roots: []string{t.TempDir()}}, Shard: shard}
		var failed error
		for _, err := range s.Pending(t.Context()) {
			failed = err
		}
		if failed == nil {
			t.Errorf("%v is no error", shard)
		}
	}
}
