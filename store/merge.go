package store

// merge writes a snapshot of the stamps of a base, read in place, as changed
// by over. Both come in walk order, so neither is held or sorted as a whole,
// and stretches that nothing changes are copied as they stand.
type merge struct {
	base *state // nil: there is nothing but over
	over *overlay
	runs []*run // of over, in order
	out  *snapshotWriter
	// volume is the file system of the tree, "" where it is not known.
	volume string
}

// write writes the whole snapshot and returns how many stamps it holds.
func (m *merge) write(program string, c Config) (stamps int64, err error) {
	m.runs = m.over.sorted()
	m.out.header(header{program, c, m.volume})

	times, digests := m.sections()
	m.out.beginTimes(times.base == nil && m.over.empty())
	if stamps, err = times.write(m, appendTimeOf); err != nil {
		return 0, err
	}
	m.out.endTimes(stamps)

	if digests.base != nil || m.over.hasDigests() {
		m.out.beginDigests()
		n, err := digests.write(m, appendDigestOf)
		if err != nil {
			return 0, err
		}
		m.out.endDigests(n)
	}
	return stamps, m.out.finish()
}

func appendTimeOf(b []byte, path string, it *item) []byte { return appendEntry(b, path, it.time) }

func appendDigestOf(b []byte, path string, it *item) []byte {
	if it.digest == nil {
		return b
	}
	return appendDigest(b, path, it.digest)
}

// mergeSection is one section of the base, through two cursors: one looks for
// what over changes, the other follows and copies what it leaves.
type mergeSection struct {
	base, copied *cursor
	entries      int64
}

func (m *merge) sections() (times, digests mergeSection) {
	if m.base == nil {
		return
	}
	times = mergeSection{m.base.cursor(timesOf), m.base.cursor(timesOf), m.base.entries()}
	if m.base.trailer.digests > 0 && m.base.salvaged == nil {
		digests = mergeSection{m.base.cursor(digestsOf), m.base.cursor(digestsOf), m.base.trailer.digests}
	}
	return times, digests
}

// write merges the section and returns how many entries it has now.
func (s mergeSection) write(m *merge, encode func([]byte, string, *item) []byte) (entries int64, err error) {
	entries = s.entries
	var path []byte
	for _, r := range m.runs {
		if path = append(path[:0], r.dir...); len(path) > 0 {
			path = append(path, '/')
		}
		dir := len(path)
		for i := range r.items {
			it := &r.items[i]
			replaced, err := s.skip(m.out, r.dir, it.name)
			if err != nil {
				return 0, err
			}
			if replaced {
				entries--
			}
			if it.drop {
				continue
			}
			before := len(m.out.buf)
			path = append(path[:dir], it.name...)
			m.out.buf = encode(m.out.buf, stringView(path), it)
			if len(m.out.buf) > before {
				entries++
			}
			if err := m.out.spill(); err != nil {
				return 0, err
			}
		}
	}
	if s.base == nil {
		return entries, nil
	}
	return entries, s.copyTo(m.out, s.base.span.end)
}

// skip copies what the base holds before a path, and passes over its entry of
// that path, where it has one.
func (s mergeSection) skip(out *snapshotWriter, dir, name string) (found bool, err error) {
	if s.base == nil {
		return false, nil
	}
	s.base.enter(dir)
	value, err := s.base.find(name)
	if err != nil {
		return false, err
	}
	if value == nil {
		return false, s.copyTo(out, s.base.pos)
	}
	if err := s.copyTo(out, s.base.found); err != nil {
		return false, err
	}
	s.copied.pos = s.base.pos
	return true, nil
}

func (s mergeSection) copyTo(out *snapshotWriter, end int64) error {
	c := s.copied
	for c.pos < end {
		if err := c.load(c.pos); err != nil {
			return err
		}
		stop := min(end, c.safe)
		if err := out.raw(c.buf[c.pos-c.base : stop-c.base]); err != nil {
			return err
		}
		c.pos = stop
	}
	return nil
}
