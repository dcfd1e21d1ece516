package snapshot

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"treefilter/store/internal/format"
)

// source is a snapshot that is read in place, never as a whole: a window of it
// at a time, every block checked against its sum before a byte of it counts.
// Reading with pread into a window, rather than mapping the file, costs some
// 10 ms for a million stamps and spares us SIGBUS when another program truncates the
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
	held int // by so many readers; at 0 its memory is used again
}

// ChunkSize is where chunks begin and about how long they are: they fit a
// processor's own cache. Each goes on for a block into the next, for the line
// that its end cuts.
const ChunkSize = 64 << 10

// BlockError is a block of a snapshot that cannot be believed, and where it begins.
type BlockError struct {
	at  int64
	err error
}

func (e *BlockError) Error() string { return fmt.Sprintf("damaged at byte %d: %v", e.at, e.err) }
func (e *BlockError) Unwrap() error { return e.err }

// read fills buf from the block boundary at on, as far as the content goes.
func (s *source) read(buf []byte, at int64) ([]byte, error) {
	buf = buf[:min(int64(len(buf)), s.size-at)]
	if err := format.ReadFull(s.r, buf, at); err != nil {
		return nil, &BlockError{at, err}
	}
	if s.sums == nil {
		return buf, nil
	}
	for i := 0; i < len(buf); i += format.BlockSize {
		block := buf[i:min(i+format.BlockSize, len(buf))]
		if format.Crc32Of(block) != s.sums[(at+int64(i))/format.BlockSize] {
			return nil, &BlockError{at + int64(i), format.ErrDamaged}
		}
	}
	return buf, nil
}

// chunk returns the part of the content that begins at a multiple of ChunkSize.
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
		c = &chunk{data: make([]byte, ChunkSize+format.BlockSize)}
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

// Verify checks every block.
func (s *source) Verify() error { return s.verify(format.Span{At: 0, End: s.size}) }

// verify checks the blocks that a part of the content lies in.
func (s *source) verify(sp format.Span) error {
	buf := make([]byte, 64*format.BlockSize)
	for at := sp.At - sp.At%format.BlockSize; at < sp.End; at += int64(len(buf)) {
		if _, err := s.read(buf, at); err != nil {
			return err
		}
	}
	return nil
}

// fits reports whether the sections lie where a trailer says: one that does not
// bear its own sum could pass a part of the config off as stamps.
func (s *source) fits(t *format.Trailer) bool {
	end := int64(0)
	for i, sec := range t.Sections {
		head := "\n" + sec.Kind + ":\n"
		other := sec.Hash != "" && sec.Hash != t.Sections[0].Hash
		if other {
			head = "\n" + format.OtherIndent + sec.Kind + ":\n"
		}
		if !s.endsIn(head, sec.At) && !s.endsIn("\n"+sec.Kind+": {}\n", sec.At) {
			return false
		}
		// Nothing but a config may lie between two sections.
		if i > 0 && !(other && sec.Kind == format.TimesSection) && sec.At-int64(len(head)-1) != end {
			return false
		}
		if i > 0 && other && sec.Kind == format.TimesSection && !s.endsIn("- config_hash: ", end+int64(len("- config_hash: "))) &&
			!s.endsIn("other_configs:\n", end+int64(len("other_configs:\n"))) {
			return false
		}
		end = sec.End
	}
	return end == t.Size
}

// endsIn reports whether a text stands right before an offset.
func (s *source) endsIn(text string, at int64) bool {
	b := make([]byte, len(text))
	return format.ReadFull(s.r, b, at-int64(len(b))) == nil && string(b) == text
}

// salvage copies out the entries of a section that lie in sound blocks.
func (s *source) salvage(sp format.Span) (sound []byte, lost int64) {
	block := make([]byte, format.BlockSize)
	var good []byte // of the present stretch of sound blocks
	flush := func(end int64) {
		if len(good) > 0 {
			front, back := end-int64(len(good)) > sp.At, end < sp.End
			sound = append(sound, trimToEntries(good, front, back)...)
		}
		good = good[:0]
	}
	for at := sp.At - sp.At%format.BlockSize; at < sp.End; at += format.BlockSize {
		b, err := s.read(block, at)
		end := min(at+format.BlockSize, sp.End)
		if err != nil {
			flush(max(at, sp.At))
			continue
		}
		from := max(at, sp.At)
		good = append(good, b[from-at:end-at]...)
	}
	flush(sp.End)
	return sound, sp.End - sp.At - int64(len(sound))
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
	if front && bytes.HasPrefix(b, []byte(format.EntryIndent+": ")) {
		b = b[bytes.IndexByte(b, '\n')+1:]
	}
	if i := bytes.LastIndexByte(b[:max(len(b)-1, 0)], '\n') + 1; back && bytes.HasPrefix(b[i:], []byte(format.EntryIndent+"? ")) {
		b = b[:i]
	}
	return b
}
