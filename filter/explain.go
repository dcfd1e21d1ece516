package filter

import (
	"bytes"
	"context"

	"treefilter/store/rule"
	"treefilter/store/state"
)

// Explain says of paths why they would be emitted, or would not.
type Explain struct {
	Options
	Paths []string
}

// Explanation is what the filter makes of one path, and from what.
type Explanation struct {
	Path string
	rule.Evidence
	rule.Reason
	Detect rule.Detect
	// Tree is the root of the tree that the file belongs to, "" for none, and Why
	// says why it is that one. Source is the state file that holds the stamp.
	Tree, Why, Source string
	// Config is that of the tree's newest stamps, nil for none, and ConfigUsed says
	// whether it decides which count. Changes are the settings that made the stamp void.
	Config     *Config
	ConfigUsed ConfigUsed
	Changes    []string
	// Missing is the output that is not there.
	Missing string
}

// Run hands over an explanation of each path that there is, in their order.
func (e *Explain) Run(ctx context.Context, take func(*Explanation) error) error {
	g, err := e.openGrove(nil)
	if err != nil {
		return err
	}
	defer g.Close()
	// What is void is said of each path.
	s := newSelector(&Selection{Options: e.Options}, nil, g, newReporter(&e.Options, damageOnly))
	s.voids = true
	judge := s.newPathJudge(nil)
	for _, path := range e.Paths {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		x, err := judge.explain(ctx, path)
		if err != nil {
			s.report.warn(err)
		}
		if x.Reason == rule.NoFile {
			continue
		}
		if err := take(x); err != nil {
			return err
		}
	}
	for _, t := range g.Trees() {
		s.report.problems(t)
	}
	return nil
}

func (j *pathJudge) explain(ctx context.Context, path string) (*Explanation, error) {
	f, err := j.judge(path)
	j.close()
	found := []finding{f}
	for _, warn := range j.read(ctx, found) {
		j.report.warn(warn)
	}
	f = found[0]
	x := &Explanation{Path: path, Evidence: f.Evidence, Reason: f.Reason, Detect: j.Detect}
	if f.location == nil || f.tree == nil {
		return x, err
	}
	if f.NoOutput {
		x.Missing = j.outputs.missing(j.outputs.source(f.filePath))
	}
	x.Tree, x.Why = f.tree.Root(), f.tree.Origin().String()
	x.ConfigUsed = j.configUsed(f.tree)
	if stored, any := f.tree.Stored(); any {
		x.Config = &stored
	}
	switch f.Standing {
	case state.OtherConfig:
		x.Source = j.stamps.reader.Source(f.name)
		x.Changes = j.stamps.reader.Changes(f.name)
	case state.Stamped:
		x.Source = j.stamps.reader.Source(f.name)
	}
	return x, nil
}

// failedLine is what --json says of failures that are remembered.
type failedLine struct {
	Runs  int        `json:"runs"`
	At    state.Time `json:"at"`
	Mtime state.Time `json:"mtime"`
}

// MarshalJSON gives what --json prints.
func (x *Explanation) MarshalJSON() ([]byte, error) {
	f := finding{Evidence: x.Evidence, Reason: x.Reason}
	line := struct {
		Line
		NeedsWork bool        `json:"needs_work"`
		Detect    string      `json:"detect"`
		Tree      string      `json:"tree,omitempty"`
		Why       string      `json:"tree_why,omitempty"`
		Source    string      `json:"source,omitempty"`
		Config    *Config     `json:"config,omitempty"`
		Used      ConfigUsed  `json:"config_used,omitempty"`
		Void      *state.Time `json:"void_stamp,omitempty"`
		Changes   []string    `json:"config_changes,omitempty"`
		Missing   string      `json:"missing_output,omitempty"`
		Failed    *failedLine `json:"failed,omitempty"`
	}{
		newLine(x.Path, &f), x.NeedsWork(), x.Detect.String(), x.Tree, x.Why, x.Source, x.Config, x.ConfigUsed, nil, x.Changes, x.Missing, nil,
	}
	if x.Failure != nil {
		line.Failed = &failedLine{x.Failure.Runs, x.Failure.At, x.Failure.File.Time}
	}
	if x.Standing == state.OtherConfig {
		line.Void = &x.Stamp.Time
	}
	var b bytes.Buffer
	err := WriteJSON(&b, line)
	return b.Bytes(), err
}
