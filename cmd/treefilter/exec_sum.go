package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"treefilter/filter"
)

// namedFailures is how many failures are named one by one: what scrolls away is not
// read.
const namedFailures = 20

// nameFailures says how much is said of single failures.
func (c *execCommand) nameFailures(job *filter.Exec, s *stdio) {
	if c.Verbose || c.Quiet {
		return
	}
	job.MaxNamed = namedFailures
	job.Unnamed = func(files int) {
		s.voice.line(fmt.Sprintf("... and %s more failed; -v lists them", grouped(files)))
	}
}

// sumUp returns what says at the end what became of the files: on a terminal, or
// where it was asked for. With -q it says how many messages were kept back.
func (c *execCommand) sumUp(job *filter.Exec, s *stdio) (sum func()) {
	began := time.Now()
	if c.Quiet {
		var others atomic.Int64
		job.Warn = keepBack(job.Warn, &others, func() { s.exit.Store(exitIncomplete) })
		job.Notice = keepBack(job.Notice, new(atomic.Int64), func() {})
		return func() {
			words := nonZero([]part{{job.Progress.Failed.Load(), "failed"}, {job.Progress.InHand.Load(), "in hand elsewhere"}})
			if n := others.Load(); n > 0 {
				words = append(words, filter.Counted(n, "other warning"))
			}
			if len(words) > 0 {
				s.voice.line(strings.Join(words, ", "))
			}
		}
	}
	if !c.Verbose && !isTerminal(s.voice.w) {
		return func() {}
	}
	return func() {
		if job.Progress.Began.Load() != nil {
			s.voice.line(sumOf(job.Progress) + ", " + shortly(time.Since(began)))
		}
	}
}

// keepBack returns a say that only counts what is about single files, and that no
// command failed on.
func keepBack(say func(error), kept *atomic.Int64, note func()) func(error) {
	return func(err error) {
		if !filter.IsOfFile(err) {
			say(err)
			return
		}
		note()
		if !filter.IsFailure(err) {
			kept.Add(1)
		}
	}
}

// part is a number of files, and what became of them.
type part struct {
	files int64
	what  string
}

// sumOf words what became of the files.
func sumOf(p *filter.Progress) string {
	parts := nonZero([]part{
		{p.Succeeded.Load(), "done"},
		{p.Failed.Load(), "failed"},
		{p.GivenUp.Load(), "given up"},
		{p.Pending.Load(), "left pending"},
		{p.InHand.Load(), "in hand elsewhere"},
		{p.UpToDate.Load(), "up to date"},
	})
	if len(parts) == 0 {
		return "0 done"
	}
	return strings.Join(parts, ", ")
}

func nonZero(parts []part) (words []string) {
	for _, p := range parts {
		if p.files > 0 {
			words = append(words, grouped(p.files)+" "+p.what)
		}
	}
	return words
}

// grouped words a number in groups of three digits.
func grouped[N int | int64](n N) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// shortly words how long something took.
func shortly(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// showCommand prints a command as a shell would read it.
func (s *stdio) showCommand(args []string) error {
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = shellWord(arg)
	}
	line := strings.Join(words, " ") + "\n"
	out := s.stdout()
	if isTerminal(s.out) {
		out = &terminal{w: s.out, lines: true}
	}
	_, err := out.Write([]byte(line))
	return err
}
