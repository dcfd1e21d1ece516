package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"treefilter/filter"
	"treefilter/store/rule"
)

// explainCommand says why each path would be printed, or would not.
type explainCommand struct {
	trees
	JSON bool `name:"json" help:"print an object a line"`
	detectFlag
	outputFlag
	giveUpFlag
	lookingFlags
}

func (*explainCommand) page() page {
	return page{
		usage:   "treefilter explain PATH...",
		example: `treefilter explain -c quality=90 /photos/tower.jpg`,
		text: `Says of each PATH whether the filter would print it and why: the tree that it
belongs to, its mtime and its stamp, and the file that holds the stamp. When the
stamp was made under another config, it names the settings that changed. Where
none is given, it judges by the one that is stored. The tree is found above the
path. Nothing is written.`,
		exits: `0         every path is explained
1         some paths could not be examined (each is named on stderr)
2         usage; output failure
130, 143  ended by SIGINT, SIGTERM`,
	}
}

func (c *explainCommand) run(ctx context.Context, s *stdio) error {
	if len(c.Roots) == 0 {
		return &usageError{reason: "explain: no PATH", hint: `"treefilter explain --help" shows an example`}
	}
	job := &filter.Explain{Options: c.options(s), Paths: c.Roots}
	job.Detect, job.GiveUp, job.Outputs = rule.Detect(c.Detect), int(c.GiveUp), filter.Outputs(c.Output)
	if err := c.configure(&job.Options); err != nil {
		return err
	}
	out := s.stdout()
	if isTerminal(out) {
		out = &terminal{w: out, lines: true}
	}
	return job.Run(ctx, func(x *filter.Explanation) error {
		if c.JSON {
			return filter.WriteJSON(out, x)
		}
		_, err := io.WriteString(out, explain(x))
		return err
	})
}

// explain words an explanation: the verdict, and below it what it rests on.
func explain(x *filter.Explanation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", printable(x.Path), verdict(x))
	switch x.Reason {
	case rule.IsDirectory, rule.IsState, rule.IsRemoved:
		return b.String()
	}
	line := func(what, text string) { fmt.Fprintf(&b, "  %-6s %s\n", what, text) }
	line("mtime", moment(x.Mtime))
	switch {
	case x.Source != "":
		line("stamp", moment(x.Stamp.Time)+", in "+printable(x.Source))
	default:
		line("stamp", "none")
	}
	if f := x.Failure; f != nil {
		line("failed", fmt.Sprintf("%s in a row, the last at %s, its mtime being %s", filter.Counted(f.Runs, "run"), moment(f.At), f.File.Time))
	}
	if x.Tree != "" {
		line("tree", printable(x.Tree)+" ("+x.Why+")")
	} else {
		line("tree", "none: the file lies in no tree, and not below the current directory")
	}
	line("rule", ruleText(x.Detect))
	if x.ConfigUsed == filter.StoredConfig {
		line("config", asStored(x.Config))
	}
	return b.String()
}

// asStored says that a stored config decides.
func asStored(stored *filter.Config) string {
	return "as stored: " + printable(stored.Describe()) + " (none was given)"
}

func verdict(x *filter.Explanation) string {
	why := map[rule.Reason]string{
		rule.Unstamped:      "it has no stamp",
		rule.OtherConfig:    "its stamp was made under another config",
		rule.Dropped:        "it has no stamp: its command failed or was stopped, or the stamp was discarded or forgotten",
		rule.Newer:          "its mtime is newer than its stamp",
		rule.Older:          "its mtime is older than its stamp",
		rule.FutureStamp:    "its stamp lies in the future and is not its mtime",
		rule.Touched:        "its mtime is not its stamp",
		rule.ContentUnknown: "its mtime is not its stamp, and no digest was recorded",
		rule.ContentUnread:  "its mtime is not its stamp, and its content cannot be read",
		rule.ContentChanged: "neither its mtime nor its content is what was recorded",
		rule.OutputMissing:  "its output is missing: " + printable(x.Missing),
		rule.Unchanged:      "its mtime is not newer than its stamp",
		rule.ContentSame:    "its mtime is not its stamp, but its content is what was recorded",
		rule.GivenUp:        "its command failed too often, and it has not changed since; the filter prints it all the same",
		rule.IsDirectory:    "a directory: only files are",
		rule.IsState:        "a state file of treefilter",
		rule.IsRemoved:      "removed while it was open, on a file server",
	}[x.Reason]
	switch {
	case x.Reason == rule.IsDirectory, x.Reason == rule.IsState, x.Reason == rule.IsRemoved:
		return "never printed: " + why
	case x.Reason == rule.Unchanged && x.Mtime == x.Stamp.Time:
		return "nothing to do: its mtime is its stamp"
	case x.Reason == rule.GivenUp:
		return "given up: " + why
	case !x.NeedsWork():
		return "nothing to do: " + why
	case len(x.Changes) > 0:
		return "needs work: " + why + " (" + printable(strings.Join(x.Changes, ", ")) + ")"
	}
	return "needs work: " + why
}

func ruleText(d rule.Detect) string {
	return d.String() + ": needs work " + map[rule.Detect]string{
		rule.DetectNewer:   "when its mtime is newer than its stamp",
		rule.DetectDiffers: "when its mtime is not its stamp",
		rule.DetectContent: "when neither its mtime nor its content is what was recorded",
	}[d]
}

// moment shows a time as the files hold it, and as people do.
func moment(t filter.Time) string {
	return t.String() + " (" + time.Unix(t.Sec, int64(t.Nsec)).Format("2006-01-02 15:04:05.999999999 -0700") + ")"
}
