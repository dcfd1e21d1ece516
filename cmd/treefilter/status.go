package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"treefilter/filter"
	"treefilter/store/rule"
	"treefilter/walk"
)

// statusCommand shows what is stored and what is pending.
type statusCommand struct {
	trees
	stdinFlag
	JSON bool `name:"json" help:"print an object a line, one for each tree"`
	delimiterFlags
	detectFlag
	outputFlag
	giveUpFlag
	selectionFlags
	lookingFlags
}

func (*statusCommand) page() page {
	return page{
		usage:   "treefilter status [ROOT...]",
		example: `treefilter status -c quality=90 /photos`,
		text: `Shows the state of each tree: its stamps and its files, how many need work and
why, its state files and what is wrong with them. Trees in a tree are shown on
their own. Without a ROOT it is the current directory, or with --state-dir every
tree in that. With --stdin its files are those that stdin names. Where no config
is given, each tree is judged by the one that it has stored. Nothing is written.`,
		exits: `0         all done, whether something needs work or not
1         damaged state, or paths that could not be examined
2         usage; a ROOT that cannot be read; output failure
130, 143  ended by SIGINT, SIGTERM`,
	}
}

func (c *statusCommand) run(ctx context.Context, s *stdio) error {
	job := &filter.Status{Selection: filter.Selection{Options: c.options(s), InDelimiter: c.delimiter(walk.Detect)}}
	if c.Stdin {
		var err error
		if job.In, err = s.stdin(); err != nil {
			return err
		}
	}
	if err := c.choose(&job.Selection, s); err != nil {
		return err
	}
	job.Detect, job.GiveUp, job.Outputs = rule.Detect(c.Detect), int(c.GiveUp), filter.Outputs(c.Output)
	if err := c.configure(&job.Options); err != nil {
		return err
	}
	moreProcs()
	stop := func() {}
	if isTerminal(s.voice.w) && os.Getenv("TERM") != "dumb" {
		job.Examined = new(atomic.Int64)
		stop = s.voice.watch(job.Examined)
	}
	trees, err := abandonable(ctx, func() ([]*filter.TreeStatus, error) { return job.Run(ctx) })
	stop()
	return errors.Join(c.print(s, trees), err)
}

func (c *statusCommand) print(s *stdio, trees []*filter.TreeStatus) error {
	for _, t := range trees {
		if t.Contents != nil && len(t.Damage) > 0 {
			s.exit.Store(exitIncomplete)
		}
	}
	out, style := s.stdout(), styleOf(s.out)
	for i, t := range trees {
		if c.JSON {
			if err := filter.WriteJSON(out, t); err != nil {
				return err
			}
			continue
		}
		if t.Err != nil {
			continue // is said on stderr
		}
		text := statusText(t, style)
		if i > 0 {
			text = "\n" + text
		}
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
	}
	return nil
}

// statusText shows one tree: its root, and below it a fact a line.
func statusText(t *filter.TreeStatus, st style) string {
	var b strings.Builder
	fmt.Fprintln(&b, st.bold(printable(cmp.Or(t.Root, t.Folder))))
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "  %-9s %s\n", what, fmt.Sprintf(format, args...))
	}
	line("tree", "%s", t.Why)
	line("program", "%s", printable(t.Program))
	if t.Contents == nil {
		line("state", "%s: remove it if it is not needed", printable(t.Folder))
		return b.String()
	}
	switch {
	case t.Config == nil:
		line("config", "none stored")
	case t.ConfigUsed == filter.StoredConfig:
		line("config", "%s", asStored(t.Config))
	default:
		line("config", "%s", printable(t.Config.Describe()))
	}
	line("stamps", "%d%s", t.Stamps, gone(t.Gone))
	if t.Void > 0 {
		line("void", "%s", st.warn(fmt.Sprintf("%d, made under another config%s", t.Void, changes(t.Changes))))
	}
	line("files", "%d", t.Files)
	if t.NeedsWork == 0 {
		line("pending", "0")
	} else {
		line("pending", "%s", st.warn(fmt.Sprint(t.NeedsWork, reasonsOf(t.Pending))))
	}
	if len(t.Failed) > 0 {
		line("failed", "%s", runsOf(t.Failed))
	}
	if t.GivenUp > 0 {
		line("given up", "%s", st.warn(fmt.Sprint(t.GivenUp)))
	}
	if !t.Snapshot.Exists {
		line("snapshot", "none")
	} else if t.LastDump == (filter.Time{}) {
		line("snapshot", "cannot be opened")
	} else {
		line("snapshot", "%s, dumped %s", filter.Counted(t.Snapshot.Stamps, "stamp"), day(t.LastDump))
	}
	if t.WAL.Exists {
		line("WAL", "%s, %s%s", filter.Counted(t.WAL.Records, "record"), filter.Counted(t.WAL.Bytes, "byte"), lastCommit(t))
	} else {
		line("WAL", "none")
	}
	open := 0
	for _, s := range t.Segments {
		if !s.Ended {
			open++
		}
	}
	if n := len(t.Segments); n > 0 {
		line("segments", "%d, %d without an end", n, open)
	}
	for _, s := range t.Segments {
		if !s.Ended {
			line("", "%s", printable(writerOf(s)))
		}
	}
	if t.Dumping != nil {
		line("dump", "%s", printable(describe(t.Dumping.Err)))
	}
	for _, err := range t.Damage {
		line("damage", "%s", st.bad(printable(describe(err.Err))))
	}
	return b.String()
}

// day shows a time to the second.
func day(t filter.Time) string { return time.Unix(t.Sec, 0).Format(time.DateTime) }

func lastCommit(t *filter.TreeStatus) string {
	if t.LastCommit == (filter.Time{}) {
		return ""
	}
	return ", last commit " + day(t.LastCommit)
}

// writerOf says who writes a segment that has no end.
func writerOf(s filter.SegmentStatus) string {
	switch {
	case s.Host == "":
		return s.Path + ": it is not known whose"
	case s.Gone:
		return fmt.Sprintf("%s: of process %d on %s, which is gone", s.Path, s.PID, s.Host)
	}
	return fmt.Sprintf("%s: of process %d on %s", s.Path, s.PID, s.Host)
}

// gone returns how many stamps are of files that are not there.
func gone(n int64) string {
	switch n {
	case 0:
		return ""
	case 1:
		return ", 1 of a file that is gone"
	}
	return fmt.Sprintf(", %d of files that are gone", n)
}

func changes(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return " (" + printable(strings.Join(list, ", ")) + ")"
}

// reasonsOf lists why files are pending, the most frequent reason first.
func reasonsOf(pending map[rule.Reason]int64) string {
	var reasons []rule.Reason
	for r := range pending {
		reasons = append(reasons, r)
	}
	slices.SortFunc(reasons, func(a, b rule.Reason) int {
		if pending[a] != pending[b] {
			return int(pending[b] - pending[a])
		}
		return int(a - b)
	})
	var parts []string
	for _, r := range reasons {
		parts = append(parts, fmt.Sprintf("%d %v", pending[r], r))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// runsOf lists on how many files the command failed in how many runs in a row.
func runsOf(failed map[int]int64) string {
	var parts []string
	for _, runs := range slices.Sorted(maps.Keys(failed)) {
		parts = append(parts, fmt.Sprintf("%d in %s", failed[runs], filter.Counted(runs, "run")))
	}
	return strings.Join(parts, ", ")
}

// style colours what a terminal shows.
type style struct{ on bool }

// styleOf returns the style for a stream: colours for a terminal, unless NO_COLOR
// or TERM rule them out.
func styleOf(w io.Writer) style {
	return style{isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (s style) bold(text string) string { return s.paint("1", text) }
func (s style) warn(text string) string { return s.paint("33", text) }
func (s style) bad(text string) string  { return s.paint("31", text) }

func (s style) paint(code, text string) string {
	if !s.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[m"
}
