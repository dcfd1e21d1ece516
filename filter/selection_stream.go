package filter

import (
	"context"
	"iter"
	"strings"

	"treefilter/store/rule"
	"treefilter/store/state"
	"treefilter/walk"
)

// pathJudge judges paths as a stream gives them. For one goroutine.
type pathJudge struct {
	*selector
	bases   []root // what patterns are relative to
	stamps  stampReader
	statter walk.Statter
	outputs *outputNamer
	order   pathOrder
	given   string    // the directory as it was spelled last
	at      *location // what that is, nil for none yet
}

func (s *selector) newPathJudge(bases []root) *pathJudge {
	return &pathJudge{selector: s, bases: bases, stamps: s.newStampReader(), outputs: s.newOutputNamer()}
}

func (s *selector) stream(ctx context.Context) iter.Seq2[batch, error] {
	type judged struct {
		batch
		warns []error
	}
	return func(yield func(batch, error) bool) {
		bases, err := s.patternBases()
		if err != nil {
			yield(batch{}, err)
			return
		}
		judges := make([]*pathJudge, parallel())
		for i := range judges {
			judges[i] = s.newPathJudge(bases)
		}
		paths := ordered[walk.Batch, judged]{
			next:    walk.NewReader(s.In, s.InDelimiter).Next,
			workers: len(judges),
			work: func(worker int, paths walk.Batch) (j judged) {
				j.found, j.warns = judges[worker].judgeAll(ctx, paths.Paths)
				return j
			},
		}
		for j, err := range paths.results(ctx) {
			for _, warn := range j.warns {
				s.report.warn(warn)
			}
			if !yield(j.batch, err) {
				return
			}
		}
	}
}

// patternBases returns the directories that patterns are relative to: the roots, or
// the current directory.
func (s *selector) patternBases() ([]root, error) {
	if len(s.roots) > 0 {
		return s.roots, nil
	}
	cwd, err := state.RealDir(".")
	return []root{{real: cwd}}, err
}

// judgeAll judges the paths of one read.
func (j *pathJudge) judgeAll(ctx context.Context, paths []string) (found []finding, warns []error) {
	defer j.close()
	judged := 0
	var foundAt, warnedAt []int
	for _, p := range j.order.of(paths) {
		f, err := j.judge(paths[p.at])
		if err != nil {
			warns, warnedAt = append(warns, err), append(warnedAt, p.at)
		}
		if f.Judged() {
			judged++
		}
		if f.NeedsWork() || f.Reason == rule.GivenUp || j.every && f.Judged() {
			found, foundAt = append(found, f), append(foundAt, p.at)
		}
	}
	found, warns = asGiven(found, foundAt), asGiven(warns, warnedAt)
	warns = append(warns, j.read(ctx, found)...)
	j.count(judged, found)
	return found, warns
}

// judge judges one path. Directories are passed over, so that find needs no flags in
// front of treefilter.
func (j *pathJudge) judge(path string) (f finding, err error) {
	info, err := j.statter.Stat(path)
	f.Mtime, f.Now, f.Forced, f.GiveUp = state.Time{Sec: info.Sec, Nsec: info.Nsec}, j.now, j.Force, j.GiveUp
	switch {
	case err != nil:
		f.Reason = rule.NoFile
		return f, err
	case info.IsDir:
		f.Reason = rule.IsDirectory
		return f, nil
	case !info.Regular:
		f.Reason = rule.NoFile
		return f, &pathError{path, errNotRegular}
	case j.Except == info.FileID && j.Except != walk.FileID{}:
		f.Reason = rule.NotChosen
		return f, nil
	}
	given, name := splitGiven(path)
	if f.filePath, err = j.locate(path, given, name); err != nil {
		return f, err // and no stamp
	}
	switch {
	case state.IsStateName(name):
		f.Reason = rule.IsState
		return f, nil
	case walk.SillyRenamed(name):
		f.Reason = rule.IsRemoved
		return f, nil
	case !j.chosen(f.dir(), name), !j.holds(&f, name):
		f.Reason = rule.NotChosen
		return f, nil
	}
	f.judge(j.Detect, &j.stamps, name, f.Mtime, targetTime(f.Mtime, info.TargetSec, info.TargetNsec))
	j.outputs.judge(j.Detect, &f)
	return f, nil
}

// close gives up what was opened to stat paths that came in one go.
func (j *pathJudge) close() {
	j.statter.Close()
	j.outputs.close()
}

// holds reports whether a file is in the shard; in no tree its whole path decides.
func (j *pathJudge) holds(f *finding, name string) bool {
	switch {
	case !j.Shard.divides():
		return true
	case f.tree == nil:
		return j.Shard.holdsBelow(f.dir(), name)
	}
	return j.Shard.holdsBelow(f.tree.Below(f.dir()), name)
}

// locate finds the tree of a path, once for a run of paths of one directory.
func (j *pathJudge) locate(path, given, name string) (filePath, error) {
	if j.at == nil || given != j.given {
		spelled := operand(path)
		dir, _, err := j.grove.Locate(path)
		at := &location{root: &root{prefix: spelled[:len(spelled)-len(name)], real: dir}, err: err}
		if err != nil {
			return filePath{at, name}, err
		}
		// A file in no tree has no stamp.
		at.tree, at.err = j.grove.TreeOf(dir, j.statter.Beside)
		j.stamps.enter(at.tree, dir)
		j.given, j.at = given, at
	}
	if given == "" && strings.HasPrefix(name, "-") != (j.at.root.prefix != "") {
		at := *j.at
		at.root = &root{prefix: strings.TrimSuffix(operand(name), name), real: at.root.real}
		return filePath{&at, name}, nil
	}
	return filePath{j.at, name}, nil
}

// chosen reports whether a file is looked at, given by its path from the deepest
// root on that it lies in, or by its name where it lies in none.
func (j *pathJudge) chosen(dir, name string) bool {
	if j.Choice == nil {
		return true
	}
	at := root{real: dir}
	rel, ok := belowRoots(j.bases, at.join(name))
	if !ok {
		rel = name
	}
	return j.Choice.Has(rel)
}
