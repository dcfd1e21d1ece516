package state

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"treefilter/scripts/long"
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/wal"
	"treefilter/store/internal/words"
)

// Damage to the state files: cut, bent, zeroed, overwritten. What is left must
// be exactly what was written, or nothing.

// walFile is a WAL and what each of its lines says.
type walFile struct {
	text  []byte
	lines []walLine
}

// walLine is a line of a WAL, from at up to and with its line end.
type walLine struct {
	at, end int
	entry   *format.Entry // nil: an open record
}

// hostileNames are made so that a record is a bit or two from another one.
var hostileNames = []string{
	"x\", time: 9999999999.000000000}J", "\", time: 1}J- set: {path: \"y", "a\\\", time: 9}",
	"} # 00000000J- set: {path: evil, time: 9999999999}", "J- set: {path: \"z\", time: 9999999999.0}J",
}

// hardEntries makes stamps with hard names, every tenth for a path that had
// one already, some with a digest.
func hardEntries(seed uint64, n int) []format.Entry {
	rng := rand.New(rand.NewPCG(seed, 0))
	paths := append(slices.Clone(hostileNames), hardPaths(rng, n)...)
	var entries []format.Entry
	for i := range n {
		e := format.Entry{Path: paths[i], Stamp: format.Stamp{Time: randomTime(rng)}}
		if i > 20 && i%10 == 0 {
			e.Path = entries[rng.IntN(i)].Path
		}
		if i%7 == 0 {
			e.Digest = &format.Digest{Size: rng.Int64N(1 << 40)}
			for k := range e.Digest.SHA256 {
				e.Digest.SHA256[k] = byte(rng.Int())
			}
		}
		entries = append(entries, e)
	}
	return entries
}

// makeWAL writes a WAL through the appender, in batches, each synced and vouched
// for, until it has n records or size bytes, and notes what each line says.
func makeWAL(t *testing.T, entries []format.Entry, batch, size int) *walFile {
	t.Helper()
	proc := &simProc{disk: newSimDisk(nil)}
	written := func() []byte { return proc.disk.files()[simNames.WAL] }
	w := &walFile{}
	byLine := map[int]*format.Entry{}
	line := 0
	for len(entries) > 0 && (size == 0 || len(written()) < size) {
		n := min(batch, len(entries))
		tree, err := OpenTree(simRoot, Options{fsys: proc})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(appendTo(tree, entries[:n]), tree.Sync(), tree.Close()); err != nil {
			t.Fatal(err)
		}
		lines := bytes.Split(written(), []byte{'\n'})
		for next := 0; line < len(lines)-1; line++ {
			if bytes.HasPrefix(lines[line], []byte("- set: ")) {
				byLine[line] = &entries[next]
				next++
			}
		}
		entries = entries[n:]
	}
	for at, i := 0, 0; at < len(written()) && (size == 0 || at < size); i++ {
		end := at + bytes.IndexByte(written()[at:], '\n') + 1
		if size > 0 && end > size {
			break
		}
		w.lines = append(w.lines, walLine{at, end, byLine[i]})
		at = end
		w.text = written()[:at]
	}
	return w
}

// believed is what a reader takes from a WAL.
func believed(t testing.TB, text []byte) (map[string]format.Stamp, *wal.Log) {
	w, err := wal.Read(bytes.NewReader(text), disk.DefaultProgram, words.Room{})
	if err != nil {
		t.Fatal(err)
	}
	return stampsOf(w.Said), w
}

// stampsOf lists the stamps among the words of an overlay.
func stampsOf(o *words.Words) map[string]format.Stamp {
	got := map[string]format.Stamp{}
	for p, it := range wordsOf(o) {
		if it.Kind == memtable.WordSet {
			got[p] = it.Stamp()
		}
	}
	return got
}

// want is what must be believed of the lines that were not hit: exactly that.
func (w *walFile) want(hit func(walLine) bool) map[string]format.Stamp {
	want := map[string]format.Stamp{}
	for _, l := range w.lines {
		if l.entry != nil && !hit(l) {
			want[l.entry.Path] = l.entry.Stamp
		}
	}
	return want
}

// diffStamps describes the first difference, "" for none.
func diffStamps(got, want map[string]format.Stamp) string {
	for p, g := range got {
		if w, ok := want[p]; !ok {
			return fmt.Sprintf("invented or altered: %q %v", p, g)
		} else if !g.Equal(w) {
			return fmt.Sprintf("altered: %q is %v, was %v", p, g, w)
		}
	}
	for p := range want {
		if _, ok := got[p]; !ok {
			return fmt.Sprintf("lost: %q", p)
		}
	}
	return ""
}

// safeStamps describes the first stamp of got that was never written, "" for none.
func safeStamps(got map[string]format.Stamp, ever map[string][]format.Stamp) string {
	for p, g := range got {
		if !slices.ContainsFunc(ever[p], func(s format.Stamp) bool { return g.Equal(s) }) {
			return fmt.Sprintf("invented or altered: %q %v", p, g)
		}
	}
	return ""
}

func everStamps(entries ...[]format.Entry) map[string][]format.Stamp {
	ever := map[string][]format.Stamp{}
	for _, list := range entries {
		for _, e := range list {
			ever[e.Path] = append(ever[e.Path], e.Stamp)
		}
	}
	return ever
}

// parallel calls do with 0 to n-1, each step-th of them, on all processors.
func parallel(n, step int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)-1) * step
				if i >= n {
					return
				}
				do(i)
			}
		})
	}
	wg.Wait()
}

// stride is the distance of the cases that are tried: 1, or in shorter forms n, a
// prime, so that every bit of a byte is met.
func stride(t *testing.T, level long.Level, n int) int {
	if long.Asked(t, level, "most of the places to damage") {
		return 1
	}
	return n
}

// failures reports a few of many: of losses, and of what is worse.
type failures struct {
	mu       sync.Mutex
	n, worse int
}

func (f *failures) add(t *testing.T, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	count := &f.n
	if strings.Contains(text, "altered") {
		count = &f.worse
	}
	if *count++; *count <= 3 {
		t.Error(text)
	}
}

func (f *failures) report(t *testing.T) {
	if f.n+f.worse > 6 {
		t.Errorf("in all %d losses, %d stamps altered or invented", f.n, f.worse)
	}
}

// Every prefix of a WAL brings exactly the records whose lines it holds whole.
func TestWALPrefixes(t *testing.T) {
	collectLess(t)
	w := makeWAL(t, hardEntries(1, 300), 40, 0)
	var fails failures
	step := stride(t, long.All, 47)
	parallel(len(w.text)+1, step, func(n int) {
		got, _ := believed(t, w.text[:n])
		if diff := diffStamps(got, w.want(func(l walLine) bool { return l.end > n })); diff != "" {
			fails.add(t, "first %d bytes: %s", n, diff)
		}
	})
	fails.report(t)
	t.Logf("%d prefixes", (len(w.text)+1)/step)
}

// A flipped bit costs the line that it is in, a flipped line end two.
func TestWALBitFlips(t *testing.T) {
	collectLess(t)
	w := makeWAL(t, hardEntries(2, 1200), 40, 64<<10)
	w.pad(64 << 10)
	var fails failures
	var flips atomic.Int64
	parallel(8*len(w.text), stride(t, long.All, 211), func(bit int) {
		flips.Add(1)
		at := bit / 8
		bent := bytes.Clone(w.text)
		bent[at] ^= 1 << (bit % 8)
		got, r := believed(t, bent)
		if diff := diffStamps(got, w.want(hitAt(at))); diff != "" || r.Foreign {
			fails.add(t, "bit %d of byte %d: %s, foreign %v", bit%8, at, diff, r.Foreign)
		}
	})
	fails.report(t)
	t.Logf("%d flips in %d bytes", flips.Load(), len(w.text))
}

func hitAt(at int) func(walLine) bool {
	return func(l walLine) bool { return at >= l.at && at < l.end || at == l.at-1 }
}

// pad fills a WAL up with a comment.
func (w *walFile) pad(size int) {
	at := len(w.text)
	w.text = append(append(slices.Clip(w.text), bytes.Repeat([]byte{'#'}, size-at-1)...), '\n')
	w.lines = append(w.lines, walLine{at, size, nil})
}

// The open record that all records of a WAL rest on may be bent as well.
func TestWALOpenRecordFlips(t *testing.T) {
	collectLess(t)
	for _, n := range []int{1, 2, 30, 900} {
		w := makeWAL(t, hardEntries(3, n), n, 0)
		var fails failures
		step := 1
		if n > 100 {
			step = stride(t, long.All, 53)
		}
		parallel(8*w.lines[0].end, step, func(bit int) {
			at := bit / 8
			bent := bytes.Clone(w.text)
			bent[at] ^= 1 << (bit % 8)
			got, r := believed(t, bent)
			if diff := diffStamps(got, w.want(hitAt(at))); diff != "" || r.Foreign {
				fails.add(t, "%d records: bit %d of byte %d: %s, foreign %v", n, bit%8, at, diff, r.Foreign)
			}
		})
		fails.report(t)
	}
}

// Two flipped bits never make a record of another one.
func TestWALTwoBitFlips(t *testing.T) {
	entries := slices.DeleteFunc(hardEntries(4, 300), func(e format.Entry) bool { return len(e.Path) > 12 || e.Digest != nil })
	// Whatever the last digit of the sum is.
	for i := range 40 {
		entries = append(entries, format.Entry{Path: string(rune('a' + i%26)), Stamp: format.Stamp{Time: format.Time{Sec: int64(i)}}})
	}
	if !long.Asked(t, long.All, "all records but eight") {
		entries = entries[len(entries)-8:]
	}
	flipTwoBits(t, entries)
}

// Not even where the name was chosen to that end: two bits may end its line in a
// brace.
func TestWALTwoBitFlipsOfHostileNames(t *testing.T) {
	var entries []format.Entry
	names := hostileNames
	if !long.Asked(t, long.All, "all names but one") {
		names = names[:1]
	}
	for _, name := range names {
		entries = append(entries, format.Entry{Path: name, Stamp: format.Stamp{Time: format.Time{Sec: 1_700_000_000, Nsec: 5}}})
	}
	flipTwoBits(t, entries)
}

func flipTwoBits(t *testing.T, entries []format.Entry) {
	t.Helper()
	var fails failures
	var flips atomic.Int64
	s := format.NewSession(disk.DefaultProgram, "9f86d081884c7d65", format.Config{})
	step := stride(t, long.All, 13)
	next := format.Entry{Path: "next.jpg", Stamp: format.Stamp{Time: format.Time{Sec: 1_600_000_000}}}
	for _, e := range entries {
		line := s.AppendSet(nil, e)
		text := s.AppendSet(bytes.Clone(line), next)
		ever := everStamps([]format.Entry{e, next})
		parallel(8*len(line), 1, func(first int) {
			bent := bytes.Clone(text)
			n := 0
			for second := first + 1 + first%step; second < 8*len(line); second += step {
				n++
				copy(bent, text)
				bent[first/8] ^= 1 << (first % 8)
				bent[second/8] ^= 1 << (second % 8)
				if diff := safeStamps(believedLines(bent, s), ever); diff != "" {
					fails.add(t, "bits %d and %d: %s: from %q", first, second, diff, bent)
				}
			}
			flips.Add(int64(n))
		})
	}
	fails.report(t)
	t.Logf("%d flips", flips.Load())
}

// believedLines is what a reader that has met the session takes from lines.
func believedLines(text []byte, s *format.Session) map[string]format.Stamp {
	w := wal.NewReader(s.Program, words.Room{}, []*format.Session{s})
	w.Current = s
	for line, rest, found := bytes.Cut(text, []byte{'\n'}); found; line, rest, found = bytes.Cut(rest, []byte{'\n'}) {
		w.Line(line)
	}
	w.EndBlock()
	log, err := w.Finish()
	if err != nil {
		panic(err)
	}
	return stampsOf(log.Said)
}

// Flipped bits that a chance picks, many at once, in hard records of any
// length.
func TestWALManyFlips(t *testing.T) {
	collectLess(t)
	entries := hardEntries(5, 300)
	w := makeWAL(t, entries, 40, 0)
	ever := everStamps(entries)
	var fails failures
	parallel(20_000, stride(t, long.All, 41), func(i int) {
		rng := rand.New(rand.NewPCG(5, uint64(i)))
		bent := bytes.Clone(w.text)
		hit := map[int]bool{}
		for range 1 + rng.IntN(40) {
			at := rng.IntN(len(bent))
			bent[at] ^= 1 << rng.IntN(8)
			hit[at] = true
		}
		got, _ := believed(t, bent)
		if diff := safeStamps(got, ever); diff != "" {
			fails.add(t, "seed %d: %s", i, diff)
		}
		anyHit := func(l walLine) bool {
			for at := range hit {
				if hitAt(at)(l) {
					return true
				}
			}
			return false
		}
		for p, s := range w.want(anyHit) {
			if g, ok := got[p]; !ok || !g.Equal(s) {
				fails.add(t, "seed %d: lost %q", i, p)
			}
		}
	})
	fails.report(t)
}

// Whole stretches that are zeroed, replaced, doubled, moved or cut out cost
// what they held.
func TestWALDamagedBlocks(t *testing.T) {
	collectLess(t)
	entries, older := hardEntries(6, 600), hardEntries(7, 600)
	w, old := makeWAL(t, entries, 40, 0), makeWAL(t, older, 40, 0)
	ever := everStamps(entries)
	rng := rand.New(rand.NewPCG(6, 6))
	noise := make([]byte, len(w.text))
	for i := range noise {
		noise[i] = byte(rng.Int())
	}
	words := bytes.Repeat([]byte("key: value\n- set: {path: \"a\"\n\n: {} x\n- x\n"), len(w.text)/30)
	fills := []struct {
		name string
		with []byte
	}{
		{"zeros", make([]byte, len(w.text))}, {"ones", bytes.Repeat([]byte{0xff}, len(w.text))}, {"noise", noise},
		{"words", words}, {"older", old.text[:min(len(old.text), len(w.text))]},
		{"line_ends", bytes.Repeat([]byte{'\n'}, len(w.text))},
	}
	var fails failures
	for _, size := range []int{512, 4096} {
		for _, fill := range fills {
			for at := 0; at < len(w.text); at += size * stride(t, long.All, 5) {
				if fill.name == "older" && at == 0 {
					continue // see TestWALOlderBlockInFront
				}
				end := min(at+size, len(w.text), len(fill.with))
				if end <= at {
					continue
				}
				bent := bytes.Clone(w.text)
				copy(bent[at:end], fill.with[at:end])
				got, r := believed(t, bent)
				want := w.want(func(l walLine) bool { return l.end >= at && l.at <= end })
				what := fmt.Sprintf("%s of %d bytes at %d", fill.name, size, at)
				if diff := safeStamps(got, ever); diff != "" || r.Foreign {
					fails.add(t, "%s: %s, foreign %v", what, diff, r.Foreign)
				}
				for p := range want {
					if _, ok := got[p]; !ok {
						fails.add(t, "%s: lost %q", what, p)
						break
					}
				}
			}
		}
		for at := 0; at+2*size <= len(w.text); at += size * stride(t, long.All, 5) {
			doubled := slices.Concat(w.text[:at+size], w.text[at:])
			cut := slices.Concat(w.text[:at], w.text[at+size:])
			swapped := slices.Concat(w.text[:at], w.text[at+size:at+2*size], w.text[at:at+size], w.text[at+2*size:])
			for _, bent := range [][]byte{doubled, cut, swapped} {
				got, _ := believed(t, bent)
				if diff := safeStamps(got, ever); diff != "" {
					fails.add(t, "%d bytes at %d moved: %s", size, at, diff)
				}
			}
		}
	}
	fails.report(t)
}

// An older WAL's beginning in place of the first block takes the file over: its
// records are believed, those after it are not, since nothing else shows which
// of the two does not belong. But none is mixed up, and what is appended from then
// on counts.
func TestWALOlderBlockInFront(t *testing.T) {
	entries, older := hardEntries(6, 600), hardEntries(7, 600)
	w, old := makeWAL(t, entries, 40, 0), makeWAL(t, older, 40, 0)
	for _, size := range []int{512, 4096} {
		bent := bytes.Clone(w.text)
		copy(bent, old.text[:size])
		got, _ := believed(t, bent)
		if diff := safeStamps(got, everStamps(entries, older)); diff != "" {
			t.Errorf("%d bytes: %s", size, diff)
		}
		proc := &simProc{disk: newSimDisk(map[string][]byte{simNames.WAL: bent})}
		tree, err := OpenTree(simRoot, Options{fsys: proc})
		if err != nil {
			t.Fatal(err)
		}
		later := format.Entry{Path: "later.jpg", Stamp: format.Stamp{Time: format.Time{Sec: 5}}}
		if err := appendTo(tree, []format.Entry{later}); err != nil {
			t.Fatal(err)
		}
		tree.Close()
		if after, _ := view(proc); after["later.jpg"] != later.Time || len(after) != len(got)+1 {
			t.Errorf("%d bytes: then appended: %d stamps, were %d", size, len(after), len(got))
		}
	}
}

// Reading a WAL twice over makes no stamp up. Losing any of its records only makes
// more files be emitted: what is left for a path is an older stamp of it, or none.
func TestReplayProperties(t *testing.T) {
	collectLess(t)
	for i := range 100 * 10 / stride(t, long.All, 10) {
		rng := rand.New(rand.NewPCG(8, uint64(i)))
		// Times of a path only grow, as the mtimes of a file that is worked on.
		last := map[string]format.Time{}
		var entries []format.Entry
		for range 60 {
			p := formattest.HardNames[rng.IntN(len(formattest.HardNames))]
			if format.CheckPath(p) != nil {
				continue
			}
			next := last[p].Add(1 + rng.Int64N(1e12))
			last[p] = next
			entries = append(entries, format.Entry{Path: p, Stamp: format.Stamp{Time: next}})
		}
		w := makeWAL(t, entries, 7, 0)
		once, _ := believed(t, w.text)
		// Then there are more records than were vouched for.
		twice, r := believed(t, slices.Concat(w.text, w.text))
		if diff := safeStamps(twice, everStamps(entries)); diff != "" || !r.HidesAll {
			t.Errorf("seed %d: read twice: %s, hides all: %v", i, diff, r.HidesAll)
		}
		for p, s := range twice {
			if !s.Equal(once[p]) {
				t.Errorf("seed %d: read twice: %q is stamped %v, newest was %v", i, p, s, once[p])
			}
		}
		// Folded into a snapshot, and then the WAL has come back.
		proc := &simProc{disk: newSimDisk(map[string][]byte{simNames.WAL: w.text})}
		tree, err := OpenTree(simRoot, Options{fsys: proc})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dumpTree(tree); err != nil {
			t.Fatal(err)
		}
		tree.Close()
		files := proc.disk.files()
		files[simNames.WAL] = w.text
		if got, _ := viewFiles(files); !maps.Equal(got, last) {
			t.Errorf("seed %d: a WAL that came back changes the stamps", i)
		}
		// A subset of the lines, over a snapshot of the first half or none.
		var kept []byte
		for _, l := range w.lines {
			if l.entry == nil || rng.IntN(3) > 0 {
				kept = append(kept, w.text[l.at:l.end]...)
			}
		}
		ever := everStamps(entries)
		for _, files := range []map[string][]byte{
			{simNames.WAL: kept}, {simNames.WAL: kept, simNames.Snapshot: files[simNames.Snapshot]},
		} {
			got, _ := viewFiles(files)
			for p, g := range got {
				if g.Compare(last[p]) > 0 || safeStamps(map[string]format.Stamp{p: {Time: g}}, ever) != "" {
					t.Errorf("seed %d: with records lost, %q is stamped %v, newest was %v", i, p, g, last[p])
				}
			}
		}
	}
}

// snapshotFile is a snapshot and what stands where in it.
type snapshotFile struct {
	text    []byte
	entries []snapshotEntry
	trailer *format.Trailer
	times   format.Span
}

type snapshotEntry struct {
	at, end int
	format.Entry
}

// flipConfig has settings that look like stamps.
var flipConfig = format.Config{Values: map[string]any{"quality": "1700000000", "a": "90.5", "sub/name.jpg": "5", "z": map[string]any{"deep": "1"}}}

func makeSnapshot(t *testing.T, entries []format.Entry, c format.Config) *snapshotFile {
	t.Helper()
	proc := &simProc{disk: newSimDisk(nil)}
	tree, err := OpenTree(simRoot, Options{fsys: proc, Config: c})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if err := tree.Hold(entries); err != nil {
		t.Fatal(err)
	}
	if _, err := dumpTree(tree); err != nil {
		t.Fatal(err)
	}
	s := &snapshotFile{text: proc.disk.files()[simNames.Snapshot]}
	byPath := map[string]format.Entry{}
	for _, e := range entries {
		byPath[e.Path] = e
	}
	var intact bool
	if s.trailer, intact, err = format.ReadTrailer(bytes.NewReader(s.text), int64(len(s.text))); err != nil || !intact {
		t.Fatal(err, intact)
	}
	s.times = s.trailer.Sections[0].Span
	for at := s.times.At; at < s.times.End; {
		path, _, n, err := format.CutEntry(s.text[at:])
		if err != nil {
			t.Fatal(err)
		}
		s.entries = append(s.entries, snapshotEntry{int(at), int(at) + n, byPath[string(path)]})
		at += int64(n)
	}
	if len(s.entries) != len(byPath) {
		t.Fatalf("%d entries of %d", len(s.entries), len(byPath))
	}
	return s
}

func (s *snapshotFile) want(hit func(from, to int) bool) map[string]format.Time {
	want := map[string]format.Time{}
	for _, e := range s.entries {
		if !hit(e.at, e.end) {
			want[e.Path] = e.Time
		}
	}
	return want
}

func believedSnapshot(t testing.TB, text []byte, c format.Config) map[string]format.Time {
	proc := &simProc{disk: newSimDisk(map[string][]byte{simNames.Snapshot: text})}
	tree, err := OpenTree(simRoot, Options{fsys: proc, Config: c})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	return allTimes(tree)
}

func (s *snapshotFile) compare(got, want map[string]format.Time) string {
	all := s.want(func(int, int) bool { return false })
	for p, g := range got {
		if a, ok := all[p]; !ok || a != g {
			return fmt.Sprintf("invented or altered: %q %v", p, g)
		}
	}
	lost, first := 0, ""
	for p := range want {
		if _, ok := got[p]; !ok {
			lost++
			first = p
		}
	}
	if lost > 0 {
		return fmt.Sprintf("lost: %d more than it should, such as %q", lost, first)
	}
	return ""
}

// Every prefix of a snapshot brings nothing but what was written.
func TestSnapshotPrefixes(t *testing.T) {
	collectLess(t)
	for _, c := range []format.Config{{}, flipConfig} {
		s := makeSnapshot(t, hardEntries(9, 300), c)
		var fails failures
		parallel(len(s.text)+1, stride(t, long.All, 211), func(n int) {
			if diff := s.compare(believedSnapshot(t, s.text[:n], c), nil); diff != "" {
				fails.add(t, "first %d of %d bytes: %s", n, len(s.text), diff)
			}
		})
		fails.report(t)
	}
}

// A flipped bit costs the stamps of the block that it is in, at most.
func TestSnapshotBitFlips(t *testing.T) {
	collectLess(t)
	s := makeSnapshot(t, hardEntries(10, 300), flipConfig)
	size := int(s.trailer.Size)
	check := func(fails *failures, flips *atomic.Int64) func(bit int) {
		return func(bit int) {
			flips.Add(1)
			at := bit / 8
			bent := bytes.Clone(s.text)
			bent[at] ^= 1 << (bit % 8)
			if diff := s.compare(believedSnapshot(t, bent, flipConfig), s.want(s.blockHit(at))); diff != "" {
				fails.add(t, "bit %d of byte %d of %d (content %d, stamps %v): %s", bit%8, at, len(bent), size, s.times, diff)
			}
		}
	}
	var flips atomic.Int64
	for _, part := range []struct {
		name           string
		from, to, step int
	}{{"content", 0, size, stride(t, long.All, 701)}, {"trailer", size, len(s.text), stride(t, long.All, 3)}} {
		t.Run(part.name, func(t *testing.T) {
			var fails failures
			do := check(&fails, &flips)
			parallel(8*(part.to-part.from), part.step, func(bit int) { do(8*part.from + bit) })
			fails.report(t)
		})
	}
	t.Logf("%d flips in %d bytes", flips.Load(), len(s.text))
}

// blockHit says which entries a damaged byte may cost: those that touch its
// block, or the block whose sum it is in; none where it is elsewhere in the
// trailer.
func (s *snapshotFile) blockHit(at int) func(from, to int) bool {
	block := at / format.BlockSize
	if size := int(s.trailer.Size); at >= size {
		at -= size + len(format.SumsHead)
		line := 2 + 9*format.SumsPerLine
		block = -1
		if at >= 0 && at < 2*int(s.trailer.Blocks()+format.SumsPerLine-1)/format.SumsPerLine+9*int(s.trailer.Blocks()) {
			block = at/line*format.SumsPerLine + max(0, at%line-1)/9
		}
	}
	return func(from, to int) bool {
		return block >= 0 && to >= block*format.BlockSize && from <= (block+1)*format.BlockSize
	}
}

// Blocks of zeros or noise cost the stamps in them; in the trailer they may
// cost all, but never make one up.
func TestSnapshotLostBlocks(t *testing.T) {
	collectLess(t)
	s := makeSnapshot(t, hardEntries(11, 600), flipConfig)
	old := makeSnapshot(t, hardEntries(12, 600), flipConfig)
	rng := rand.New(rand.NewPCG(7, 7))
	noise := make([]byte, len(s.text))
	for i := range noise {
		noise[i] = byte(rng.Int())
	}
	var fails failures
	for name, fill := range map[string][]byte{"zeros": make([]byte, len(s.text)), "noise": noise, "older": old.text} {
		for at := 0; at < min(len(s.text), len(fill)); at += format.BlockSize {
			end := min(at+format.BlockSize, len(s.text), len(fill))
			bent := bytes.Clone(s.text)
			copy(bent[at:end], fill[at:end])
			want := s.want(func(from, to int) bool { return to >= at && from <= at+format.BlockSize })
			if end > int(s.trailer.Size) {
				want = nil
			}
			if diff := s.compare(believedSnapshot(t, bent, flipConfig), want); diff != "" {
				fails.add(t, "%s at %d of %d: %s", name, at, len(s.text), diff)
			}
		}
	}
	// Blocks in each other's place. (A file whose length has changed counts as
	// edited by hand, and is believed: that is no damage that disks do.)
	for at := 0; at+2*format.BlockSize < len(s.text); at += format.BlockSize {
		bent := slices.Concat(s.text[:at], s.text[at+format.BlockSize:at+2*format.BlockSize], s.text[at:at+format.BlockSize], s.text[at+2*format.BlockSize:])
		if diff := s.compare(believedSnapshot(t, bent, flipConfig), nil); diff != "" {
			fails.add(t, "block at %d moved: %s", at, diff)
		}
	}
	fails.report(t)
}
