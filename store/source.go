package store

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// source is a snapshot that is read in place, never as a whole: a window of it
// at a time, every block checked against its sum before a byte of it counts.
// Reading with pread into a window, rather than mapping the file, costs some
// 10 ms for a million stamps and spares us SIGBUS when somebody truncates the
// file, and memory that grows with it. Safe for concurrent use.
type source struct {
	r    io.ReaderAt
	size int64
	sums []uint32 // nil where the content was checked before

	mu     sync.Mutex
	recent [4]*chunk // read last, the next to go at oldest
	oldest int
}

// chunk is a part of the snapshot that several readers use: workers take turns
// with the directories of a walk, so what one has read the next needs too.
type chunk struct {
	at   int64
	data []byte
	held int // by so many readers; the memory of one that nobody holds is used again
}

// chunkSize is where chunks begin and about how long they are: they fit a
// processor's own cache. Each goes on for a block into the next, for the line
// that its end cuts.
const chunkSize = 64 << 10

// damageError tells which bytes of a snapshot cannot be believed.
type damageError struct {
	at  int64
	err error
}

func (e *damageError) Error() string { return fmt.Sprintf("damaged at byte %d: %v", e.at, e.err) }
func (e *damageError) Unwrap() error { return e.err }

// read fills buf from the block boundary at on, as far as the content goes.
func (s *source) read(buf []byte, at int64) ([]byte, error) {
	buf = buf[:min(int64(len(buf)), s.size-at)]
	if err := readFull(s.r, buf, at); err != nil {
		return nil, &damageError{at, err}
	}
	if s.sums == nil {
		return buf, nil
	}
	for i := 0; i < len(buf); i += blockSize {
		block := buf[i:min(i+blockSize, len(buf))]
		if crc32Of(block) != s.sums[(at+int64(i))/blockSize] {
			return nil, &damageError{at + int64(i), errDamaged}
		}
	}
	return buf, nil
}

// chunk returns the part of the content that begins at a multiple of chunkSize.
// It is the caller's until released.
func (s *source) chunk(at int64) (*chunk, error) {
	s.mu.Lock()
	for _, c := range s.recent {
		if c != nil && c.at == at {
			c.held++
			s.mu.Unlock()
			return c, nil
		}
	}
	c := s.recent[s.oldest]
	s.recent[s.oldest] = nil
	if c == nil || c.held > 0 {
		c = &chunk{data: make([]byte, chunkSize+blockSize)}
	}
	s.mu.Unlock()
	data, err := s.read(c.data[:cap(c.data)], at)
	if err != nil {
		return nil, err
	}
	c.at, c.data, c.held = at, data, 1
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent[s.oldest] = c
	s.oldest = (s.oldest + 1) % len(s.recent)
	return c, nil
}

func (s *source) release(c *chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.held--
}

// verify checks every block.
func (s *source) verify() error {
	buf := make([]byte, 64*blockSize)
	for at := int64(0); at < s.size; at += int64(len(buf)) {
		if _, err := s.read(buf, at); err != nil {
			return err
		}
	}
	return nil
}

// fits reports whether the sections lie where a trailer says: one that does not
// bear its own sum could pass a part of the config off as stamps.
func (s *source) fits(t *trailer) bool {
	end := int64(0)
	for i, sec := range t.sections {
		head := "\n" + sec.kind + ":\n"
		other := sec.hash != "" && sec.hash != t.sections[0].hash
		if other {
			head = "\n" + otherIndent + sec.kind + ":\n"
		}
		if !s.endsIn(head, sec.at) && !s.endsIn("\n"+sec.kind+": {}\n", sec.at) {
			return false
		}
		// Nothing but a config may lie between two sections.
		if i > 0 && !(other && sec.kind == timesSection) && sec.at-int64(len(head)-1) != end {
			return false
		}
		if i > 0 && other && sec.kind == timesSection && !s.endsIn("- config_hash: ", end+int64(len("- config_hash: "))) &&
			!s.endsIn("other_configs:\n", end+int64(len("other_configs:\n"))) {
			return false
		}
		end = sec.end
	}
	return end == t.size
}

// endsIn reports whether a text stands right before an offset.
func (s *source) endsIn(text string, at int64) bool {
	b := make([]byte, len(text))
	return readFull(s.r, b, at-int64(len(b))) == nil && string(b) == text
}

// salvage copies out the entries of a section that lie in sound blocks.
func (s *source) salvage(sp span) (sound []byte, lost int64) {
	block := make([]byte, blockSize)
	var good []byte // of the present stretch of sound blocks
	flush := func(end int64) {
		if len(good) > 0 {
			front, back := end-int64(len(good)) > sp.at, end < sp.end
			sound = append(sound, trimToEntries(good, front, back)...)
		}
		good = good[:0]
	}
	for at := sp.at - sp.at%blockSize; at < sp.end; at += blockSize {
		b, err := s.read(block, at)
		end := min(at+blockSize, sp.end)
		if err != nil {
			flush(max(at, sp.at))
			continue
		}
		from := max(at, sp.at)
		good = append(good, b[from-at:end-at]...)
	}
	flush(sp.end)
	return sound, sp.end - sp.at - int64(len(sound))
}

// trimToEntries cuts entries off that a stretch holds only half: at its front
// when something stood before it, at its back when something followed.
func trimToEntries(b []byte, front, back bool) []byte {
	if front {
		b = b[bytes.IndexByte(b, '\n')+1:]
	}
	if i := bytes.LastIndexByte(b, '\n'); back || i < 0 {
		b = b[:i+1]
	}
	// What is left over of an entry with an explicit key, on two lines.
	if front && bytes.HasPrefix(b, []byte(entryIndent+": ")) {
		b = b[bytes.IndexByte(b, '\n')+1:]
	}
	if i := bytes.LastIndexByte(b[:max(len(b)-1, 0)], '\n') + 1; back && bytes.HasPrefix(b[i:], []byte(entryIndent+"? ")) {
		b = b[:i]
	}
	return b
}
