package store

import "bytes"

// minWindow is what a cursor reads after a jump: one directory may be all that
// is asked for.
const minWindow = 2 * blockSize

// load makes the window hold the line at pos as a whole, and some more.
func (c *cursor) load(pos int64) error {
	if pos >= c.base && pos < c.safe {
		return nil
	}
	for size := c.windowAt(pos); ; size = max(2*size, 2*chunkSize) {
		if err := c.fill(pos, size); err != nil {
			return err
		}
		if pos < c.safe {
			return nil
		}
		// A line that is longer than the window, or begins near its end.
		if size >= 2*maxRecord || c.base+int64(len(c.buf)) >= c.src.size && c.base <= pos-pos%blockSize {
			return &damageError{pos, errEntry}
		}
	}
}

// windowAt chooses the size of the window at pos. A walk goes on not far from
// where it is, and so do the other workers: what one has read serves all. Who
// asks in no order reads little at a time.
func (c *cursor) windowAt(pos int64) int {
	const reach = chunkSize
	if len(c.buf) > 0 && pos > c.base-reach && pos < c.base+int64(len(c.buf))+reach {
		return chunkSize
	}
	return minWindow
}

// fill reads the window that pos lies in.
func (c *cursor) fill(pos int64, size int) (err error) {
	c.buf, c.safe = nil, 0 // should the read fail
	if c.held != nil {
		c.src.release(c.held)
		c.held = nil
	}
	if size == chunkSize {
		c.base = pos - pos%chunkSize
		if c.held, err = c.src.chunk(c.base); err == nil {
			c.buf = c.held.data
		}
	} else {
		c.base = pos - pos%blockSize
		if len(c.own) < size {
			c.own = make([]byte, size)
		}
		c.buf, err = c.src.read(c.own[:size], c.base)
	}
	if err != nil {
		return err
	}
	c.safe = c.base + int64(bytes.LastIndexByte(c.buf, '\n')+1)
	return nil
}

// entry decodes the entry at pos. What it returns is good until the next load.
func (c *cursor) entry(pos int64) (path string, value []byte, next int64, err error) {
	if err := c.load(pos); err != nil {
		return "", nil, 0, err
	}
	line := c.buf[pos-c.base : c.safe-c.base]
	if raw, value, n := cutPlainEntry(line); n > 0 {
		return stringView(raw), value, pos + int64(n), nil
	}
	raw, value, n, err := cutEntry(line)
	if err == errMore {
		// The second line of an explicit key lies beyond the window.
		if err := c.fill(pos, 2*maxRecord); err != nil {
			return "", nil, 0, err
		}
		raw, value, n, err = cutEntry(c.buf[pos-c.base : c.safe-c.base])
	}
	if err != nil {
		return "", nil, 0, &damageError{pos, errEntry}
	}
	return stringView(raw), value, pos + int64(n), nil
}

// entryFrom returns the offset of the first entry that begins at or after at.
func (c *cursor) entryFrom(at int64) (int64, error) {
	if at <= c.span.at {
		return c.span.at, nil
	}
	for pos := at - 1; pos < c.span.end; {
		if err := c.load(pos); err != nil {
			return 0, err
		}
		window := c.buf[pos-c.base : c.safe-c.base]
		i := bytes.IndexByte(window, '\n')
		pos += int64(i + 1)
		if !bytes.HasPrefix(window[i+1:], []byte(entryIndent+": ")) && pos < c.safe {
			return pos, nil
		}
		if pos >= c.span.end {
			break
		}
		if pos == c.safe {
			// Only the next window reports whether this line begins an entry.
			if err := c.load(pos); err != nil {
				return 0, err
			}
			if !bytes.HasPrefix(c.buf[pos-c.base:], []byte(entryIndent+": ")) {
				return pos, nil
			}
		}
	}
	return c.span.end, nil
}
