package disk

import (
	"errors"
	"io"
	"os"
)

// TempFile is for what is too much to be kept in memory. It is gone with the process.
type TempFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// Temp makes a file in the directory for temporary ones, without a name, since it may
// hold the names of files that are not for everybody.
func (OS) Temp() (TempFile, error) {
	f, err := os.CreateTemp("", "treefilter-")
	if err != nil {
		return nil, err
	}
	if os.Remove(f.Name()) != nil {
		return namedTemp{f}, nil
	}
	return f, nil
}

// namedTemp is a file that cannot be removed while it is open, as on Windows.
type namedTemp struct{ *os.File }

func (f namedTemp) Close() error { return errors.Join(f.File.Close(), os.Remove(f.Name())) }
