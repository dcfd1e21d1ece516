package state

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"treefilter/scripts/long"
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/segment"
)

// The simulation of machines is worth something only if it finds a protocol that is
// broken.
func TestMachineMutants(t *testing.T) {
	if !long.Asked(t, long.Check, "mutants of the protocol between machines") {
		t.Skip()
	}
	collectLess(t)
	commit := remoteCommitter([]string{"a", "changed.jpg"}, []string{"b"})
	tests := []struct {
		name     string
		mutate   func(*machine) disk.FS
		programs []program
		bound    int
	}{
		{"none", func(m *machine) disk.FS { return m }, []program{commit, remoteDumper(false)}, 1},
		{"append_after_an_end", func(m *machine) disk.FS { return &endsEarly{m} }, []program{commit, remoteDumper(false)}, 1},
		{"dump_removes_what_has_no_end", func(m *machine) disk.FS { return &allGone{m} }, []program{commit, remoteDumper(false)}, 1},
		{"no_mkdir", func(m *machine) disk.FS { return &noMkdir{m} }, []program{remoteDumper(false), commit, remoteDumper(false)}, 2},
		{"snapshot_read_before_the_segments", func(m *machine) disk.FS { return &snapshotFirst{machine: m} }, []program{remoteReader, remoteDumper(false)}, 2},
		{"segment_named_before_it_is_durable", func(m *machine) disk.FS { return &noFirstSync{m} }, []program{commit}, 0},
		{"segments_removed_before_the_rename", func(m *machine) disk.FS { return &removesFirst{m} }, []program{remoteDumper(false)}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := &crashChecker{}
			files, before := remoteStart(t, true)
			var errs []error
			explore(test.bound, func(switches []int) int {
				if len(c.fails) > 0 || len(errs) > 0 {
					return 0
				}
				s := newSimulation(t, files, before.clone())
				s.mutate = func(p *simProc) disk.FS { return test.mutate(newMachine(p)) }
				c.watch(s, lastOf(switches), "mutant")
				steps := s.run(switches, test.programs...)
				for _, err := range s.errs { // a reader has noticed a loss, or the writer
					if strings.Contains(err.Error(), "lost: ") || strings.Contains(err.Error(), "come back: ") || errors.Is(err, segment.ErrRemoved) {
						errs = append(errs, err)
					}
				}
				return steps
			})
			errs = append(errs, c.fails...)
			if found := len(errs) > 0; found != (test.name != "none") {
				t.Errorf("after %d crash states: %v", c.states, errs)
			}
		})
	}
}

// endsEarly writes an end whenever it vouches for what it has written.
type endsEarly struct{ *machine }

func (m *endsEarly) Open(path string, flag int, perm fs.FileMode) (disk.File, error) {
	f, err := m.machine.Open(path, flag, perm)
	if err != nil {
		return nil, err
	}
	return endsEarlyFile{f.(*remoteFile)}, nil
}

type endsEarlyFile struct{ *remoteFile }

func (f endsEarlyFile) Write(b []byte) (int, error) {
	n, err := f.remoteFile.Write(b)
	if err == nil && bytes.HasPrefix(b, []byte("- set: ")) {
		id := f.path[strings.LastIndexByte(f.path, '-')+1 : strings.LastIndex(f.path, ".yaml")]
		end := format.SegmentRecord{Kind: format.SegmentEnd, ID: id, Tally: format.Tally{
			Sets: bytes.Count(f.data, []byte("\n- set: ")), Under: format.Config{}.Hash()}}
		_, err = f.remoteFile.Write(end.Append(nil))
	}
	return n, err
}

// allGone takes every process for ended.
type allGone struct{ *machine }

func (m *allGone) Gone(disk.Process) bool { return true }

// noMkdir finds no directory of another dump.
type noMkdir struct{ *machine }

func (m *noMkdir) Mkdir(path string) error {
	if path == simNames.DumpDir() {
		_ = m.machine.Mkdir(path)
		return nil
	}
	return m.machine.Mkdir(path)
}

func (m *noMkdir) Remove(path string) error {
	err := m.machine.Remove(path)
	if strings.HasPrefix(path, simNames.DumpDir()) {
		return nil
	}
	return err
}

func (m *noMkdir) Open(path string, flag int, perm fs.FileMode) (disk.File, error) {
	if path == simNames.Note() {
		flag &^= os.O_EXCL
	}
	return m.machine.Open(path, flag, perm)
}

// snapshotFirst opens the snapshot before it lists the segments.
type snapshotFirst struct {
	*machine
	opened disk.File
}

func (m *snapshotFirst) forget() { clear(m.listed) }

func (m *snapshotFirst) List(path string) ([]string, error) {
	if m.number() == 1 {
		f, err := m.machine.Open(simNames.Snapshot, os.O_RDONLY, 0)
		if err == nil {
			m.opened = f
		}
	}
	return m.machine.List(path)
}

func (m *snapshotFirst) Open(path string, flag int, perm fs.FileMode) (disk.File, error) {
	if path == simNames.Snapshot && m.opened != nil {
		f := m.opened
		m.opened = nil
		return f, nil
	}
	return m.machine.Open(path, flag, perm)
}

// noFirstSync names a segment whose first records are not durable.
type noFirstSync struct{ *machine }

func (m *noFirstSync) Open(path string, flag int, perm fs.FileMode) (disk.File, error) {
	f, err := m.machine.Open(path, flag, perm)
	if err != nil || !isTemp(path) || path == simNames.WAL+disk.TempSuffix || isSnapshotTemp(path) {
		return f, err
	}
	return &lateSync{remoteFile: f.(*remoteFile)}, nil
}

type lateSync struct {
	*remoteFile
	first bool
}

func (f *lateSync) Sync() error {
	if !f.first {
		f.first = true
		return nil
	}
	return f.remoteFile.Sync()
}

// removesFirst removes the segments before the snapshot that holds them is there.
type removesFirst struct{ *machine }

func (m *removesFirst) Rename(from, to string) error {
	if to == simNames.Snapshot {
		for _, name := range m.disk.in(simNames.Segments) {
			if strings.HasSuffix(name, ".yaml") {
				_ = m.machine.Remove(simNames.Segment(name))
			}
		}
	}
	return m.machine.Rename(from, to)
}
