package format

import (
	"bytes"
	"encoding/hex"
	"strconv"
)

const (
	timeField   = "time: "
	exactField  = ", exact: true"
	targetField = ", target: "

	settingsField = ", settings: "
)

func (s *Stamp) appendFields(b []byte) []byte {
	b = s.Time.append(append(b, timeField...))
	b = s.appendRest(b)
	if s.Digest != nil {
		b = s.Digest.appendFields(append(b, ", "...))
	}
	return b
}

// parseStamp reads what appendFields writes, up to the end of b. like is what its settings
// probably are: see cutSettings.
func parseStamp(b []byte, like string) (s Stamp, ok bool) {
	b, ok = bytes.CutPrefix(b, []byte(timeField))
	if !ok {
		return s, false
	}
	if s, b, ok = cutStamp(b, like); ok && len(b) > 0 {
		if b, ok = bytes.CutPrefix(b, []byte(", ")); ok {
			s.Digest, ok = parseFields(b)
		}
	}
	return s, ok
}

// appendRest writes what few stamps have beside a time.
func (s *Stamp) appendRest(b []byte) []byte {
	if s.Exact {
		b = append(b, exactField...)
	}
	if s.Target != (Time{}) {
		b = s.Target.append(append(b, targetField...))
	}
	if s.Settings != "" {
		b = append(append(b, settingsField...), s.Settings...)
	}
	return b
}

// cutStamp reads a time and what appendRest has written after it.
func cutStamp(b []byte, like string) (s Stamp, rest []byte, ok bool) {
	end := bytes.IndexByte(b, ',')
	if end < 0 {
		end = len(b)
	}
	if s.Time, ok = ParseTime(b[:end]); !ok {
		return s, nil, false
	}
	rest, s.Exact = bytes.CutPrefix(b[end:], []byte(exactField))
	if target, found := bytes.CutPrefix(rest, []byte(targetField)); found {
		if end = bytes.IndexByte(target, ','); end < 0 {
			end = len(target)
		}
		s.Target, ok = ParseTime(target[:end])
		rest = target[end:]
	}
	if text, found := bytes.CutPrefix(rest, []byte(settingsField)); found && ok {
		s.Settings, rest, ok = cutSettings(text, like)
	}
	return s, rest, ok
}

func (d *Digest) appendFields(b []byte) []byte {
	b = append(b, "size: "...)
	b = strconv.AppendInt(b, d.Size, 10)
	b = append(b, ", sha256: \""...)
	b = hex.AppendEncode(b, d.SHA256[:])
	return append(b, '"')
}

// parseFields reads what appendFields writes, up to the end of b.
func parseFields(b []byte) (*Digest, bool) {
	b, ok := bytes.CutPrefix(b, []byte("size: "))
	size, b, cut := bytes.Cut(b, []byte(", sha256: \""))
	sum, quoted := bytes.CutSuffix(b, []byte{'"'})
	if !ok || !cut || !quoted {
		return nil, false
	}
	return parseDigest(string(size), string(sum))
}
