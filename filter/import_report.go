package filter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"treefilter/store/treestamps"
)

// reportFiles says what does not count of the files that were read.
func (r *importRun) reportFiles() {
	for _, f := range r.files {
		if r.isVoid(f) {
			r.report.notice(&pathError{f.Path, fmt.Errorf("%s: %s void", r.whyVoid(f), Counted(len(f.Stamps), "stamp"))})
		}
	}
	for _, f := range r.files {
		for _, err := range f.Bad {
			r.report.warn(err)
		}
	}
}

func (r *importRun) isVoid(f *treestamps.File) bool {
	return f.Made != r.newest.Made && len(f.Stamps) > 0
}

func (r *importRun) whyVoid(f *treestamps.File) string {
	switch {
	case f.ConfigErr != nil:
		return f.ConfigErr.Error()
	case r.newest.ConfigErr != nil:
		return "made under another config"
	}
	return fmt.Sprintf("made under another config (%s)", strings.Join(f.Config.Diff(r.newest.Config), ", "))
}

// summarize says what became of the files, and how to go on.
func (r *importRun) summarize() {
	unread := 0
	for _, f := range r.files {
		unread += len(f.Bad)
	}
	gone := 0
	if r.root.only == "" {
		gone = r.past.gone(r.root, r.walk.Choice)
	}
	text := fmt.Sprintf("%s taken over, ", Counted(r.stamped, "stamp"))
	if r.before > 0 {
		text += fmt.Sprintf("%d known before, ", r.before)
	}
	text += fmt.Sprintf("%d pending, %d gone, %d unreadable", r.pending+r.covered-r.stamped, gone, unread)
	r.report.notice(&pathError{r.root.real, errors.New(text)})
	walked := &WalkNotice{Root: r.root.real}
	for _, f := range r.files {
		walked.Ignore = append(walked.Ignore, f.Ignore...)
		walked.Follow = walked.Follow || f.Follow
	}
	slices.Sort(walked.Ignore)
	walked.Ignore = slices.Compact(walked.Ignore)
	if walked.Follow || len(walked.Ignore) > 0 {
		r.report.notice(walked)
	}
}
