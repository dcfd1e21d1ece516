package main

// contender is one column of a row.
type contender struct {
	command
	want   string       // what it must print, every time
	before func() error // what must be done before each call, not timed

	run func(command) (sample, error) // in place of running it to its end
}

// series are the samples of one contender.
type series struct {
	name    string
	shell   string // empty where the samples come from a file
	samples []sample
}

// result is one row, measured on one tree.
type result struct {
	row, tree string
	files     int
	series    []series
}

// rounds is how often the contenders of a row take their turn, and how many rounds
// before that warm the caches and are thrown away.
func (b *bench) rounds(row string) (counted, warming int) {
	switch row {
	case "start", "one-path", "narrow":
		return 3 * b.Runs, 1
	case "cold", "slow":
		return (b.Runs + 3) / 2, 0
	case "huge":
		return max(1, (b.Runs-1)/2), 0
	}
	return b.Runs, 1
}

// measure lets the contenders run in turn.
func (b *bench) measure(row string, t tree, cs []contender) error {
	r := &result{row: row, tree: t.name, files: t.files}
	for _, c := range cs {
		r.series = append(r.series, series{name: c.name, shell: b.shell(c.command)})
	}
	counted, warming := b.rounds(row)
	for round := range warming + counted {
		for i, c := range cs {
			s, err := c.take(b)
			if err != nil {
				return err
			}
			if round >= warming {
				r.series[i].samples = append(r.series[i].samples, s)
			}
		}
	}
	b.results = append(b.results, r)
	r.show()
	return nil
}

// show prints at once what will be in the report: a whole run takes long, and
// may be interrupted.
func (r *result) show() {
	for i := range r.series {
		s := &r.series[i]
		progress("    %-32s %s, x %.2f, %s MB", s.name, spread(s), s.ratio(&r.series[0]), megabytes(s.peak()))
	}
}

// take is one turn.
func (c contender) take(b *bench) (sample, error) {
	if c.before != nil {
		if err := c.before(); err != nil {
			return sample{}, err
		}
	}
	if c.run != nil {
		return c.run(c.command)
	}
	return b.mustPrint(c.command, c.want)
}

// find returns the series of a contender, nil when it did not take part.
func (r *result) find(name string) *series {
	for i := range r.series {
		if r.series[i].name == name {
			return &r.series[i]
		}
	}
	return nil
}
