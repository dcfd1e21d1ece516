package filter

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"treefilter/store"
)

// take runs the command of one turn. Its files are recorded first and its output
// is printed then: a reader that is slow, or has gone, costs no stamps.
func (r *execRun) take(ctx context.Context, t turn) {
	stdout, stderr := &spool{}, &spool{}
	defer stdout.close()
	defer stderr.close()

	r.turns.Add(1)
	res, err := r.execute(ctx, t, stdout, stderr)
	if err == nil {
		r.results <- res
	}
	r.turns.Add(-1)
	switch {
	case err == nil:
		r.print(stdout, stderr)
	case isTooLong(err) && len(t.paths) > 1:
		half := len(t.paths) / 2
		r.take(ctx, turn{t.number, t.paths[:half]})
		r.take(ctx, turn{t.number, t.paths[half:]})
	case err != errStopped:
		r.fail(err)
	}
}

// execute runs the command. An error means that it was not started.
func (r *execRun) execute(ctx context.Context, t turn, stdout, stderr *spool) (res result, err error) {
	res.paths = len(t.paths)
	before, err := r.lookBefore(ctx, t.paths, &res)
	if err != nil || len(before) == 0 {
		return res, err
	}
	paths := make([]string, len(before))
	for i, s := range before {
		paths[i] = s.path
	}
	if r.OneStream {
		stderr = stdout
	}
	cmd, err := r.template.command(paths, stdout, stderr)
	if err == nil {
		err = r.processes.start(cmd)
	}
	if err != nil {
		for _, s := range before {
			if lost := r.claims.release(s.target, s.rel); lost != nil {
				err = errors.Join(err, lost)
			}
		}
		return res, err
	}
	failed := outcome(r.processes.wait(cmd), stdout, stderr)
	if failed == nil {
		r.lookAfter(before, &res)
		r.commit.read(&res.looked)
		return res, nil
	}
	for i := range before {
		_ = r.dropFailed(&before[i]) // an error ends the run, or gives up the tree
	}
	for _, path := range paths {
		res.failures = append(res.failures, failure{t.number, &pathError{path, failed}})
	}
	if r.FailFast {
		r.halt(errFailFast)
	}
	return res, nil
}

// lookBefore looks at files right before their command starts. Those that cannot
// be stamped are left out: the work would be for nothing. So are those that
// another run has done meanwhile, or has in hand.
func (r *execRun) lookBefore(ctx context.Context, paths []string, res *result) (before []sighting, err error) {
	var at spot
	defer at.look.Close()
	var stamped []sighting
	for _, path := range paths {
		s, err := r.lookSettled(ctx, &at, path)
		var standing store.Standing
		if err == nil {
			standing, err = r.begin(ctx, &s)
		}
		switch {
		case ctx.Err() != nil, err == errStopped:
			return nil, errStopped
		case errors.Is(err, fs.ErrNotExist):
			r.gone(res, path, "gone before its turn")
		case err == errInHand:
			res.inHand = append(res.inHand, path)
		case err == errDone:
		case err != nil:
			r.commit.sort(&res.looked, s, err)
		default:
			before = append(before, s)
			if standing == store.Stamped || standing == store.OtherConfig {
				stamped = append(stamped, s)
			}
		}
	}
	return before, r.dropAll(stamped)
}

// begin claims a file, and judges it once more.
func (r *execRun) begin(ctx context.Context, s *sighting) (store.Standing, error) {
	if err := r.claims.take(s.target, s.rel); err != nil {
		return store.Unknown, r.lose(s, err)
	}
	standing, stamp, since, err := s.target.Standing(s.rel)
	if err != nil {
		return standing, r.lose(s, err)
	}
	s.since = since
	e := &Evidence{Standing: standing, Stamp: stamp, Mtime: s.mtime(), Target: s.linked(), Now: present()}
	if Judge(r.Detect, e) == Touched {
		// What cannot be read is the command's to report.
		e.Content, _ = compare(ctx, s.path, stamp.Digest)
	}
	if !Judge(r.Detect, e).NeedsWork() {
		if err := r.claims.release(s.target, s.rel); err != nil {
			return standing, r.lose(s, err)
		}
		return standing, errDone
	}
	return standing, nil
}

// dropAll drops the stamps of files whose command is about to run, durably. What
// was done with them last is in doubt from now on until it has succeeded: were it
// to fail, or to be killed with us or by a power cut, a file that gets its old
// content or mtime back would pass for processed.
func (r *execRun) dropAll(stamped []sighting) error {
	paths := map[*target][]string{}
	for i := range stamped {
		paths[stamped[i].target] = append(paths[stamped[i].target], stamped[i].rel)
	}
	for t, list := range paths {
		err := t.drop(list...)
		if err == nil {
			err = t.Sync()
		}
		if err != nil {
			r.fail(err)
			return errStopped
		}
	}
	return nil
}

// dropFailed says that the command has failed on a file: whatever stamp it has by
// now, or is about to get from another run that has looked at it, does not count.
func (r *execRun) dropFailed(s *sighting) error {
	err := s.target.drop(s.rel)
	if err == nil {
		err = r.commit.forgetInOthers([]sighting{*s})
	}
	if err != nil {
		err = r.lose(s, err)
	}
	return errors.Join(err, r.claims.release(s.target, s.rel))
}

// lose makes of an error about state what it means for one file.
func (r *execRun) lose(s *sighting, err error) error {
	if err == errInHand || err == errDone {
		return err
	}
	if err := r.commit.giveUp(s.target, err); err != nil {
		r.fail(err)
		return errStopped
	}
	return &pathError{s.path, err}
}

// lookSettled looks at a file, and makes sure that its tree can be written to: it
// is asked for its present, in its WAL. For --since start it waits until the
// file's tick is over: an edit in the same tick would not show.
func (r *execRun) lookSettled(ctx context.Context, at *spot, path string) (sighting, error) {
	var first sighting // that was like the last
	for deadline := time.Now().Add(store.SettleWait); ; {
		s, err := r.commit.sight(at, path)
		if s.info != first.info {
			first = s
		}
		if err != nil || r.ready(&first, s.began) {
			return s, err
		}
		if err := s.target.refresh(); err != nil {
			if err := r.commit.giveUp(s.target, err); err != nil {
				r.fail(err)
				return s, errStopped
			}
			continue
		}
		if r.ready(&first, time.Now()) {
			continue // the tick must have been over before the look
		}
		select {
		case <-time.After(tickPeriod):
		case <-ctx.Done():
			return s, errStopped
		}
		if time.Now().After(deadline) {
			return s, &pathError{path, errors.New("not run: it is being modified, or its file system's clock stands still")}
		}
	}
}

func (r *execRun) ready(s *sighting, looked time.Time) bool {
	return s.target.now.Load() != nil && (!r.exact || s.target.settled(s, looked))
}

// lookAfter looks at files whose command succeeded.
func (r *execRun) lookAfter(before []sighting, res *result) {
	var at spot
	defer at.look.Close()
	for _, b := range before {
		s, err := r.commit.sight(&at, b.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			r.gone(res, b.path, "not stamped: gone when its command had ended")
			_ = r.claims.release(b.target, b.rel)
		case err == nil && r.exact && s.info != b.info:
			res.changed++
			_ = r.dropFailed(&b)
		default:
			// What others have said since its command began counts against it.
			s.since = b.since
			r.commit.sort(&res.looked, s, err)
		}
	}
}

func (r *execRun) gone(res *result, path, what string) {
	if !r.IgnoreMissing {
		res.warns = append(res.warns, &pathError{path, errors.New(what)})
	}
}

// print hands on what a command printed.
func (r *execRun) print(stdout, stderr *spool) {
	if r.Print == nil || stdout.empty() && stderr.empty() {
		return
	}
	r.printing.Lock()
	defer r.printing.Unlock()
	if r.mute {
		return
	}
	if err := r.Print(stdout, stderr); err != nil {
		r.mute = true
		r.fail(err)
	}
}
