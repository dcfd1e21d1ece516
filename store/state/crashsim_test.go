package state

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// simulation runs processes on one disk, one operation at a time, in an order
// that the test decides.
type simulation struct {
	t       *testing.T
	disk    *simDisk
	ledger  *ledger
	mutate  func(*simProc) disk.FS // nil: the process as it is
	parked  chan *simProc
	procs   []*simProc
	errs    []error
	observe func(step int) // between any two operations
	kill    int            // the first process ends before this step; 0: never
}

// program is what a simulated process does.
type program func(s *simulation, fsys disk.FS) error

func newSimulation(t *testing.T, files map[string][]byte, l *ledger) *simulation {
	return &simulation{t: t, disk: newSimDisk(files), ledger: l, parked: make(chan *simProc)}
}

// run runs the programs to their end. At each step listed in switches the next
// process gets its turn; otherwise one runs until it ends or waits for a lock.
// It returns how many steps there were.
func (s *simulation) run(switches []int, programs ...program) (steps int) {
	for _, prog := range programs {
		p := &simProc{disk: s.disk, sim: s, resume: make(chan bool)}
		s.procs = append(s.procs, p)
		go s.main(p, prog)
		<-s.parked
	}
	for turn := 0; ; steps++ {
		if s.observe != nil {
			s.observe(steps)
		}
		if s.kill > 0 && steps == s.kill && !s.procs[0].done {
			s.let(s.procs[0], false)
		}
		if slices.Contains(switches, steps) {
			turn++
		}
		p := s.next(&turn)
		if p == nil {
			return steps
		}
		s.let(p, true)
	}
}

func (s *simulation) let(p *simProc, live bool) {
	p.resume <- live
	<-s.parked
}

func (s *simulation) main(p *simProc, prog program) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
		}
		p.kill()
		p.done = true
		s.parked <- p
	}()
	var fsys disk.FS = p
	if s.mutate != nil {
		fsys = s.mutate(p)
	}
	if err := prog(s, fsys); err != nil {
		s.errs = append(s.errs, err)
	}
}

// next is the process whose turn it is, or after it the first that can go on;
// nil when all have ended.
func (s *simulation) next(turn *int) *simProc {
	ended := 0
	for range s.procs {
		p := s.procs[*turn%len(s.procs)]
		if !p.done && (p.ready == nil || p.ready()) {
			return p
		}
		if p.done {
			ended++
		}
		*turn++
	}
	if ended < len(s.procs) {
		panic("deadlock")
	}
	return nil
}

// explore runs the programs with every choice of up to bound switches.
func explore(bound int, run func(switches []int) (steps int)) {
	var deeper func(switches []int)
	deeper = func(switches []int) {
		steps := run(switches)
		if len(switches) == bound {
			return
		}
		first := 1
		if n := len(switches); n > 0 {
			first = switches[n-1] + 1
		}
		for at := first; at < steps; at++ {
			deeper(append(slices.Clip(switches), at))
		}
	}
	deeper(nil)
}

// lastOf is the step up to which a run with these switches is the same as the one
// without the last of them.
func lastOf(switches []int) int {
	if n := len(switches); n > 0 {
		return switches[n-1]
	}
	return -1
}

// ledger knows which stamps were given to the store, and which of them it has
// promised to keep. Each path is written by one process only, with times that
// grow, so that the newest is known.
type ledger struct {
	written  map[string]format.Time // newest that Append was called with
	appended map[string]format.Time // newest for which it returned: survives the process
	acked    map[string]format.Time // newest that was made durable: survives the machine
	first    map[string]format.Time // the times of a path are first, first+1, ...

	// Up to which time the stamps of a path were taken away: for as long as the
	// process, or the machine, lives at least.
	taken, takenForGood map[string]format.Time

	version int
}

func newLedger() *ledger {
	return &ledger{
		map[string]format.Time{}, map[string]format.Time{}, map[string]format.Time{}, map[string]format.Time{}, map[string]format.Time{}, map[string]format.Time{}, 0,
	}
}

func (l *ledger) clone() *ledger {
	return &ledger{
		maps.Clone(l.written), maps.Clone(l.appended), maps.Clone(l.acked), maps.Clone(l.first),
		maps.Clone(l.taken), maps.Clone(l.takenForGood), l.version,
	}
}

// write makes new stamps of the paths.
func (l *ledger) write(paths ...string) []format.Entry {
	var entries []format.Entry
	for _, p := range paths {
		t, again := l.written[p]
		if !again {
			t = format.Time{Sec: 1_000_000 * int64(len(l.written)+1)}
			l.first[p] = t
		}
		t.Sec++
		l.written[p] = t
		entries = append(entries, format.Entry{Path: p, Stamp: format.Stamp{Time: t}})
	}
	l.version++
	return entries
}

func (l *ledger) append(entries []format.Entry) {
	for _, e := range entries {
		l.appended[e.Path] = e.Time
	}
	l.version++
}

// retract takes all promises back that were made of paths.
func (l *ledger) retract(paths ...string) {
	for _, p := range paths {
		delete(l.acked, p)
		delete(l.appended, p)
	}
	l.version++
}

// take notes that no stamp that paths have had by now may be seen again.
func (l *ledger) take(paths ...string) {
	for _, p := range paths {
		l.taken[p] = l.written[p]
	}
	l.version++
}

// takeForGood notes that not even the end of the machine brings them back.
func (l *ledger) takeForGood(taken map[string]format.Time) {
	maps.Copy(l.takenForGood, taken)
	l.version++
}

// standing leaves out what was retracted since.
func (l *ledger) standing(stamps map[string]format.Time) map[string]format.Time {
	left := maps.Clone(stamps)
	maps.DeleteFunc(left, func(p string, _ format.Time) bool {
		_, still := l.appended[p]
		return !still
	})
	return left
}

// ack makes promises of stamps. An older one takes nothing back.
func (l *ledger) ack(stamps map[string]format.Time) {
	for p, t := range stamps {
		if t.Compare(l.acked[p]) > 0 {
			l.acked[p] = t
		}
	}
	l.version++
}

// checkTaken finds stamps that have come back.
func (l *ledger) checkTaken(got, taken map[string]format.Time) error {
	for p, g := range got {
		if t, ok := taken[p]; ok && g.Compare(t) <= 0 {
			return fmt.Errorf("come back: %q has %v, which was taken away with all up to %v", p, g, t)
		}
	}
	return nil
}

// check compares what a tree holds with what it must hold at least: nothing
// lost, nothing invented.
func (l *ledger) check(got map[string]format.Time, must map[string]format.Time) error {
	for p, t := range must {
		if g, ok := got[p]; !ok || g.Compare(t) < 0 {
			return fmt.Errorf("lost: %q has %v (%v), must have %v", p, g, ok, t)
		}
	}
	for p, g := range got {
		newest, ok := l.written[p]
		if !ok || g.Compare(newest) > 0 || g.Compare(l.first[p]) <= 0 || g.Nsec != 0 {
			return fmt.Errorf("invented: %q has %v, was given at most %v", p, g, newest)
		}
	}
	return nil
}

// view reads all stamps through a file system, of whatever config.
func view(fsys disk.FS) (map[string]format.Time, []error) {
	tree, err := OpenTree(simRoot, Options{AnyConfig: true, fsys: fsys})
	if err != nil {
		return nil, []error{err}
	}
	defer tree.Close()
	return allTimes(tree), tree.Problems()
}

func viewFiles(files map[string][]byte) (map[string]format.Time, []error) {
	return view(&simProc{disk: newSimDisk(files)})
}

// allTimes lists every stamp that a tree believes.
func allTimes(tree *Tree) map[string]format.Time {
	all := map[string]format.Time{}
	for p, s := range allStamps(tree) {
		all[p] = s.Time
	}
	return all
}

// allStamps lists them with their digests. The two ways of asking for them, all
// at once and each by its name, must agree.
func allStamps(tree *Tree) map[string]format.Stamp {
	all := map[string]format.Stamp{}
	entries := slices.Collect(tree.Stamps())
	reader := tree.Reader()
	for _, e := range entries {
		dir, name := format.SplitPath(e.Path)
		if dir != reader.dir {
			reader.Enter(dir)
		}
		s, ok := reader.Find(name)
		if !ok {
			continue // a read has failed since
		}
		s.Digest = reader.Digest(name)
		if _, twice := all[e.Path]; twice || s.Time != e.Time {
			panic(fmt.Sprintf("%q: listed with %v, found with %v", e.Path, e.Time, s.Time))
		}
		all[e.Path] = s
	}
	return all
}

// The programs. Each keeps the ledger as its user would.

func committer(batches ...[]string) program { return committerUnder(format.Config{}, batches...) }

func committerUnder(c format.Config, batches ...[]string) program {
	return func(s *simulation, fsys disk.FS) error {
		tree, err := OpenTree(simRoot, Options{Config: c, fsys: fsys, LockWait: time.Hour})
		if err != nil {
			return err
		}
		// As a commit does that has met a fresh file: it may make the WAL, or
		// hold one that another process writes to first.
		if _, err := tree.Now(); err != nil {
			return err
		}
		sent := map[string]format.Time{}
		for _, paths := range batches {
			entries := s.ledger.write(paths...)
			if err := appendTo(tree, entries); err != nil {
				return err
			}
			s.ledger.append(entries)
			for _, e := range entries {
				sent[e.Path] = e.Time
			}
			if len(paths) > 1 {
				continue // synced together with the next
			}
			if err := tree.Sync(); err != nil {
				return err
			}
			s.ledger.ack(sent)
		}
		if err := tree.Sync(); err != nil {
			return err
		}
		s.ledger.ack(sent)
		return tree.Close()
	}
}

func dumper(repair bool) program {
	return func(s *simulation, fsys disk.FS) error {
		tree, err := OpenTree(simRoot, Options{fsys: fsys, LockWait: time.Hour})
		if err != nil {
			return err
		}
		before, taken := maps.Clone(s.ledger.appended), maps.Clone(s.ledger.taken)
		if _, err := tree.Dump(DumpOptions{Repair: repair}); err != nil {
			return err
		}
		s.ledger.ack(s.ledger.standing(before))
		s.ledger.takeForGood(taken)
		return tree.Close()
	}
}

// taker takes the stamps of files away, in a batch: their work has failed, or they
// are gone for good. From then on no one sees them, and what else there is stays.
func taker(kind format.RecordKind, paths ...string) program {
	return func(s *simulation, fsys disk.FS) error {
		tree, err := OpenTree(simRoot, Options{fsys: fsys, AnyConfig: true, LockWait: time.Hour})
		if err != nil {
			return err
		}
		if _, err := takeAll(s, tree, kind, paths...); err != nil {
			return err
		}
		return tree.Close()
	}
}

func takeAll(s *simulation, tree *Tree, kind format.RecordKind, paths ...string) (taken map[string]format.Time, err error) {
	s.ledger.retract(paths...)
	if _, err := tree.take(kind, paths, func(string) bool { return true }); err != nil {
		return nil, err
	}
	s.ledger.take(paths...)
	taken = maps.Clone(s.ledger.taken)
	if err := tree.Sync(); err != nil {
		return nil, err
	}
	s.ledger.takeForGood(taken)
	return taken, nil
}

// retrier works on a file that fails, succeeds and fails again.
func retrier(path string) program {
	return func(s *simulation, fsys disk.FS) error {
		tree, err := OpenTree(simRoot, Options{AnyConfig: true, fsys: fsys, LockWait: time.Hour})
		if err != nil {
			return err
		}
		if _, err := takeAll(s, tree, format.RecordDrop, path); err != nil {
			return err
		}
		entries := s.ledger.write(path)
		if err := appendTo(tree, entries); err != nil {
			return err
		}
		s.ledger.append(entries)
		if err := tree.Sync(); err != nil {
			return err
		}
		s.ledger.ack(times(entries))
		if _, err := takeAll(s, tree, format.RecordDrop, path); err != nil {
			return err
		}
		return tree.Close()
	}
}

// again commits a file that was pruned and has come back: its new stamp counts,
// in whatever order.
func again(path string) program {
	return func(s *simulation, fsys disk.FS) error {
		tree, err := OpenTree(simRoot, Options{fsys: fsys, AnyConfig: true, LockWait: time.Hour})
		if err != nil {
			return err
		}
		s.ledger.retract(path)
		present := false
		if _, err := tree.Drop([]string{path}, func(string) bool { return !present }); err != nil {
			return err
		}
		present = true
		if err := committer([]string{path})(s, fsys); err != nil {
			return err
		}
		if _, err := tree.Drop([]string{path}, func(string) bool { return !present }); err != nil {
			return err
		}
		return errors.Join(tree.Sync(), tree.Close())
	}
}

// both commits, dumps and commits again with one Tree, as a library would.
func both(first, second []string) program {
	return func(s *simulation, fsys disk.FS) error {
		tree, err := OpenTree(simRoot, Options{fsys: fsys, LockWait: time.Hour})
		if err != nil {
			return err
		}
		for _, paths := range [][]string{first, second} {
			entries := s.ledger.write(paths...)
			if err := appendTo(tree, entries); err != nil {
				return err
			}
			s.ledger.append(entries)
			if err := tree.Sync(); err != nil {
				return err
			}
			before := maps.Clone(s.ledger.appended)
			for _, e := range entries {
				s.ledger.ack(map[string]format.Time{e.Path: e.Time})
			}
			if &paths[0] != &first[0] {
				break
			}
			if _, err := dumpTree(tree); err != nil {
				return err
			}
			s.ledger.ack(before)
		}
		return tree.Close()
	}
}

// filterer reads: whatever was appended before it began, it must see.
func filterer(s *simulation, fsys disk.FS) error {
	must, taken := maps.Clone(s.ledger.appended), maps.Clone(s.ledger.taken)
	got, problems := view(fsys)
	if len(problems) > 0 {
		return fmt.Errorf("filter: %v", problems)
	}
	if err := errors.Join(s.ledger.check(got, s.ledger.standing(must)), s.ledger.checkTaken(got, taken)); err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	return nil
}
