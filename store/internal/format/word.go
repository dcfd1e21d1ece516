package format

import (
	"bytes"
	"strconv"
)

// The form of words on files that are kept for a while in a temporary file: entries as a
// snapshot's, with what one holds in several sections on one line. A drop stands as it
// does in the section dropped.

// AppendSetWord writes a stamp; under stands for its config.
func AppendSetWord(b []byte, path string, under int, s Stamp) []byte {
	b = strconv.AppendInt(appendKey(b, path), int64(under), 10)
	return append(s.appendFields(append(b, ' ')), '\n')
}

// AppendPrunedWord writes that all is forgotten of a file.
func AppendPrunedWord(b []byte, path string) []byte {
	return append(appendKey(b, path), prunedValue+"\n"...)
}

// Values shorter than a time begin with an n: a cursor relies on it.
const prunedValue = "none"

// IsPrunedWord reports whether AppendPrunedWord has written a value.
func IsPrunedWord(value []byte) bool { return string(value) == prunedValue }

// IsSetWord reports whether AppendSetWord has written a value.
func IsSetWord(value []byte) bool { return len(value) > 0 && value[0] >= '0' && value[0] <= '9' }

// ParseSetWord reads what AppendSetWord writes after the key. like is what the settings
// probably are: see cutSettings.
func ParseSetWord(value []byte, like string) (under int, s Stamp, ok bool) {
	number, fields, _ := bytes.Cut(value, []byte{' '})
	under, err := strconv.Atoi(StringView(number))
	if err != nil {
		return 0, s, false
	}
	s, ok = parseStamp(fields, like)
	return under, s, ok
}
