package walk

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// benchmarkWalk walks dirs directories of files files each, in nested tens.
func benchmarkWalk(b *testing.B, dirs, files int) {
	root := b.TempDir()
	for i := range dirs {
		dir := filepath.Join(root, fmt.Sprintf("d%d/d%d/d%d/d%d", i/1000, i/100%10, i/10%10, i%10))
		must(b, os.MkdirAll(dir, 0o755))
		for j := range files {
			f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("file%04d.jpg", j)), os.O_CREATE, 0o644)
			must(b, err)
			f.Close()
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		var n atomic.Int64
		must(b, Walk(context.Background(), []Root{{Path: root}}, Options{}, VisitFunc(func(d *Dir) { n.Add(int64(len(d.Files))) }), nil))
		if n.Load() != int64(dirs*files) {
			b.Fatalf("walked %d files", n.Load())
		}
	}
}

func BenchmarkWalkFlat(b *testing.B) { benchmarkWalk(b, 100, 1000) }

func BenchmarkWalkDeep(b *testing.B) { benchmarkWalk(b, 10_000, 10) }
