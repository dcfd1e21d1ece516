package filter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"treefilter/store/rule"
	"treefilter/store/state"
	"treefilter/walk"
)

// A CommandError is a command that failed on the files that it was given.
type CommandError struct {
	Paths []string
	Err   error // how it failed
}

func (e *CommandError) Error() string {
	first, last := e.Paths[0], e.Paths[len(e.Paths)-1]
	switch n := len(e.Paths); n {
	case 1:
		return fmt.Sprintf("%s: command failed: %v", first, e.Err)
	case 2:
		return fmt.Sprintf("batch of 2 failed (%v), left pending: %s and %s", e.Err, first, last)
	default:
		return fmt.Sprintf("batch of %d failed (%v), left pending: %s ... %s", n, e.Err, first, last)
	}
}

func (e *CommandError) Unwrap() error { return e.Err }

// IsFailure reports whether an error is a command that failed on files.
func IsFailure(err error) bool {
	_, is := errors.AsType[*CommandError](err)
	return is
}

// IsOfFile reports whether an error is about single files, rather than a tree or the
// run.
func IsOfFile(err error) bool {
	if _, ofState := errors.AsType[*state.StateError](err); ofState {
		return false
	}
	_, ofPath := errors.AsType[*pathError](err)
	_, ofSystem := errors.AsType[*fs.PathError](err)
	return IsFailure(err) || ofPath || ofSystem
}

// failure is a command that has failed, and the job that it was of.
type failure struct {
	job int
	*CommandError
}

// halves divides a job whose files may have better luck apart.
func (j job) halves() []job {
	half := len(j.files) / 2
	return []job{
		{number: j.number, files: j.files[:half], failed: j.failed},
		{number: j.number, files: j.files[half:], failed: j.failed},
	}
}

// unresolved is what becomes of a job that has failed, and is not tried again.
func (j job) unresolved() result {
	return result{failures: []failure{{j.number, &CommandError{j.paths(), j.failed}}}, files: len(j.files)}
}

func (j job) paths() []string {
	paths := make([]string, len(j.files))
	for i, f := range j.files {
		paths[i] = f.path()
	}
	return paths
}

// endFailed drops the stamps of files whose command failed, and says what is next for
// them. Whatever that is, they are statted and claimed anew for it: the command may
// have modified any of them, and another run may take them meanwhile.
func (r *jobRunner) endFailed(ctx context.Context, j job, begun []started, failed error, res *result) {
	j.files, j.failed = make([]filePath, len(begun)), failed
	j.tried++
	var again []job
	for i := range begun {
		j.files[i] = begun[i].from
	}
	switch {
	case ctx.Err() != nil:
	case j.tried <= r.retries:
		again = []job{j}
	case r.bisect && len(begun) > 1:
		again = j.halves()
	}
	for i := range begun {
		failure := begun[i].failure
		if again == nil && len(begun) == 1 && !r.processes.wereSignalled() {
			failure = r.count(&begun[i])
		}
		_ = r.dropFailed(&begun[i].file, failure) // an error ends the run, or gives up the tree
	}
	if again == nil {
		res.failures = append(res.failures, j.unresolved().failures...)
		r.countFailure()
		return
	}
	res.again = append(res.again, again...)
	res.files -= len(begun)
	r.syncDrops(begun)
}

// errGivenUp is a file that another run has given up.
var errGivenUp = errors.New("given up meanwhile")

// count returns what is to be remembered of a file that the command has failed on,
// alone, for good: one more run, where runs are to be counted. A batch does not show
// which of its files is to blame, and an interrupted run whether any is. An edit that
// could bear the mtime that the file had must not pass for the file that failed.
func (r *jobRunner) count(b *started) *state.Failure {
	if r.recorder.opt.GiveUp == 0 || !b.settled {
		return b.failure
	}
	next := &state.Failure{Runs: 1, At: present(), File: state.Stamp{Time: b.mtime(), Target: b.linked()}}
	if r.recorder.opt.Detect == rule.DetectContent {
		f := b.file
		r.recorder.readers.each(1, func(m *walk.Meter, _ int) {
			if f.read(m) == nil {
				next.File.Digest = f.digest
			}
		})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := claimed{b.destination, b.rel}
	if b.failure != nil && b.failure.SameFile(next.File) {
		next.Runs = b.failure.Runs
		if !r.counted[key] { // a path may come twice
			next.Runs++
		}
	}
	if r.counted == nil {
		r.counted = map[claimed]bool{}
	}
	r.counted[key] = true
	return next
}

// countFailure counts a command that failed for good.
func (r *jobRunner) countFailure() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures++; r.failures == r.maxFailures {
		r.halt(errTooManyFailures)
	}
}

// syncDrops makes the drops of files that a command failed on durable before they are
// tried again, as dropAll does before their first command.
func (r *jobRunner) syncDrops(begun []started) {
	synced := map[*destination]bool{}
	for _, b := range begun {
		if t := b.destination; !synced[t] && t.failed.Load() == nil {
			synced[t] = true
			if err := t.Sync(); err != nil {
				r.fail(err)
			}
		}
	}
}

// dropFailed says that the command has failed on a file: whatever stamp it has by
// now, or is about to get from another run that has statted it, does not count. What
// is to be remembered of failures is nil for nothing.
func (r *jobRunner) dropFailed(f *file, failure *state.Failure) error {
	err := f.destination.fail(f.rel, failure)
	if err == nil {
		err = r.recorder.forgetInOthers([]file{*f})
	}
	if err != nil {
		err = r.lose(f, err)
	}
	return errors.Join(err, r.release(f))
}
