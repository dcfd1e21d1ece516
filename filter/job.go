package filter

import (
	"context"
	"errors"
	"fmt"
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
	namer                                   func() *outputNamer
	halt                                    context.CancelCauseFunc // no more commands are started

	mu       sync.Mutex
	failed   error            // the first error outside of recording
	failures int              // commands that failed for good
	counted  map[claimed]bool // files whose failure counts for this run
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
	givenUp   int      // or has given up
	files     int      // that are dealt with
}

// started is a file whose command is about to run, the path that it was found by, and
// what the placeholders stand for.
type started struct {
	file
	from    filePath
	source  *source
	settled bool // no later write can bear the mtime that it has
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
	sources := make([]*source, len(begun))
	for i := range begun {
		sources[i] = begun[i].source
	}
	if r.oneStream {
		stderr = stdout
	}
	var running *child
	command, err := r.template.command(sources, stdout, stderr)
	if err == nil {
		running, err = r.processes.start(command)
	}
	if err != nil {
		for i := range begun {
			if lost := r.release(&begun[i].file); lost != nil {
				err = errors.Join(err, lost)
			}
		}
		return res, err
	}
	if failed := outcome(r.processes.wait(running), stdout, stderr); failed != nil {
		r.endFailed(ctx, j, begun, failed, &res)
		return res, nil
	}
	r.end(ctx, j, begun, &res)
	r.recorder.read(&res.triage)
	return res, nil
}

// begin stats and claims files right before their command starts. Those that cannot
// be stamped are left out: the work would be for nothing. So are those that another
// run has done meanwhile, or has in hand.
func (r *jobRunner) begin(ctx context.Context, files []filePath, res *result) (begun []started, err error) {
	st := r.recorder.destinations.newStatter()
	defer st.close()
	outputs := r.namer().forCommands()
	defer outputs.close()
	var stamped []file
	for _, p := range files {
		p.location = r.recorder.destinations.byNow(p.location)
		f, err := r.recorder.statSettled(ctx, st, p, r.exact)
		source := outputs.command(p)
		var standing state.Standing
		if err == nil {
			standing, err = r.claim(ctx, &f, func() bool { return outputs.missing(source) != "" })
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
		case err == errGivenUp:
			res.givenUp++
		case err != nil:
			r.recorder.sort(&res.triage, f, err)
		default:
			if err := outputs.prepare(source, r.recorder.destinations.grove); err != nil {
				res.warns = append(res.warns, &pathError{f.path, fmt.Errorf("not run: %w", err)})
				_ = r.release(&f)
				continue
			}
			begun = append(begun, started{f, p, source, f.settledAtStat()})
			if standing == state.Stamped || standing == state.OtherConfig {
				stamped = append(stamped, f)
			}
		}
	}
	return begun, r.dropAll(stamped)
}

// claim claims a file, and judges it once more.
func (r *jobRunner) claim(ctx context.Context, f *file, noOutput func() bool) (state.Standing, error) {
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
	e := &rule.Evidence{Standing: standing, Stamp: stamp, Mtime: f.mtime(), Target: f.linked(), Now: present(), Forced: r.force, GiveUp: r.recorder.opt.GiveUp}
	recorded := stamp.Digest
	if standing == state.Dropped {
		if f.failure = f.destination.Failure(f.rel); f.failure != nil {
			e.Failure, recorded = f.failure, f.failure.File.Digest
		}
	}
	switch rule.Judge(detect, e) {
	case rule.Unchanged, rule.Touched:
		e.NoOutput = noOutput()
	}
	if rule.Judge(detect, e) == rule.Touched {
		// What cannot be read is the command's to report.
		e.Content, _ = compare(ctx, f.path, recorded)
	}
	reason := rule.Judge(detect, e)
	if reason.NeedsWork() {
		return standing, nil
	}
	if err := r.release(f); err != nil {
		return standing, r.lose(f, err)
	}
	if reason == rule.GivenUp {
		return standing, errGivenUp
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

// end stats files whose command succeeded. On those without their output it has failed.
func (r *jobRunner) end(ctx context.Context, j job, begun []started, res *result) {
	st := r.recorder.destinations.newStatter()
	defer st.close()
	outputs := r.namer().forCommands()
	defer outputs.close()
	for i, b := range begun {
		f, err := st.file(b.from)
		var missing error
		if err == nil {
			missing = outputs.done(b.source, r.recorder.destinations.grove)
		}
		switch {
		case missing != nil:
			r.endFailed(ctx, j, begun[i:i+1], missing, res)
		case errors.Is(err, fs.ErrNotExist):
			r.gone(res, b.path, "not stamped: gone when its command had ended")
			_ = r.release(&b.file)
		case err == nil && r.exact && f.info != b.info:
			res.changed++
			_ = r.dropFailed(&b.file, nil)
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
