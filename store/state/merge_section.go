package state

import (
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/snapshot"
)

// mergeSection is one section of the base, through two cursors: one looks for
// what newer words change, the other follows and copies what they leave.
type mergeSection struct {
	base, copied *snapshot.Cursor
	entries      int64
}

// write merges the section and returns how many entries it has now. encode
// writes the entry of a newer word, if it has one in this section.
func (s mergeSection) write(m *merge, out *format.SnapshotWriter, encode func([]byte, string, *memtable.Word) []byte) (entries int64, err error) {
	entries = s.entries
	var path []byte
	for dir, it := range m.over.All() {
		replaced, err := s.skip(out, dir, it.Name)
		if err != nil {
			return 0, err
		}
		if replaced {
			entries--
		}
		if path = append(path[:0], dir...); dir != "" {
			path = append(path, '/')
		}
		path = append(path, it.Name...)
		before := len(out.Buf)
		out.Buf = encode(out.Buf, format.StringView(path), it)
		if len(out.Buf) > before {
			entries++
		}
		if err := out.Spill(); err != nil {
			return 0, err
		}
	}
	if s.base == nil {
		return entries, nil
	}
	return entries, s.copyTo(out, s.base.Span.End)
}

// skip copies what the base holds before a path, and passes over its entry of
// that path, where it has one.
func (s mergeSection) skip(out *format.SnapshotWriter, dir, name string) (found bool, err error) {
	if s.base == nil {
		return false, nil
	}
	s.base.Enter(dir)
	value, err := s.base.Find(name)
	if err != nil {
		return false, err
	}
	if value == nil {
		return false, s.copyTo(out, s.base.Pos)
	}
	if err := s.copyTo(out, s.base.Found); err != nil {
		return false, err
	}
	s.copied.Pos = s.base.Pos
	return true, nil
}

func (s mergeSection) copyTo(out *format.SnapshotWriter, end int64) error {
	return copyTo(out, s.copied, end)
}

// copyTo copies what lies before an offset, as it stands.
func copyTo(out *format.SnapshotWriter, c *snapshot.Cursor, end int64) error {
	for c.Pos < end {
		if err := c.Load(c.Pos); err != nil {
			return err
		}
		stop := min(end, c.Safe)
		if err := out.Raw(c.Buf[c.Pos-c.Base : stop-c.Base]); err != nil {
			return err
		}
		c.Pos = stop
	}
	return nil
}
