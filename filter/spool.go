package filter

import (
	"fmt"
	"io"
	"os"
)

// spoolMemory is how much a spool keeps in memory: much more than commands
// print as a rule, and little enough for any number of jobs.
const spoolMemory = 1 << 20

// spool keeps what a command prints until the command has ended: the beginning
// in memory, the rest in a temporary file without a name.
type spool struct {
	memory []byte
	file   *os.File
	left   string // the file's name, where an open file cannot be removed
	err    error
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (n int, err error) {
	if s.file == nil && len(s.memory)+len(p) <= spoolMemory {
		s.memory = append(s.memory, p...)
		return len(p), nil
	}
	if s.file == nil {
		err = s.create()
	}
	if err == nil {
		n, err = s.file.Write(p)
	}
	if err != nil {
		s.err = fmt.Errorf("its output cannot be kept: %w", err)
	}
	return n, err
}

func (s *spool) create() (err error) {
	if s.file, err = os.CreateTemp("", "treefilter-"); err != nil {
		return err
	}
	if os.Remove(s.file.Name()) != nil {
		s.left = s.file.Name()
	}
	return nil
}

// WriteTo implements io.WriterTo.
func (s *spool) WriteTo(w io.Writer) (written int64, err error) {
	if len(s.memory) > 0 {
		n, err := w.Write(s.memory)
		if written = int64(n); err != nil {
			return written, err
		}
	}
	if s.file == nil {
		return written, nil
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return written, err
	}
	n, err := io.Copy(w, s.file)
	return written + n, err
}

func (s *spool) empty() bool { return len(s.memory) == 0 && s.file == nil }

func (s *spool) close() {
	if s.file == nil {
		return
	}
	s.file.Close()
	if s.left != "" {
		os.Remove(s.left)
	}
}
