package filter

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"treefilter/store"
)

// Status says what is stored, and what is pending. It never writes.
type Status struct {
	Selection // of a walk: In is not read
}

// TreeStatus is the state of one tree.
type TreeStatus struct {
	Root    string
	Why     string // this directory is the tree
	Program string
	// Err is why nothing else is known: the root, here as the user named it, cannot
	// be read.
	Err error
	store.Facts
	// Config is that of the newest stamps, in canonical form, and ConfigHash its
	// hash; both are "" where there are no stamps.
	Config, ConfigHash string
	// Counting is how many stamps count under the config of this run, Gone how
	// many of them are of files that are not there.
	Counting, Gone int64
	// Void is how many do not count, and Changes are the settings that differ.
	Void    int64
	Changes []string
	// Files is how many files the walk found, and Pending how many of them need
	// work, by reason.
	Files   int64
	Pending map[Reason]int64
	// Damage is what is wrong with the state files.
	Damage []error
}

// Run walks the roots, or the current directory, and returns the status of the
// tree of each, and of each tree nested in them, by directory. What is known of a
// root that cannot be read comes last, and is an error, too.
func (s *Status) Run(ctx context.Context) (trees []*TreeStatus, err error) {
	paths := s.Roots
	if len(paths) == 0 {
		paths = []string{"."}
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
	for b, err := range selected.walk(ctx) {
		switch {
		case err != nil:
			return nil, err
		case b.done:
			trees = append(trees, s.statusOf(b.tree, counts[b.tree]))
		default:
			counts.add(&b)
		}
	}
	for _, t := range g.Roots() {
		trees = append(trees, s.statusOf(t, counts[t]))
	}
	for _, t := range g.Trees() {
		if counts[t] == nil {
			selected.report.problems(t)
		}
	}
	slices.SortFunc(trees, func(a, b *TreeStatus) int { return cmp.Compare(a.Root, b.Root) })
	return append(trees, s.lost(lost)...), lost.err()
}

// lost returns the status of roots that cannot be read.
func (s *Status) lost(roots lostRoots) (list []*TreeStatus) {
	for _, r := range roots {
		list = append(list, &TreeStatus{Root: r.path, Program: cmp.Or(s.Program, store.DefaultProgram), Err: r.err})
	}
	return list
}

// statusOf makes up the status of a tree that the walk is done with.
func (s *Status) statusOf(t *store.Tree, n *tally) *TreeStatus {
	st := &TreeStatus{Root: t.Root(), Why: t.Origin().String(), Program: cmp.Or(s.Program, store.DefaultProgram), Facts: t.Facts()}
	if stored, any := t.Stored(); any {
		st.Config, st.ConfigHash = stored.String(), stored.Hash()
	}
	st.Void = t.OtherConfigs()
	st.Changes, _ = configChanges(t)
	st.Counting, st.Gone = countStamps(t)
	st.Damage = t.Problems()
	if n != nil {
		st.Files, st.Pending = n.files, n.pending
	}
	return st
}

// countStamps returns how many stamps count, and how many of these a prune would
// drop.
func countStamps(t *store.Tree) (stamps, gone int64) {
	a, err := newAbsence(t.Root())
	if err == nil {
		defer a.look.Close()
	}
	for e := range t.Stamps() {
		stamps++
		if err != nil {
			continue
		}
		if is, _ := a.gone(e.Path); is {
			gone++
		}
	}
	return stamps, gone
}

// tallies counts the files of each tree.
type tallies map[*store.Tree]*tally

type tally struct {
	files   int64
	pending map[Reason]int64
}

// add adds the files of one directory.
func (ts tallies) add(b *batch) {
	t := ts[b.tree]
	if t == nil {
		t = &tally{pending: map[Reason]int64{}}
		ts[b.tree] = t
	}
	t.files += int64(b.files)
	for i := range b.found {
		if b.found[i].NeedsWork() {
			t.pending[b.found[i].Reason]++
		}
	}
}

// MarshalJSON gives what --json prints.
func (s *TreeStatus) MarshalJSON() ([]byte, error) {
	if s.Err != nil {
		return marshal(struct {
			Root    string `json:"root"`
			Program string `json:"program"`
			Error   string `json:"error"`
		}{s.Root, s.Program, s.Err.Error()})
	}
	type file struct {
		Path    string       `json:"path"`
		Exists  bool         `json:"exists"`
		Stamps  *int64       `json:"stamps,omitempty"`
		Dumped  *json.Number `json:"dumped,omitempty"`
		Bytes   *int64       `json:"bytes,omitempty"`
		Records *int         `json:"records,omitempty"`
	}
	snapshot := file{Path: s.Snapshot, Exists: s.HasSnapshot, Stamps: &s.Stamps}
	if s.Dumped != (Time{}) {
		dumped := number(s.Dumped)
		snapshot.Dumped = &dumped
	}
	pending := map[string]int64{}
	for reason, n := range s.Pending {
		pending[reason.String()] = n
	}
	damage := []string{}
	for _, err := range s.Damage {
		damage = append(damage, err.Error())
	}
	return marshal(struct {
		Root       string           `json:"root"`
		Why        string           `json:"tree_why"`
		Program    string           `json:"program"`
		Stamps     int64            `json:"stamps"`
		Gone       int64            `json:"gone"`
		Void       int64            `json:"void"`
		Changes    []string         `json:"config_changes,omitempty"`
		Files      int64            `json:"files"`
		NeedsWork  int64            `json:"needs_work"`
		Pending    map[string]int64 `json:"pending"`
		Config     string           `json:"config,omitempty"`
		ConfigHash string           `json:"config_hash,omitempty"`
		Snapshot   file             `json:"snapshot"`
		WAL        file             `json:"wal"`
		Damage     []string         `json:"damage"`
	}{
		s.Root, s.Why, s.Program, s.Counting, s.Gone, s.Void, s.Changes, s.Files, s.NeedsWork(), pending,
		s.Config, s.ConfigHash, snapshot,
		file{Path: s.WAL, Exists: s.HasWAL, Bytes: &s.WALSize, Records: &s.Records},
		damage,
	})
}

// NeedsWork is how many files are pending, for whatever reason.
func (s *TreeStatus) NeedsWork() (n int64) {
	for _, files := range s.Pending {
		n += files
	}
	return n
}
