package snapshot

import (
	"bytes"
	"strings"

	"treefilter/store/internal/format"
)

// Cursor looks entries up in one section of a snapshot. It is quick when asked
// in walk order: then the section is read front to back, side by side with the
// walk, and nothing is searched or indexed. For one goroutine.
type Cursor struct {
	src  *source
	Span format.Span

	// The window: a part of the file, in whole blocks, and how far it holds
	// whole lines.
	Buf  []byte
	Base int64
	Safe int64
	own  []byte // for windows that are not shared
	held *chunk // for those that are

	// Where the next entry is expected: every entry before pos sorts below
	// the file asked for last.
	Pos    int64
	Found  int64 // where the entry that find returned last begins
	dir    string
	name   string
	back   bool   // pos may lie too far on: dir sorts below the directory before it
	prefix []byte // "    " + dir + "/"
}

func NewCursor(src *source, sp format.Span) *Cursor { return &Cursor{src: src, Span: sp, Pos: sp.At} }

// Enter makes dir the directory of the names to come.
func (c *Cursor) Enter(dir string) {
	if dir == c.dir && c.prefix != nil {
		return
	}
	c.back = c.back || format.CompareDirs(dir, c.dir) < 0
	c.dir, c.name = dir, ""
	c.prefix = append(c.prefix[:0], format.EntryIndent...)
	if dir != "" {
		c.prefix = append(append(c.prefix, dir...), '/')
	}
}

// Find returns the value of a name in the directory entered last, nil when it
// has no entry. Names asked for in order cost little more than a comparison.
func (c *Cursor) Find(name string) (value []byte, err error) {
	back := c.back || name <= c.name
	// So many entries are passed over one by one before it pays to search. The
	// first name of a directory is next in line, or other directories lie between.
	few := 8
	if c.name == "" {
		few = 1
	}
	c.name, c.back = name, false
	if back {
		if c.Pos, err = c.searchBack(c.Pos); err != nil {
			return nil, err
		}
	}
	for range few {
		if c.Pos >= c.Span.End {
			return nil, nil
		}
		if err := c.Load(c.Pos); err != nil {
			return nil, err
		}
		if value, n := c.match(); n > 0 {
			c.Found, c.Pos = c.Pos, c.Pos+n
			return value, nil
		}
		value, order, next, err := c.compare(c.Pos)
		if err != nil || order > 0 {
			return nil, err
		}
		c.Found, c.Pos = c.Pos, next
		if order == 0 {
			return value, nil
		}
	}
	if c.Pos, err = c.search(c.Pos, c.Span.End); err != nil || c.Pos >= c.Span.End {
		return nil, err
	}
	value, order, next, err := c.compare(c.Pos)
	if err != nil || order != 0 {
		return nil, err
	}
	c.Found, c.Pos = c.Pos, next
	return value, nil
}

// compare orders the entry at pos against the file asked for: below 0 where it
// sorts before.
func (c *Cursor) compare(pos int64) (value []byte, order int, next int64, err error) {
	path, value, next, err := c.Entry(pos)
	if err != nil {
		return nil, 0, 0, err
	}
	dir, name := format.SplitPath(path)
	if order = format.CompareDirs(dir, c.dir); order == 0 {
		order = strings.Compare(name, c.name)
	}
	return value, order, next, nil
}

// near is how many bytes are quicker read through than halved again.
const near = 512

// search returns the first entry that does not sort before the file asked for,
// knowing that it begins at lo at the earliest and at hi at the latest. It
// gallops, since a walk asks for what lies a little further on, then halves.
func (c *Cursor) search(lo, hi int64) (int64, error) {
	for step := int64(near); lo+step < hi; step *= 4 {
		at, next, err := c.before(lo + step)
		if err != nil {
			return 0, err
		}
		if next == 0 {
			hi = min(hi, at)
			break
		}
		lo = next
	}
	return c.halve(lo, hi)
}

// searchBack does the same where the entry may begin before hi, however far.
// Several workers on one tree step back a little at a time: one takes the next
// directory while another finds out what is below the one before.
func (c *Cursor) searchBack(hi int64) (int64, error) {
	lo := c.Span.At
	for step := int64(near); hi-step > lo; step *= 4 {
		at, next, err := c.before(hi - step)
		if err != nil {
			return 0, err
		}
		if next > 0 {
			lo = next
			break
		}
		hi = min(hi, at)
	}
	return c.halve(lo, hi)
}

// halve is the end of a search.
func (c *Cursor) halve(lo, hi int64) (int64, error) {
	for hi-lo > near {
		mid := lo + (hi-lo)/2
		at, next, err := c.before(mid)
		switch {
		case err != nil:
			return 0, err
		case next > 0:
			lo = next
		case at >= hi:
			hi = mid // no entry begins between mid and hi
		default:
			hi = at
		}
	}
	for lo < hi {
		_, order, next, err := c.compare(lo)
		if err != nil {
			return 0, err
		}
		if order >= 0 {
			break
		}
		lo = next
	}
	return lo, nil
}

// before looks at the first entry that begins at or after from, at the offset
// at. Where it sorts before the file asked for, next is the end of it, else 0.
func (c *Cursor) before(from int64) (at, next int64, err error) {
	at, err = c.entryFrom(from)
	if err != nil || at >= c.Span.End {
		return at, 0, err
	}
	_, order, next, err := c.compare(at)
	if err != nil || order >= 0 {
		return at, 0, err
	}
	return at, next, nil
}

// match is the quick way for what nearly every call meets: a plain entry, the
// very one asked for, next in line. n is its length, 0 when it is not.
func (c *Cursor) match() (value []byte, n int64) {
	line := c.Buf[c.Pos-c.Base : c.Safe-c.Base]
	at := len(c.prefix) + len(c.name)
	if first := line[min(len(format.EntryIndent), len(line)-1)]; first == '"' || first == '!' || first == '?' {
		return nil, 0 // not the bytes of the path themselves
	}
	if len(line) < at+2 || line[at] != ':' || line[at+1] != ' ' ||
		string(line[len(c.prefix):at]) != c.name || !bytes.HasPrefix(line, c.prefix) {
		return nil, 0
	}
	// A name can be like two lines, or like a key and its value.
	if key := line[:at]; bytes.IndexByte(key, '\n') >= 0 || bytes.IndexByte(key, ':') >= 0 {
		return nil, 0
	}
	value = line[at+2:]
	end := format.UsualTime
	// A null and the line after it can have the length and the point of a time.
	if len(value) <= end || value[end] != '\n' || value[10] != '.' || value[0] == 'n' {
		end = bytes.IndexByte(value, '\n')
	}
	return value[:end], int64(at + 2 + end + 1)
}
