package main

// contender is one column of a row.
type contender struct {
	command
	want   string       // what it must print, every time
	before func() error // what must be done before each call, not timed
}

// series are the samples of one contender.
type series struct {
	name    string
	shell   string
	samples []sample
}

// result is one row, measured on one tree.
type result struct {
	row    string
	tree   tree
	series []series
}

// key finds a result.
type key struct {
	row, shape string
	files      int
}

type results map[key]*result

// quickRow is the number of files below which a run takes so little that
// three times the rounds cost nothing and steady the median.
const quickRow = 20_000

// rounds is how often the contenders of a row take their turn.
func (b *bench) rounds(row string, t tree) int {
	if t.files < quickRow || row == "one-path" || row == "narrow" {
		return 3 * b.Runs
	}
	return b.Runs
}

// measure lets the contenders run in turn. The first round warms the caches
// and is thrown away.
func (b *bench) measure(row string, t tree, cs []contender) error {
	r := &result{row: row, tree: t}
	for _, c := range cs {
		r.series = append(r.series, series{name: c.name, shell: b.shell(c.command)})
	}
	for round := range b.rounds(row, t) + 1 {
		for i, c := range cs {
			s, err := b.turn(c)
			if err != nil {
				return err
			}
			if round > 0 {
				r.series[i].samples = append(r.series[i].samples, s)
			}
		}
	}
	b.results[key{row, t.shape, t.files}] = r
	r.show()
	return nil
}

// show prints at once what will be in the report: a whole run takes long, and
// may be interrupted.
func (r *result) show() {
	for i := range r.series {
		s := &r.series[i]
		progress("    %-28s %s, x %.2f, %s MB", s.name, spread(s), s.ratio(&r.series[0]), megabytes(s.peak()))
	}
}

func (b *bench) turn(c contender) (sample, error) {
	if c.before != nil {
		if err := c.before(); err != nil {
			return sample{}, err
		}
	}
	return b.mustPrint(c.command, c.want)
}

// find returns the series of a contender, nil when it did not take part.
func (r *result) find(name string) *series {
	if r == nil {
		return nil
	}
	for i := range r.series {
		if r.series[i].name == name {
			return &r.series[i]
		}
	}
	return nil
}
