package snapshot

import (
	"bytes"

	"treefilter/store/internal/format"
)

// minWindow is what a cursor reads after a jump: one directory may be all that
// is asked for.
const minWindow = 2 * format.BlockSize

// Load makes the window hold the line at pos as a whole, and some more.
func (c *Cursor) Load(pos int64) error {
	if pos >= c.Base && pos < c.Safe {
		return nil
	}
	for size := c.windowAt(pos); ; size = max(2*size, 2*ChunkSize) {
		if err := c.fill(pos, size); err != nil {
			return err
		}
		if pos < c.Safe {
			return nil
		}
		// A line that is longer than the window, or begins near its end.
		if size >= 2*format.MaxRecord || c.Base+int64(len(c.Buf)) >= c.src.size && c.Base <= pos-pos%format.BlockSize {
			return &BlockError{pos, format.ErrEntry}
		}
	}
}

// windowAt chooses the size of the window at pos. A walk goes on not far from
// where it is, and so do the other workers: what one has read serves all. Who
// asks in no order reads little at a time.
func (c *Cursor) windowAt(pos int64) int {
	const reach = ChunkSize
	if len(c.Buf) > 0 && pos > c.Base-reach && pos < c.Base+int64(len(c.Buf))+reach {
		return ChunkSize
	}
	return minWindow
}

// fill reads the window that pos lies in.
func (c *Cursor) fill(pos int64, size int) (err error) {
	c.Buf, c.Safe = nil, 0 // should the read fail
	if c.held != nil {
		c.src.release(c.held)
		c.held = nil
	}
	shared := size == ChunkSize
	if shared {
		c.Base = pos - pos%ChunkSize
		if c.held, err = c.src.chunk(c.Base); err == nil {
			c.Buf = c.held.data
		}
	}
	// A chunk may reach into other sections. Their damage costs this one nothing.
	if !shared || err != nil {
		c.Base = pos - pos%format.BlockSize
		end := c.Span.End + format.BlockSize - 1
		size = int(min(int64(size), end-end%format.BlockSize-c.Base))
		if len(c.own) < size {
			c.own = make([]byte, size)
		}
		c.Buf, err = c.src.read(c.own[:size], c.Base)
	}
	if err != nil {
		return err
	}
	c.Safe = c.Base + int64(bytes.LastIndexByte(c.Buf, '\n')+1)
	return nil
}

// Entry decodes the entry at pos. What it returns is good until the next load.
func (c *Cursor) Entry(pos int64) (path string, value []byte, next int64, err error) {
	if err := c.Load(pos); err != nil {
		return "", nil, 0, err
	}
	line := c.Buf[pos-c.Base : c.Safe-c.Base]
	if raw, value, n := format.CutPlainEntry(line); n > 0 {
		return format.StringView(raw), value, pos + int64(n), nil
	}
	raw, value, n, err := format.CutEntry(line)
	if err == format.ErrMore {
		// The second line of an explicit key lies beyond the window.
		if err := c.fill(pos, 2*format.MaxRecord); err != nil {
			return "", nil, 0, err
		}
		raw, value, n, err = format.CutEntry(c.Buf[pos-c.Base : c.Safe-c.Base])
	}
	if err != nil {
		return "", nil, 0, &BlockError{pos, format.ErrEntry}
	}
	return format.StringView(raw), value, pos + int64(n), nil
}

// entryFrom returns the offset of the first entry that begins at or after at.
func (c *Cursor) entryFrom(at int64) (int64, error) {
	if at <= c.Span.At {
		return c.Span.At, nil
	}
	for pos := at - 1; pos < c.Span.End; {
		if err := c.Load(pos); err != nil {
			return 0, err
		}
		window := c.Buf[pos-c.Base : c.Safe-c.Base]
		i := bytes.IndexByte(window, '\n')
		pos += int64(i + 1)
		if !bytes.HasPrefix(window[i+1:], []byte(format.EntryIndent+": ")) && pos < c.Safe {
			return pos, nil
		}
		if pos >= c.Span.End {
			break
		}
		if pos == c.Safe {
			// Only the next window reports whether this line begins an entry.
			if err := c.Load(pos); err != nil {
				return 0, err
			}
			if !bytes.HasPrefix(c.Buf[pos-c.Base:], []byte(format.EntryIndent+": ")) {
				return pos, nil
			}
		}
	}
	return c.Span.End, nil
}
