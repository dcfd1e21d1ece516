package store

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Stamp is what is remembered of one processed file.
type Stamp struct {
	// Time is the mtime that the file had when it was recorded.
	Time Time
	// Digest is that of its content then, nil where none was asked for.
	Digest *Digest
}

// Covers is the rule: a file whose mtime is not newer than its stamp needs no
// work. A stamp later than now counts only for a file whose mtime is exactly
// that, so that a clock that once ran ahead hides no edit.
func (s Stamp) Covers(mtime, now Time) bool {
	order := mtime.Compare(s.Time)
	return order == 0 || order < 0 && s.Time.Compare(now) <= 0
}

// Digest identifies a file's content.
type Digest struct {
	Size   int64 // bytes
	SHA256 [sha256.Size]byte
}

// Entry is the stamp of one file, keyed by its path relative to the tree.
type Entry struct {
	Path string
	Stamp
}

// parseDigest takes the two fields as the state files hold them.
func parseDigest(size, sum string) (*Digest, bool) {
	n, ok := parseSize(size)
	if !ok || len(sum) != 2*sha256.Size {
		return nil, false
	}
	d := &Digest{Size: n}
	if _, err := hex.Decode(d.SHA256[:], []byte(sum)); err != nil {
		return nil, false
	}
	return d, true
}

func parseSize(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err == nil
}
