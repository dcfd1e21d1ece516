//go:build linux

package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// running is a treefilter exec that has begun and was not yet seen to end.
type running struct {
	op
	cmd    *exec.Cmd
	cancel context.CancelFunc
	ended  bool          // the log says so
	waited chan struct{} // closed when err is there
	err    error
	stdout bytes.Buffer
	stderr bytes.Buffer
	began  time.Time
	under  string
	seq    int // the number of the last fact before it
	expect *expected
	beside *running // the one in the background, nil for none

	started []string         // the paths that a command began on, in their order
	open    map[string]bool  // of them, those whose command has not ended
	blocked string           // the one that waits, "" for none
	before  map[string]file  // files when the log said that their command began
	done    map[string]*fact // what was said of those whose command succeeded
	failed  bool

	uprooted map[string]bool // see uproot
}

// exec runs a command on each file that needs work. Files that an exec in the
// background has in hand are passed over.
func (w *world) exec(o op) {
	r := w.start(o)
	if other := r.beside; other != nil && nameOf(other.arg["program"]) == nameOf(o.arg["program"]) {
		for _, path := range other.started {
			if _, looked := r.expect.verdicts[path]; looked {
				r.expect.verdicts[path] = may
			}
		}
	}
	w.end(op{})
}

// begin starts an exec in the background, whose command waits at one of the files.
func (w *world) begin(o op) {
	if w.running != nil {
		return
	}
	r := w.start(o)
	w.await(r, func() bool { return r.blocked != "" })
	if r.blocked == "" {
		w.end(op{}) // it did not come to that file
		return
	}
	// Those that it has yet to come to may have been prepared for it.
	for _, path := range w.present(nil) {
		if v, looked := r.expect.verdicts[path]; looked && v != mustNot && !slices.Contains(r.started, path) {
			w.say(subject{o.arg["program"], path}, fact{what: failed})
		}
	}
}

func (w *world) start(o op) *running {
	r := &running{op: o, began: time.Now(), under: w.config(o), seq: w.seq, expect: w.expect(o), beside: w.running, open: map[string]bool{}, before: map[string]file{}, done: map[string]*fact{}, uprooted: map[string]bool{}}
	words := slices.Concat([]string{"exec", "-j", "1"}, w.words(o, true))
	if o.arg["batch"] != "" {
		words = append(words, "--batch", o.arg["batch"])
	}
	if o.arg["follow"] != "" {
		words = append(words, "--follow")
	}
	words = slices.Concat(words, r.expect.words, []string{"--", "sh", w.at("work"), "{}"})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	cmd, line := w.command(ctx, o, words)
	r.cmd, r.cancel = cmd, cancel
	cmd.Stdin = strings.NewReader(joined(r.expect.stdin))
	if r.expect.stdin != nil {
		line = "printf '%s\\0' " + quote(r.expect.stdin) + " | " + line
	} else {
		line += " </dev/null"
	}
	if o.arg["block"] != "" {
		line += " & sleep 1"
	}
	w.noteCommand(o, line)
	cmd.Stdout, cmd.Stderr = &r.stdout, &r.stderr
	check(cmd.Start())
	r.waited = make(chan struct{})
	number := len(w.execs)
	go func() {
		r.err = cmd.Wait()
		close(r.waited)
		fmt.Fprintln(w.log, "end", number) // after all that its commands have written
	}()
	w.execs = append(w.execs, r)
	w.running = r
	return r
}

// await reads what commands log until something is so or the exec has ended.
func (w *world) await(r *running, so func() bool) {
	for !so() && !r.ended {
		event, name := w.nextLine(r)
		w.logged(r, event, subject{r.arg["program"], places[name]})
	}
}

func never() bool { return false }

// nextLine returns the next line of the log.
func (w *world) nextLine(r *running) (event, name string) {
	check(w.log.SetReadDeadline(time.Now().Add(patience)))
	line, err := w.lines.ReadString('\n')
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.wrong("hangs", "%s", r.op)
	}
	check(err)
	event, name, _ = strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	if event == "end" {
		number, err := strconv.Atoi(name)
		check(err)
		other := w.execs[number]
		<-other.waited
		other.ended = true
		if exit := (*exec.ExitError)(nil); !errors.As(other.err, &exit) {
			check(other.err)
		}
	}
	return event, name
}

// logged notes what a command has logged of a file.
func (w *world) logged(r *running, event string, s subject) {
	delete(r.open, s.path)
	switch event {
	case "start":
		r.started = append(r.started, s.path)
		r.open[s.path] = true
		r.before[s.path], _ = w.look(s.path)
		w.say(s, fact{what: failed, sure: true})
	case "block":
		r.blocked = s.path
		r.open[s.path] = true
	case "fail":
		r.failed = true
		w.say(s, fact{what: failed, sure: true})
	case "ok":
		f, _ := w.look(s.path)
		written := w.style == "inplace" || w.style == "replace"
		if r.arg["since"] != "" && (written || f != r.before[s.path]) {
			break // modified while its command ran
		}
		w.stamp(s, r.expect.owners[s.path], r.op, result{began: r.began, under: r.under}, false)
		done := w.history[s][len(w.history[s])-1]
		r.done[s.path] = &done
	}
}

// uproot notes the paths that have come to another tree while an exec runs: one that
// has no stamp yet, or whose files were deleted, is none, and another run may found
// one around it or further in. Of these nothing is promised.
func (w *world) uproot() {
	for r := w.running; r != nil; r = r.beside {
		for path, tree := range r.expect.owners {
			if w.owner(r.arg["program"], path, r.roots(), r.cwd()) != tree {
				r.uprooted[path] = true
			}
		}
	}
}

// end lets the exec in the background come to its end, or ends it by a signal.
func (w *world) end(o op) {
	r := w.running
	if r == nil {
		return
	}
	w.running = r.beside
	defer r.cancel()
	switch how := o.given("how", "ok"); {
	case how == "kill" && r.blocked != "":
		w.note("kill -KILL $!")
		check(r.cmd.Process.Kill())
		w.await(r, never)
		w.release("ok") // too late for treefilter: the file stays pending
		for len(r.open) > 0 {
			_, name := w.nextLine(r)
			delete(r.open, places[name])
		}
		return
	case how == "term" && r.blocked != "":
		w.note("kill -TERM $!")
		check(r.cmd.Process.Signal(syscall.SIGTERM)) // which the command gets, too
		for path := range r.open {
			w.say(subject{r.arg["program"], path}, fact{what: failed, sure: true})
		}
	case r.blocked != "":
		w.release(how)
	}
	w.await(r, never)
	if r.blocked != "" {
		w.note("wait")
	}
	w.finish(r)
}

// release lets the blocked command go on, to the given outcome.
func (w *world) release(outcome string) {
	w.note("echo %s >../gate", outcome)
	_, err := w.gate.WriteString(outcome + "\n")
	check(err)
}

// finish says what an exec that has ended has done.
func (w *world) finish(r *running) {
	res := result{code: r.cmd.ProcessState.ExitCode(), out: r.stdout.String(), err: r.stderr.String(), began: r.began, under: r.under}
	w.noteResult(res)
	for _, path := range r.started {
		if r.uprooted[path] {
			w.say(subject{r.arg["program"], path}, fact{what: unknown, sure: true})
		}
	}
	switch {
	case r.blocked != "" && res.code == 128+int(syscall.SIGTERM):
		res.code = 0 // what was done is stored
	case r.blocked == "" && !w.anyDamage():
		w.compare(r.expect, r.started)
		want := 0
		if r.failed {
			want = 1
		}
		w.mustEnd(res, want)
	}
	for _, path := range r.started {
		s := subject{r.arg["program"], path}
		if w.names(res, r.op, path) {
			w.say(s, fact{what: dropped}) // another run had to do with it meanwhile
		}
		facts := w.history[s]
		// If something else was said meanwhile, their order is not known. The same
		// goes for a dump and a later discard.
		f, _ := w.look(path)
		if done := r.done[path]; done != nil && done.seq == facts[len(facts)-1].seq && done.file == f {
			w.stamp(s, done.tree, r.op, res, w.dumped[treeOf{s.program, done.tree}] <= r.seq)
		}
	}
	w.refreshed(r.op, r.expect, res, false)
}
