package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"treefilter/filter"
	"treefilter/walk"
)

// statusCommand shows what is stored and what is pending.
type statusCommand struct {
	trees
	JSON bool `name:"json" help:"print an object a line, one for each tree"`
	detectFlag
	selectionFlags
	configFlags
}

func (*statusCommand) page() page {
	return page{
		usage:   "treefilter status [ROOT...]",
		example: `treefilter status -c quality=90 /photos`,
		text: `Shows the state of each tree: its stamps and its files, how many need work and
why, its state files and what is wrong with them. Trees in a tree are shown on
their own. Without a ROOT it is the current directory. Nothing is written.`,
		exits: `0         all done, whether something needs work or not
1         damaged state, or paths that could not be examined
2         usage; a ROOT that cannot be read; output failure
130, 143  ended by SIGINT, SIGTERM`,
	}
}

func (c *statusCommand) run(ctx context.Context, s *session) (needsWork bool, err error) {
	job := &filter.Status{Selection: filter.Selection{
		Options: c.options(s), Follow: c.Follow, OneFileSystem: c.OneFileSystem, Except: fileOf(s.out),
	}}
	job.Detect = filter.Detect(c.Detect)
	if job.Ignore, err = walk.ParseIgnore(c.Ignore); err != nil {
		return false, err
	}
	if err := c.configure(&job.Options); err != nil {
		return false, err
	}
	moreProcs()
	stop := func() {}
	if isTerminal(s.voice.w) && os.Getenv("TERM") != "dumb" {
		job.Examined = new(atomic.Int64)
		stop = s.voice.watch(job.Examined)
	}
	trees, err := abandonable(ctx, func() ([]*filter.TreeStatus, error) { return job.Run(ctx) })
	stop()
	return false, errors.Join(c.print(s, trees), err)
}

func (c *statusCommand) print(s *session, trees []*filter.TreeStatus) error {
	for _, t := range trees {
		if len(t.Damage) > 0 {
			s.warned.Store(true)
		}
	}
	out, style := s.stdout(), styleOf(s.out)
	for i, t := range trees {
		if c.JSON {
			if err := printJSON(out, t); err != nil {
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
	fmt.Fprintln(&b, st.bold(printable(t.Root)))
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "  %-9s %s\n", what, fmt.Sprintf(format, args...))
	}
	line("tree", "%s", t.Why)
	line("program", "%s", printable(t.Program))
	if t.ConfigHash == "" {
		line("config", "none stored")
	} else {
		line("config", "%s", printable(t.Config))
		line("", "sha256 %s", t.ConfigHash)
	}
	line("stamps", "%d%s", t.Counting, gone(t.Gone))
	if t.Void > 0 {
		line("void", "%s", st.warn(fmt.Sprintf("%d, made under another config%s", t.Void, changes(t.Changes))))
	}
	line("files", "%d", t.Files)
	if n := t.NeedsWork(); n == 0 {
		line("pending", "0")
	} else {
		line("pending", "%s", st.warn(fmt.Sprint(n, reasonsOf(t.Pending))))
	}
	if !t.HasSnapshot {
		line("snapshot", "none")
	} else if t.Dumped == (filter.Time{}) {
		line("snapshot", "cannot be opened")
	} else {
		line("snapshot", "%s, dumped %s", counted(t.Stamps, "stamp"), time.Unix(t.Dumped.Sec, int64(t.Dumped.Nsec)).Format(time.DateTime))
	}
	if t.HasWAL {
		line("WAL", "%s, %s", counted(t.Records, "record"), counted(t.WALSize, "byte"))
	} else {
		line("WAL", "none")
	}
	for _, err := range t.Damage {
		line("damage", "%s", st.bad(printable(describe(err))))
	}
	return b.String()
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

// counted puts a number before what it counts.
func counted[N int | int64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func changes(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return " (" + printable(strings.Join(list, ", ")) + ")"
}

// reasonsOf lists why files are pending, the most frequent reason first.
func reasonsOf(pending map[filter.Reason]int64) string {
	var reasons []filter.Reason
	for r := range pending {
		reasons = append(reasons, r)
	}
	slices.SortFunc(reasons, func(a, b filter.Reason) int {
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
