package filter

import (
	"context"
	"encoding/json"
)

// Explain tells of paths why they would be emitted, or would not.
type Explain struct {
	Options
	Paths []string
}

// Explanation is what the filter makes of one path, and from what.
type Explanation struct {
	Path string
	Evidence
	Reason
	Detect Detect
	// Tree is the root of the tree whose stamp decided, and Source the state
	// file that holds it. Where there is no stamp, Tree is the one that a commit
	// would write it to, "" for none.
	Tree, Source string
	// Changes are the settings that made the stamp void.
	Changes []string
}

// Run hands over an explanation of each path that there is, in their order.
func (e *Explain) Run(ctx context.Context, take func(*Explanation) error) error {
	g, err := e.openGrove(nil)
	if err != nil {
		return err
	}
	defer g.Close()
	r := (&Filter{Options: e.Options}).newRun(nil, g, newReporter(&e.Options))
	r.voids = true
	r.met = r.report.problems // what is void is said of each path
	r.prepare(1)
	for _, path := range e.Paths {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		x, err := r.explain(ctx, &r.lookups[0], path)
		if err != nil {
			r.report.warn(err)
		}
		if x.Reason == NoFile {
			continue
		}
		if err := take(x); err != nil {
			return err
		}
	}
	for _, t := range g.Trees() {
		r.report.problems(t)
	}
	return nil
}

func (r *filterRun) explain(ctx context.Context, look *lookup, path string) (*Explanation, error) {
	f, err := r.judgePath(look, path)
	look.looker.Close()
	found := []finding{f}
	for _, warn := range r.read(ctx, found) {
		r.report.warn(warn)
	}
	f = found[0]
	x := &Explanation{Path: path, Evidence: f.Evidence, Reason: f.Reason, Detect: r.Detect}
	_, name := splitGiven(path)
	switch {
	case err != nil, f.Reason == IsDirectory, f.Reason == IsState, f.Reason == IsRemoved:
	case f.Stamped:
		by := look.readers[look.by]
		x.Tree, x.Source = by.tree.Root(), by.Source(name)
	case f.Void:
		by := look.readers[look.by]
		x.Tree, x.Source = by.tree.Root(), by.void.Source(name)
		_, x.Changes = by.tree.Void()
	default:
		if t, err := r.grove.Owner(look.dir, nil); err == nil {
			x.Tree = t.Root()
		}
	}
	return x, err
}

// MarshalJSON gives what --json prints.
func (x *Explanation) MarshalJSON() ([]byte, error) {
	f := finding{Evidence: x.Evidence, Reason: x.Reason}
	line := struct {
		Line
		NeedsWork bool         `json:"needs_work"`
		Detect    string       `json:"detect"`
		Tree      string       `json:"tree,omitempty"`
		Source    string       `json:"source,omitempty"`
		Void      *json.Number `json:"void_stamp,omitempty"`
		Changes   []string     `json:"config_changes,omitempty"`
	}{
		newLine(x.Path, &f), x.NeedsWork(), x.Detect.String(), x.Tree, x.Source, nil, x.Changes,
	}
	if x.Void {
		void := number(x.Stamp)
		line.Void = &void
	}
	return marshal(line)
}
