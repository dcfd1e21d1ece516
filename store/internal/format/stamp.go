// Package format is the form of the state files, as FORMAT.md specifies it: how
// stamps, times, paths, configs, WAL records and snapshot entries are written, and
// how they are read, whatever wrote them. It opens no file and takes no lock: it is
// pure, and what is fuzzed.
//
// Each file uses those that come after it in this list:
//
//	byhand.go                     what was written by hand, through yaml.v3
//	writer.go header.go           a whole snapshot; what it says of itself
//	trailer.go snapshot.go listing.go
//	                              what seals it, and its entries
//	segment.go                    the records that only a segment has
//	word.go                       words on files, in a temporary file
//	failure.go                    a file that the command failed on, in both files
//	record.go linereader.go       one record of the WAL; the lines of one
//	stampfields.go                a stamp in a record, and in an entry
//	foreign.go                    state files that are not ours
//	settings.go                   the files below a root that a stamp depends on
//	depends.go config_diff.go     the files that a config depends on; how two differ
//	config.go config_yaml.go      the program config, read,
//	canonical.go                  and in canonical form
//	path.go stamp.go time.go      what is remembered, and of what
//	yaml.go scalar.go             YAML: as others write it, and as we do
package format

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Stamp is what is remembered of one processed file.
type Stamp struct {
	// Time is the mtime that the file had when it was recorded; of a file that
	// is reached through a symlink, the later one of the link's mtime and the
	// target's.
	Time Time
	// Target is the target's mtime where Time is the link's, else zero: a link
	// that is younger than all that it has led to looks the same from outside.
	Target Time
	// Exact says that Time was not known to be past when the stamp was made. It
	// then covers exactly that mtime, whatever the clock shows later: an edit
	// made meanwhile bears an earlier one.
	Exact bool
	// Settings are the setting files that decided about it: see SettingsText.
	Settings string
	// Digest is that of the content, nil where none was asked for.
	Digest *Digest
}

// Equal reports whether two stamps say the same, their digests included.
func (s Stamp) Equal(o Stamp) bool {
	if s.Digest != nil && o.Digest != nil {
		return s.Time == o.Time && s.Target == o.Target && s.Exact == o.Exact && s.Settings == o.Settings && *s.Digest == *o.Digest
	}
	return s == o
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
	// Since, where not zero, is the tree's Epoch when the file was looked at: the
	// stamp is not made if another process has since taken the file's stamp away,
	// or processed it under another config.
	Since uint64
}

// Standing is what a tree says of a file.
type Standing int

// The standings.
const (
	Unknown     Standing = iota // nothing was ever said of it
	Stamped                     // it has a stamp that counts
	OtherConfig                 // it has a stamp made under another config
	Dropped                     // its stamp was taken away: the work failed, or is in doubt
)

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
