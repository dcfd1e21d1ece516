package filter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"treefilter/store/rule"
	"treefilter/store/state"
)

// Status says what is stored, and what is pending. It never writes.
type Status struct{ Selection }

// TreeStatus is the state of one tree, and an object of --json.
type TreeStatus struct {
	Root    string `json:"root"`
	Why     string `json:"tree_why,omitempty"` // this directory is the tree
	Program string `json:"program"`
	// Folder holds the state of a tree that a state directory has and that cannot be
	// looked at: Why says why not.
	Folder string `json:"state_folder,omitempty"`
	// Err is why nothing else is known: the root, here as the user named it, cannot
	// be read.
	Err *Problem `json:"error,omitempty"`
	*Contents
}

// Contents is what a tree holds.
type Contents struct {
	// Stamps is how many count under the config of this run, Gone how many of them
	// are of files that are not there.
	Stamps int64 `json:"stamps"`
	Gone   int64 `json:"gone"`
	// Void is how many do not count, and Changes are the settings that differ.
	Void    int64    `json:"void"`
	Changes []string `json:"config_changes,omitempty"`
	// Files is how many files were selected, NeedsWork how many of them do, and
	// Pending how many of these for each reason.
	Files     int64                 `json:"files"`
	NeedsWork int64                 `json:"needs_work"`
	Pending   map[rule.Reason]int64 `json:"pending"`
	// Failed is of how many files failures are remembered, by the number of runs in a
	// row, and GivenUp how many of the files are given up, and need no work for that.
	Failed  map[int]int64 `json:"failed,omitempty"`
	GivenUp int64         `json:"given_up,omitempty"`
	// Config is that of the newest stamps, and ConfigHash its hash; nil and "" where
	// there are no stamps. ConfigUsed says whether it decides which stamps count.
	Config     *Config    `json:"config,omitempty"`
	ConfigHash string     `json:"config_hash,omitempty"`
	ConfigUsed ConfigUsed `json:"config_used"`
	// LastCommit is when something was last appended to the WAL, LastDump when the
	// snapshot was written; zero where there is none, or it cannot be read.
	LastCommit state.Time     `json:"last_commit,omitzero"`
	LastDump   state.Time     `json:"last_dump,omitzero"`
	Snapshot   SnapshotStatus `json:"snapshot"`
	WAL        WALStatus      `json:"wal"`
	// Segments are the WALs that one process each writes.
	Segments []SegmentStatus `json:"segments,omitempty"`
	// Dumping is a dump that is under way, or that was cut short.
	Dumping *Problem `json:"dumping,omitempty"`
	// Damage is what is wrong with the state files.
	Damage []Problem `json:"damage"`
}

// SnapshotStatus is what there is to say of a snapshot: see state.Facts.
type SnapshotStatus struct {
	Path   string `json:"path"`
	Exists bool   `json:"exists"`
	Stamps int64  `json:"stamps"`
}

// WALStatus is what there is to say of a WAL.
type WALStatus struct {
	Path    string `json:"path"`
	Exists  bool   `json:"exists"`
	Bytes   int64  `json:"bytes"`
	Records int    `json:"records"`
}

// SegmentStatus is what there is to say of a segment: see state.SegmentFacts.
type SegmentStatus struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Records int    `json:"records"`
	Host    string `json:"host,omitempty"`
	PID     int    `json:"pid,omitempty"`
	Ended   bool   `json:"ended"`
	Gone    bool   `json:"writer_gone,omitempty"`
}

// A Problem is an error that JSON gives as its text.
type Problem struct{ Err error }

// MarshalText implements encoding.TextMarshaler.
func (p Problem) MarshalText() ([]byte, error) { return []byte(p.Err.Error()), nil }

// Run walks the roots, and returns the status of the tree of each, and of each tree
// nested in them, by directory. Without a root it is every tree in the state directory,
// or without one that of the current directory. With In, it reads that, and returns the
// trees of the roots and of the files. What is known of a root that cannot be read comes
// last, and is an error, too.
func (s *Status) Run(ctx context.Context) (trees []*TreeStatus, err error) {
	paths := s.Roots
	switch {
	case len(paths) > 0 || s.In != nil:
	case s.StateDir == "":
		paths = []string{"."}
	default:
		var apart []*TreeStatus
		if paths, apart, err = s.stored(); err != nil || len(paths) == 0 {
			return apart, err
		}
		defer func() { trees = append(trees, apart...) }()
	}
	roots, lost, err := parseRoots(paths)
	if err != nil {
		return s.lost(lost), err
	}
	g, err := s.openGrove(dirs(roots))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	// What is wrong is part of the status.
	selected := newSelector(&s.Selection, roots, g, newReporter(&s.Options, noNews))
	selected.voids, selected.every = true, true
	counts := tallies{}
	for b, err := range selected.batches(ctx) {
		switch {
		case err != nil:
			return nil, err
		case b.done:
			trees = append(trees, s.statusOf(ctx, b.tree, counts[b.tree]))
		default:
			counts.add(&b)
		}
	}
	for _, t := range g.Trees() {
		if counts[t] != nil || slices.Contains(g.Roots(), t) {
			trees = append(trees, s.statusOf(ctx, t, counts[t]))
		} else {
			selected.report.problems(t)
		}
	}
	if outside := counts[nil]; outside != nil {
		s.Warn(fmt.Errorf("%s in no tree", Counted(outside.files, "file")))
	}
	slices.SortFunc(trees, func(a, b *TreeStatus) int { return cmp.Compare(a.Root, b.Root) })
	return append(trees, s.lost(lost)...), lost.err()
}

// lost returns the status of roots that cannot be read.
func (s *Status) lost(roots lostRoots) (list []*TreeStatus) {
	for _, r := range roots {
		list = append(list, &TreeStatus{Root: r.path, Program: cmp.Or(s.Program, state.DefaultProgram), Err: &Problem{r.err}})
	}
	return list
}

// stored returns the roots of the trees in the state directory, and the status of
// those whose files cannot be looked at.
func (s *Status) stored() (roots []string, apart []*TreeStatus, err error) {
	stored, err := state.StoredTrees(s.stateOptions())
	if err == nil && len(stored) == 0 {
		s.Notice(&pathError{s.StateDir, errors.New("holds no tree")})
	}
	for _, t := range stored {
		why := ""
		switch {
		case t.Root == "":
			why = "unknown: its path is too long for the folder's name, and its state cannot be read"
		case !t.Named:
			why = "out of reach: its folder is named from another base"
		case isNoDir(t.Root):
			why = "gone: there is no such directory"
		default:
			roots = append(roots, t.Root)
			continue
		}
		apart = append(apart, &TreeStatus{Root: t.Root, Why: why, Program: cmp.Or(s.Program, state.DefaultProgram), Folder: t.Folder})
	}
	return roots, apart, err
}

// isNoDir reports whether it is certain that there is no such directory.
func isNoDir(path string) bool {
	info, err := os.Stat(path)
	return isGone(err) || err == nil && !info.IsDir()
}

// statusOf makes up the status of a tree that the walk is done with.
func (s *Status) statusOf(ctx context.Context, t *state.Tree, n *tally) *TreeStatus {
	facts := t.Facts()
	c := &Contents{
		Void:       t.OtherConfigs(),
		Pending:    map[rule.Reason]int64{},
		ConfigUsed: s.configUsed(t),
		LastCommit: facts.Appended,
		LastDump:   facts.Dumped,
		Snapshot:   SnapshotStatus{facts.Snapshot, facts.HasSnapshot, facts.Stamps},
		WAL:        WALStatus{facts.WAL, facts.HasWAL, facts.WALSize, facts.Records},
		Damage:     []Problem{},
	}
	for _, s := range facts.Segments {
		c.Segments = append(c.Segments, SegmentStatus(s))
	}
	if facts.Dumping != nil {
		c.Dumping = &Problem{facts.Dumping}
	}
	if stored, any := t.Stored(); any {
		c.Config, c.ConfigHash = &stored, stored.Hash()
	}
	c.Changes, _ = configChanges(t)
	c.Changes = append(c.Changes, t.SettingChanges()...)
	c.Stamps, c.Gone = s.countStamps(ctx, t)
	for _, err := range slices.Concat(t.Problems(), t.SettingErrors()) {
		c.Damage = append(c.Damage, Problem{err})
	}
	if n != nil {
		c.Files, c.Pending, c.Failed, c.GivenUp = n.files, n.pending, n.failed, n.givenUp
	}
	for _, files := range c.Pending {
		c.NeedsWork += files
	}
	return &TreeStatus{Root: t.Root(), Why: t.Origin().String(), Program: cmp.Or(s.Program, state.DefaultProgram), Contents: c}
}

// countStamps returns how many stamps count, and how many of these a prune would
// drop.
func (s *Status) countStamps(ctx context.Context, t *state.Tree) (stamps, gone int64) {
	paths := func(yield func(string) bool) {
		for e := range t.Stamps() {
			if !yield(e.Path) {
				return
			}
		}
	}
	all := &absences{dir: t.Root(), threads: s.Threads}
	for found, err := range all.of(ctx, paths) {
		if err != nil { // the directory cannot be opened
			stamps, gone = 0, 0
			for range t.Stamps() {
				stamps++
			}
			return stamps, gone
		}
		stamps += int64(found.looked)
		gone += int64(len(found.gone))
	}
	return stamps, gone
}

// tallies counts the files of each tree.
type tallies map[*state.Tree]*tally

type tally struct {
	files   int64
	pending map[rule.Reason]int64
	failed  map[int]int64 // by the number of runs
	givenUp int64
}

// add adds the files of one directory, or of one read.
func (ts tallies) add(b *batch) {
	if b.tree != nil {
		ts.of(b.tree).files += int64(b.files)
	}
	for i := range b.found {
		f := &b.found[i]
		t := ts.of(f.tree)
		if b.tree == nil {
			t.files++
		}
		if f.NeedsWork() {
			t.pending[f.Reason]++
		}
		if f.Failure != nil {
			t.failed[f.Failure.Runs]++
		}
		if f.Reason == rule.GivenUp {
			t.givenUp++
		}
	}
}

// of returns the tally of a tree, nil being none.
func (ts tallies) of(tree *state.Tree) *tally {
	if ts[tree] == nil {
		ts[tree] = &tally{pending: map[rule.Reason]int64{}, failed: map[int]int64{}}
	}
	return ts[tree]
}
