package walk

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestSortNames(t *testing.T) {
	for _, names := range [][]string{
		{},
		{"one"},
		{"b", "a"},
		{"aa", "a", "aaa"},
		{"prefix", "prefix1", "prefix-", "pre"},
		{"same8888b", "same8888a", "same8888", "same888"},
		{"long-common-prefix-and-then-12345678z", "long-common-prefix-and-then-12345678a"},
		{"\xff", "\x01", "é", "z", "\xfe\xff"},
		{"a\x01", "a"},
	} {
		entries := make([]entry, len(names))
		for i, name := range names {
			entries[i].name = name
		}
		sortNames(entries)
		slices.Sort(names)
		for i, e := range entries {
			if e.name != names[i] {
				t.Errorf("sorted %q, entry %d is %q", names, i, e.name)
			}
		}
	}
}

func BenchmarkSort(b *testing.B) {
	shapes := map[string]func(i int) string{
		"camera":  func(i int) string { return fmt.Sprintf("IMG_%06d.jpg", i) },
		"digests": func(i int) string { return fmt.Sprintf("%016x", uint64(i)*0x9e3779b97f4a7c15) },
		"words":   func(i int) string { return strings.Repeat("common-stem-", i%3) + fmt.Sprint(i) },
	}
	for shape, name := range shapes {
		names := make([]entry, 1000)
		for i := range names {
			names[i].name = name(i)
		}
		for _, order := range []string{"sorted", "shuffled"} {
			sortNames(names)
			if order == "shuffled" {
				rand.New(rand.NewPCG(1, 1)).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
			}
			b.Run(shape+"/"+order, func(b *testing.B) {
				entries := make([]entry, len(names))
				b.ReportAllocs()
				for b.Loop() {
					copy(entries, names)
					sortNames(entries)
				}
			})
		}
	}
}
