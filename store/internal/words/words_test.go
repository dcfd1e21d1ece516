package words

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
)

// tempFS makes temporary files in memory, which take so many bytes.
type tempFS struct {
	disk.OS
	takes int
	made  *temp
}

type temp struct {
	fs      *tempFS
	content []byte
}

var errFull = errors.New("full")

func (f *tempFS) Temp() (disk.TempFile, error) {
	if f.takes == 0 {
		return nil, errFull
	}
	f.made = &temp{fs: f}
	return f.made, nil
}

func (f *temp) Write(b []byte) (int, error) {
	n := min(len(b), f.fs.takes-len(f.content))
	if f.content = append(f.content, b[:n]...); n < len(b) {
		return n, errFull
	}
	return n, nil
}

func (f *temp) ReadAt(b []byte, at int64) (int, error) {
	return bytes.NewReader(f.content).ReadAt(b, at)
}

func (f *temp) Close() error { return nil }

const anySize = 1 << 30

// saying is a word on a path, with nothing that is only good for a while.
type saying struct {
	path string
	memtable.Word
}

// sayings draws words on a few paths, some of them hard to write, in runs of order.
func sayings(random *rand.Rand, n int) (all []saying) {
	under := []*format.Terms{format.TermsOf(format.Config{}), {Hash: strings.Repeat("1", 64)}, {Hash: strings.Repeat("2", 64)}}
	names := []string{"a", "b.jpg", "c: d", "line\nfeed", "\xff\xfe", "null", "3", strings.Repeat("long", 300), "~z", "{}", "ü"}
	dirs := []string{"", "d", "d/e", "d-e", "d/" + strings.Repeat("x", 200), "z\n    y: 1700000000.000000000"}
	for range n {
		it := saying{path: format.JoinPath(dirs[random.IntN(len(dirs))], names[random.IntN(len(names))]+strings.Repeat("x", random.IntN(3)))}
		switch random.IntN(8) {
		case 0:
			it.Kind = memtable.WordPrune
		case 1:
			it.Kind = memtable.WordDrop
		case 2:
			it.Kind = memtable.WordDrop
			it.SetFailure(&format.Failure{Runs: 1 + random.IntN(20), At: draw(random).Time, File: draw(random), Under: under[1].Hash})
		default:
			it.Under = under[random.IntN(len(under))]
			it.SetStamp(draw(random))
		}
		all = append(all, it)
	}
	return all
}

func draw(random *rand.Rand) (s format.Stamp) {
	s.Time = format.Time{Sec: random.Int64N(4e9) - 1e9, Nsec: random.Int32N(1e9)}
	if random.IntN(4) == 0 {
		s.Time.Sec, s.Exact = random.Int64N(20)-10, true
	}
	if random.IntN(4) == 0 {
		s.Target = format.Time{Sec: random.Int64N(4e9)}
	}
	if random.IntN(4) == 0 {
		s.Settings = fmt.Sprintf(`{".lintrc": "%032x"}`, random.IntN(3))
	}
	if random.IntN(4) == 0 {
		s.Digest = &format.Digest{Size: random.Int64N(1000), SHA256: [32]byte{byte(random.IntN(256))}}
	}
	return s
}

func sortedBy(t *testing.T, room Room, all []saying) *Words {
	t.Helper()
	s := NewSorter(room)
	for _, it := range all {
		switch {
		case it.Kind == memtable.WordSet:
			s.Set([]byte(it.path), it.Stamp(), it.Under)
		case it.Failure() != nil:
			s.Fail([]byte(it.path), it.Failure())
		default:
			s.Take([]byte(it.path), it.Kind)
		}
	}
	w, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// list is all that some words say, in their order.
func list(t *testing.T, w interface {
	Err() error
}, all func(func(string, *memtable.Word) bool)) (lines []string) {
	t.Helper()
	for dir, it := range all {
		lines = append(lines, told(format.JoinPath(dir, it.Name), it))
	}
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	return lines
}

func told(path string, it *memtable.Word) string {
	if it == nil {
		return fmt.Sprintf("%q: nothing", path)
	}
	line := fmt.Sprintf("%q: %d", path, it.Kind)
	if it.Kind == memtable.WordSet {
		line = fmt.Sprintf("%s under %.4s %s", line, it.Under.Hash, format.AppendSetWord(nil, path, 0, it.Stamp()))
	}
	if f := it.Failure(); f != nil {
		line += string(format.AppendDroppedFailure(nil, path, f))
	}
	return line
}

// However much room there is in memory, and in the temporary file, the words are the
// same, in order and one by one.
func TestWordsInAFile(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 15 {
		said := sayings(random, 1+random.IntN(300))
		want := sortedBy(t, Room{}, said)
		for _, room := range []int{1, 1000, 10_000} {
			for _, takes := range []int{0, 5000, 200_000, anySize} {
				got := sortedBy(t, Room{room, &tempFS{takes: takes}}, said)
				name := fmt.Sprintf("round %d, room of %d, file of %d", round, room, takes)
				sameLines(t, name, list(t, got, got.All()), list(t, want, want.All()))
				sameFinds(t, name, random, got, want, said)
			}
		}
	}
}

func sameLines(t *testing.T, name string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d words, not %d", name, len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s: %s, not %s", name, got[i], want[i])
		}
	}
}

// sameFinds looks paths up in any order, each twice, and such as there are none.
func sameFinds(t *testing.T, name string, random *rand.Rand, got, want *Words, said []saying) {
	t.Helper()
	r, dir := NewReader(got), ""
	r.Enter("")
	for range 50 {
		path := said[random.IntN(len(said))].path
		if random.IntN(4) == 0 {
			path += "!"
		}
		in, base := format.SplitPath(path)
		if in != dir {
			r.Enter(in)
			dir = in
		}
		for range 2 {
			if a, b := told(path, r.Find(base)), told(path, want.Find(path)); a != b {
				t.Fatalf("%s: %s, not %s", name, a, b)
			}
		}
	}
}

// More runs than are merged at once, and those merged again.
func TestWordsInManyRuns(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var said []saying
	for i := range 2*fanIn*fanIn + 100 {
		it := sayings(random, 1)[0]
		it.path = fmt.Sprintf("%d/%d", random.IntN(50), i%1000)
		said = append(said, it)
	}
	want := sortedBy(t, Room{}, said)
	got := sortedBy(t, Room{1, &tempFS{takes: anySize}}, said)
	sameLines(t, "many runs", list(t, got, got.All()), list(t, want, want.All()))
}

// What is said in walk order is one run, and written once.
func TestWordsInOrder(t *testing.T) {
	s := NewSorter(Room{1, &tempFS{takes: anySize}})
	for i := range 1000 {
		s.Take(fmt.Appendf(nil, "d/%04d", i), memtable.WordDrop)
	}
	if len(s.runs) != 1 {
		t.Errorf("%d runs", len(s.runs))
	}
}

// Words on few files stay in memory, however often they are said.
func TestWordsSaidAgain(t *testing.T) {
	s := NewSorter(Room{10_000, &tempFS{}})
	for i := range 10_000 {
		s.Take(fmt.Appendf(nil, "d/%d", i%10), memtable.WordDrop)
	}
	if len(s.runs) > 0 {
		t.Errorf("%d runs", len(s.runs))
	}
}

// A word that cannot be read again may be a drop, and is reported.
func TestWordsInADamagedFile(t *testing.T) {
	s := NewSorter(Room{1, &tempFS{takes: anySize}})
	under := format.TermsOf(format.Config{})
	for i := range 20_000 {
		s.Set(fmt.Appendf(nil, "d/%06d", i), format.Stamp{Time: format.Time{Sec: 1700000000}}, under)
	}
	w, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	content := s.room.FS.(*tempFS).made.content
	content[len(content)/2] ^= 1
	n := 0
	for range w.All() {
		n++
	}
	if w.Err() == nil || n == 20_000 {
		t.Errorf("%d words, error %v", n, w.Err())
	}
	drops := 0
	for i := range 20_000 {
		if w.Find(fmt.Sprintf("d/%06d", i)).Kind == memtable.WordDrop {
			drops++
		}
	}
	if drops == 0 || drops > 2000 {
		t.Errorf("%d drops", drops)
	}

	s = NewSorter(Room{1, &tempFS{takes: anySize}})
	for i := range 1000 {
		s.Set(fmt.Appendf(nil, "%d", i*7919%1000), format.Stamp{}, under)
	}
	content = s.room.FS.(*tempFS).made.content
	for at := 0; at < len(content); at += format.BlockSize {
		content[at] ^= 1
	}
	if _, err := s.Finish(); err == nil {
		t.Error("a damaged run was merged")
	}
}

// Of several layers the last one that speaks of a path counts.
func TestLayers(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		var all []saying
		var layers []*Words
		for range random.IntN(5) {
			said := sayings(random, random.IntN(40))
			all = append(all, said...)
			layers = append(layers, sortedBy(t, Room{random.IntN(2), &tempFS{takes: anySize}}, said))
		}
		got, want := NewLayers(layers...), sortedBy(t, Room{}, all)
		sameLines(t, "layers", list(t, got, got.All()), list(t, want, want.All()))
		for _, it := range all {
			if a, b := told(it.path, got.Find(it.path)), told(it.path, want.Find(it.path)); a != b {
				t.Fatalf("%s, not %s", a, b)
			}
		}
	}
}
