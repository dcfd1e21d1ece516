package filter

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"

	"treefilter/store/rule"
	"treefilter/store/state"
)

// jobRunner runs the command on files whose tree is known.
type jobRunner struct {
	template                                *template
	recorder                                *recorder
	exact, ignoreMissing, bisect, oneStream bool
	force                                   bool
	retries, maxFailures                    int
	processes                               processes
	output                                  printer
	halt                                    context.CancelCauseFunc // no more commands are started

	mu       sync.Mutex
	failed   error // the first error outside of recording
	failures int   // commands that failed for good
}

// job is the files of one run of the command.
type job struct {
	number int
	files  []filePath
	size   int   // of their paths, as arguments
	tried  int   // how often the command has failed on just these files
	failed error // how it has failed on them last, nil for not yet
}

// result is what became of a job.
type result struct {
	triage
	failures  []failure
	again     []job    // to be tried next
	succeeded int      // files whose command succeeded
	changed   int      // files left pending by --since start
	inHand    []string // files that another run was at work on
	upToDate  int      // files that another run has done meanwhile
	files     int      // that are dealt with
}

// started is a file whose command is about to run, and the path that it was found by.
type started struct {
	file
	from filePath
}

var errTooManyFailures = errors.New("too many commands failed")

// fail ends the run because of anything but recording.
func (r *jobRunner) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = err
	}
	r.halt(err)
}

func (r *jobRunner) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// run runs the command of a job. An error means that it was not started.
func (r *jobRunner) run(ctx context.Context, j job, stdout, stderr *spool) (res result, err error) {
	res.files = len(j.files)
	begun, err := r.begin(ctx, j.files, &res)
	if err != nil || len(begun) == 0 {
		return res, err
	}
	paths := make([]string, len(begun))
	for i := range begun {
		paths[i] = begun[i].path
	}
	if r.oneStream {
		stderr = stdout
	}
	cmd, err := r.template.command(paths, stdout, stderr)
	if err == nil {
		err = r.processes.start(cmd)
	}
	if err != nil {
		for i := range begun {
			if lost := r.release(&begun[i].file); lost != nil {
				err = errors.Join(err, lost)
			}
		}
		return res, err
	}
	if failed := outcome(r.processes.wait(cmd), stdout, stderr); failed != nil {
		r.endFailed(ctx, j, begun, failed, &res)
		return res, nil
	}
	r.end(begun, &res)
	r.recorder.read(&res.triage)
	return res, nil
}

// begin stats and claims files right before their command starts. Those that cannot
// be stamped are left out: the work would be for nothing. So are those that another
// run has done meanwhile, or has in hand.
func (r *jobRunner) begin(ctx context.Context, files []filePath, res *result) (begun []started, err error) {
	st := r.recorder.destinations.newStatter()
	defer st.close()
	var stamped []file
	for _, p := range files {
		p.location = r.recorder.destinations.byNow(p.location)
		f, err := r.recorder.statSettled(ctx, st, p, r.exact)
		var standing state.Standing
		if err == nil {
			standing, err = r.claim(ctx, &f)
		}
		switch fatal, isFatal := errors.AsType[*fatalError](err); {
		case isFatal:
			r.fail(fatal.error)
			return nil, errStopped
		case ctx.Err() != nil, err == errStopped:
			return nil, errStopped
		case errors.Is(err, fs.ErrNotExist):
			r.gone(res, p.path(), "gone before its turn")
		case err == errInHand:
			res.inHand = append(res.inHand, p.path())
		case err == errDone:
			res.upToDate++
		case err != nil:
			r.recorder.sort(&res.triage, f, err)
		default:
			begun = append(begun, started{f, p})
			if standing == state.Stamped || standing == state.OtherConfig {
				stamped = append(stamped, f)
			}
		}
	}
	return begun, r.dropAll(stamped)
}

// claim claims a file, and judges it once more.
func (r *jobRunner) claim(ctx context.Context, f *file) (state.Standing, error) {
	if err := f.destination.CheckSettings(f.rel); err != nil {
		return state.Unknown, err
	}
	if err := r.recorder.claims.take(f.destination, f.rel); err != nil {
		return state.Unknown, r.lose(f, err)
	}
	standing, stamp, since, err := f.destination.Standing(f.rel)
	if err != nil {
		return standing, r.lose(f, err)
	}
	f.since = since
	detect := r.recorder.opt.Detect
	e := &rule.Evidence{Standing: standing, Stamp: stamp, Mtime: f.mtime(), Target: f.linked(), Now: present(), Forced: r.force}
	if rule.Judge(detect, e) == rule.Touched {
		// What cannot be read is the command's to report.
		e.Content, _ = compare(ctx, f.path, stamp.Digest)
	}
	if rule.Judge(detect, e).NeedsWork() {
		return standing, nil
	}
	if err := r.release(f); err != nil {
		return standing, r.lose(f, err)
	}
	return standing, errDone
}

func (r *jobRunner) release(f *file) error { return r.recorder.claims.release(f.destination, f.rel) }

// dropAll drops the stamps of files whose command is about to run, durably. What
// was done with them last is in doubt from now on until it has succeeded: were it
// to fail, or to be killed with us or by a power cut, a file that gets its old
// content or mtime back would pass for processed.
func (r *jobRunner) dropAll(stamped []file) error {
	paths := map[*destination][]string{}
	for i := range stamped {
		paths[stamped[i].destination] = append(paths[stamped[i].destination], stamped[i].rel)
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

// lose makes of an error about state what it means for one file.
func (r *jobRunner) lose(f *file, err error) error {
	if err == errInHand || err == errDone {
		return err
	}
	if err := r.recorder.destinations.giveUp(f.destination, err); err != nil {
		r.fail(err)
		return errStopped
	}
	return &pathError{f.path, err}
}

// end stats files whose command succeeded.
func (r *jobRunner) end(begun []started, res *result) {
	st := r.recorder.destinations.newStatter()
	defer st.close()
	for _, b := range begun {
		f, err := st.file(b.from)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			r.gone(res, b.path, "not stamped: gone when its command had ended")
			_ = r.release(&b.file)
		case err == nil && r.exact && f.info != b.info:
			res.changed++
			_ = r.dropFailed(&b.file)
		default:
			res.succeeded++
			// What others have said since its command began counts against it.
			f.since = b.since
			r.recorder.sort(&res.triage, f, err)
		}
	}
}

func (r *jobRunner) gone(res *result, path, what string) {
	if !r.ignoreMissing {
		res.warns = append(res.warns, &pathError{path, errors.New(what)})
	}
}

// print hands on what a command printed.
func (r *jobRunner) print(stdout, stderr *spool) {
	if err := r.output.hand(stdout, stderr); err != nil {
		r.fail(err)
	}
}

// printer hands on output, of one command at a time, until it fails.
type printer struct {
	print func(stdout, stderr io.WriterTo) error

	mu   sync.Mutex
	mute bool // nothing is printed any more
}

func (p *printer) hand(stdout, stderr *spool) error {
	if p.print == nil || stdout.empty() && stderr.empty() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mute {
		return nil
	}
	err := p.print(stdout, stderr)
	p.mute = err != nil
	return err
}
