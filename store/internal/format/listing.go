package format

import (
	"bytes"
	"strconv"
)

// ListingName, in a directory, is the path that the directory's listing is kept under:
// so listings are sorted as a walk meets their directories.
const ListingName = "."

// MaxListing bounds a listing's line. Beyond, reading a directory takes no longer
// than looking at its files.
const MaxListing = 32 << 10

// DirStat is what a directory is, and when its names last changed. As long as it is the
// same no name has come or gone, where that is known of the file system at all.
type DirStat struct {
	Ino          uint64
	Ctime, Mtime Time
}

// Listing is the names in a directory, each kind in byte order.
type Listing struct {
	DirStat
	Subs   []string // that are directories
	Others []string // all others, whatever they are
}

// AppendListing writes one entry of the section listings.
func AppendListing(b []byte, dir string, l *Listing) []byte {
	b = appendKey(b, JoinPath(dir, ListingName))
	b = strconv.AppendUint(append(b, "{inode: "...), l.Ino, 10)
	b = l.Ctime.append(append(b, ", ctime: "...))
	b = l.Mtime.append(append(b, ", mtime: "...))
	b = appendNames(append(b, ", dirs: ["...), l.Subs)
	b = appendNames(append(b, ", others: ["...), l.Others)
	return append(b, "}\n"...)
}

func appendNames(b []byte, names []string) []byte {
	for i, name := range names {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = AppendScalar(b, name)
	}
	return append(b, ']')
}

// ParseListing reads what AppendListing writes after the key, if it is about that very
// directory, in that very state. The names, which are appended to those given, point
// into the value.
func ParseListing(value []byte, now DirStat, subs, others []string) (_, _ []string, ok bool) {
	l, rest, ok := CutDirStat(value)
	if !ok || l != now {
		return subs, others, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(", dirs: [")); !ok {
		return subs, others, false
	}
	if subs, rest, ok = cutNames(subs, rest); !ok {
		return subs, others, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(", others: [")); !ok {
		return subs, others, false
	}
	others, rest, ok = cutNames(others, rest)
	return subs, others, ok && string(rest) == "}"
}

// CutDirStat reads the beginning of a listing's value.
func CutDirStat(value []byte) (d DirStat, rest []byte, ok bool) {
	fields := [3][]byte{}
	for i, key := range [...]string{"{inode: ", ", ctime: ", ", mtime: "} {
		if value, ok = bytes.CutPrefix(value, []byte(key)); !ok {
			return d, nil, false
		}
		end := bytes.IndexByte(value, ',')
		if end < 0 {
			return d, nil, false
		}
		fields[i], value = value[:end], value[end:]
	}
	ino, err := strconv.ParseUint(StringView(fields[0]), 10, 64)
	ctime, isCtime := ParseTime(fields[1])
	mtime, isMtime := ParseTime(fields[2])
	return DirStat{ino, ctime, mtime}, value, err == nil && isCtime && isMtime
}

// cutNames reads names up to the bracket that ends them. A list with anything in it that
// is the name of no file is none: it would lead elsewhere.
func cutNames(names []string, b []byte) (_ []string, rest []byte, ok bool) {
	if rest, empty := bytes.CutPrefix(b, []byte{']'}); empty {
		return names, rest, true
	}
	for {
		name := b
		if len(b) > 0 && (b[0] == '"' || b[0] == '!') {
			name, b, ok = CutQuoted(b)
			if !ok {
				return names, nil, false
			}
		} else {
			end := 0
			for end < len(b) && plainByte[b[end]] {
				end++
			}
			name, b = b[:end], b[end:]
		}
		if !isName(name) || len(b) == 0 {
			return names, nil, false
		}
		names = append(names, StringView(name))
		if b[0] == ']' {
			return names, b[1:], true
		}
		if b, ok = bytes.CutPrefix(b, []byte(", ")); !ok {
			return names, nil, false
		}
	}
}

// isName reports whether a file can have that name.
func isName(name []byte) bool {
	return len(name) > 0 && bytes.IndexByte(name, '/') < 0 && bytes.IndexByte(name, 0) < 0 &&
		string(name) != "." && string(name) != ".."
}
