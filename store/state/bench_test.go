package state

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/snapshot"
	"treefilter/store/internal/wal"
	"treefilter/store/internal/words"
)

// The pieces of which the cost of a run is made, by the stamp. A flat tree has
// a thousand files a directory, a deep one ten.

const benchStamps = 100_000

var benchShapes = []struct {
	name  string
	files int // in a directory
}{{"flat", 1000}, {"deep", 10}}

// benchEntries are the stamps of a tree, in walk order.
func benchEntries(files int) []format.Entry {
	entries := make([]format.Entry, benchStamps)
	for i := range entries {
		d := i / files
		entries[i] = format.Entry{
			Path:  fmt.Sprintf("top%d/d%02d/sub%05d/IMG_%05d.jpg", d*10/(benchStamps/files), d%(benchStamps/files)*100/(benchStamps/files), d, i),
			Stamp: format.Stamp{Time: format.Time{Sec: 1700000000 + int64(i), Nsec: int32(i)}},
		}
	}
	return entries
}

// perStamp says what one stamp costs, beside what a run over all of them does.
func perStamp(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchStamps, "ns/stamp")
}

// BenchmarkLookup looks every stamp up as a walk does; as one worker of a walk
// that has another beside it, with steps back; and by directories in no order.
func BenchmarkLookup(b *testing.B) {
	for _, shape := range benchShapes {
		entries := benchEntries(shape.files)
		tree := treeOf(b, Options{}, sealed(b, "treefilter", format.Config{}, entries...), "")
		dirs := benchStamps / shape.files
		for _, order := range []struct {
			name string
			next func(d int) int // the directory that comes as number d
		}{
			{"in order", func(d int) int { return d }},
			{"stepping back", func(d int) int { return d ^ 1 }},
			{"no order", func(d int) int { return d * 7919 % dirs }},
		} {
			b.Run(shape.name+"/"+order.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r := tree.Reader()
					for d := range dirs {
						run := entries[order.next(d)*shape.files:][:shape.files]
						dir, _ := format.SplitPath(run[0].Path)
						r.Enter(dir)
						for i := range run {
							if s, ok := r.Find(run[i].Path[len(dir)+1:]); !ok || s.Time != run[i].Time {
								b.Fatalf("%s: %v, %v", run[i].Path, s, ok)
							}
						}
					}
				}
				perStamp(b)
			})
		}
	}
}

// BenchmarkLookupOne finds one stamp in a snapshot that was not read yet.
func BenchmarkLookupOne(b *testing.B) {
	entries := benchEntries(10)
	tree := treeOf(b, Options{}, sealed(b, "treefilter", format.Config{}, entries...), "")
	dir, name := format.SplitPath(entries[benchStamps/2].Path)
	b.ReportAllocs()
	for b.Loop() {
		r := tree.Reader()
		r.Enter(dir)
		if _, ok := r.Find(name); !ok {
			b.Fatal("no stamp")
		}
	}
}

// BenchmarkParse reads a WAL.
func BenchmarkParse(b *testing.B) {
	for _, shape := range benchShapes {
		entries := benchEntries(shape.files)
		for _, order := range []string{"in order", "shuffled"} {
			if order == "shuffled" {
				rand.New(rand.NewPCG(1, 1)).Shuffle(len(entries), func(i, j int) {
					entries[i], entries[j] = entries[j], entries[i]
				})
			}
			log := bytes.NewReader(benchWAL(entries))
			b.Run(shape.name+"/"+order, func(b *testing.B) {
				b.SetBytes(log.Size())
				b.ReportAllocs()
				for b.Loop() {
					log.Seek(0, io.SeekStart)
					w, err := wal.Read(log, disk.DefaultProgram, words.Room{})
					if err != nil || w.Records != benchStamps {
						b.Fatalf("%d stamps, %v", w.Records, err)
					}
				}
				perStamp(b)
			})
		}
	}
}

// BenchmarkEncode makes the records of a WAL.
func BenchmarkEncode(b *testing.B) {
	s := format.NewSession("treefilter", "0123456789abcdef", format.Config{})
	entries := benchEntries(10)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = buf[:0]
		for _, e := range entries {
			buf = s.AppendSet(buf, e)
		}
	}
	b.SetBytes(int64(len(buf)))
	perStamp(b)
}

// BenchmarkMerge writes the snapshot of a tree: from the old one and some new
// stamps, or from new ones alone.
func BenchmarkMerge(b *testing.B) {
	for _, shape := range benchShapes {
		entries := benchEntries(shape.files)
		tree := treeOf(b, Options{}, sealed(b, "treefilter", format.Config{}, entries...), "")
		few, all, under := memtable.New(), memtable.New(), format.TermsOf(format.Config{})
		for i, e := range entries {
			if i%1000 == 0 {
				few.Set([]byte(e.Path), e.Stamp, under)
			}
			all.Set([]byte(e.Path), e.Stamp, under)
		}
		for _, row := range []struct {
			name string
			base *state
			over *memtable.Table
		}{{"few into all", tree.loaded(), few}, {"all", &state{Snapshot: &snapshot.Snapshot{}}, all}} {
			b.Run(shape.name+"/"+row.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					m := newMerge(disk.DefaultProgram, row.base, words.NewLayers(words.Of(row.over)), under)
					if n, err := m.write(format.NewSnapshotWriter(io.Discard)); n != benchStamps || err != nil {
						b.Fatalf("%d stamps, %v", n, err)
					}
				}
				perStamp(b)
			})
		}
	}
}

// benchWAL is a WAL as commits write it.
func benchWAL(entries []format.Entry) []byte {
	s := format.NewSession("treefilter", "0123456789abcdef", format.Config{})
	log := s.AppendOpen(nil)
	for _, e := range entries {
		log = s.AppendSet(log, e)
	}
	return log
}
