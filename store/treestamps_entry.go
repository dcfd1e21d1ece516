package store

import (
	"bytes"
	"strings"
	"treefilter/store/internal/format"
	"unicode/utf8"
)

// cutTreestamp reads an entry that fills a line: a path, plain or quoted, and a
// decimal number of seconds. It leaves to YAML whatever could be something else
// there. What it returns points into the line, or is a copy.
func cutTreestamp(line []byte) (e TreestampsEntry, ok bool) {
	if len(line) == 0 {
		return e, false
	}
	var name, rest []byte
	switch line[0] {
	case '\'':
		name, rest, ok = cutSingleQuoted(line)
	case '"':
		name, rest, ok = cutDoubleQuoted(line)
	default:
		name, rest, ok = cutPlain(line)
	}
	if !ok {
		return e, false
	}
	text, ok := bytes.CutPrefix(rest, []byte(": "))
	if !ok {
		return e, false
	}
	when, ok := format.ParseTime(text)
	return TreestampsEntry{string(name), when}, ok
}

// cutPlain cuts a path off that is not quoted. YAML takes the text as it is,
// but for what it would pass over, blanks at the ends, a comment, and for what
// begins with a character that means something.
func cutPlain(line []byte) (name, rest []byte, ok bool) {
	end := bytes.Index(line, []byte(": "))
	if end <= 0 {
		return nil, line, false
	}
	name = line[:end]
	switch c := name[0]; c {
	case ' ', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '%', '@', '`':
		return nil, line, false
	case '-', '?', ':':
		if len(name) == 1 || name[1] == ' ' {
			return nil, line, false
		}
	}
	ok = name[end-1] != ' ' && !bytes.Contains(name, []byte(" #")) && onLine(name)
	return name, line[end:], ok
}

// onLine reports whether text may stand in a line of YAML as it is.
func onLine(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c >= 0x7f {
			return c >= utf8.RuneSelf && noControl(text) && format.Readable(text)
		}
	}
	return true
}

func noControl(text []byte) bool {
	return bytes.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}

// cutSingleQuoted cuts a path in single quotes off, in which two stand for one.
func cutSingleQuoted(line []byte) (name, rest []byte, ok bool) {
	for i := 1; i < len(line); i++ {
		if line[i] != '\'' {
			continue
		}
		if i+1 < len(line) && line[i+1] == '\'' {
			i++
			continue
		}
		name = bytes.ReplaceAll(line[1:i], []byte("''"), []byte("'"))
		return name, line[i+1:], onLine(name)
	}
	return nil, line, false
}

// quotedForNothing tells of an entry of a WAL whose quotes are part of the name:
// no version puts a name into quotes that can do without, or into double quotes
// one that needs no escape.
func quotedForNothing(entry []byte, name string) bool {
	switch entry[0] {
	case '"':
		return bytes.IndexByte(entry, '\\') < 0
	case '\'':
		for i := range len(name) {
			if c := name[i]; !format.PlainByte[c] && c != ' ' || strings.IndexByte("@%^~$;", c) >= 0 {
				return false
			}
		}
		return !strings.HasSuffix(name, " ") && format.IsPlain(strings.ReplaceAll(name, " ", "_"))
	}
	return false
}

// cutDoubleQuoted cuts a path in double quotes off. Bytes that are not UTF-8
// stand there as Python keeps them: as halves of surrogates.
func cutDoubleQuoted(line []byte) (name, rest []byte, ok bool) {
	for i := 1; i < len(line); {
		switch c := line[i]; {
		case c == '"':
			return name, line[i+1:], onLine(line[1:i])
		case c == '\\':
			r, n := unescapeYAML(line[i:])
			switch {
			case n == 0:
				return nil, line, false
			case r >= 0xdc80 && r <= 0xdcff:
				name = append(name, byte(r))
			case !utf8.ValidRune(r):
				return nil, line, false
			default:
				name = utf8.AppendRune(name, r)
			}
			i += n
		default:
			name = append(name, c)
			i++
		}
	}
	return nil, line, false
}

// yamlEscapes are those of one character.
var yamlEscapes = map[byte]rune{
	'0': 0, 'a': '\a', 'b': '\b', 't': '\t', 'n': '\n', 'v': '\v', 'f': '\f', 'r': '\r', 'e': 0x1b,
	' ': ' ', '"': '"', '/': '/', '\\': '\\', 'N': 0x85, '_': 0xa0, 'L': 0x2028, 'P': 0x2029,
}

// unescapeYAML reads one escape of any YAML writer and returns how many bytes it
// took, 0 when it is none.
func unescapeYAML(b []byte) (r rune, n int) {
	if len(b) < 2 {
		return 0, 0
	}
	if r, ok := yamlEscapes[b[1]]; ok {
		return r, 2
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[b[1]]
	if digits == 0 || len(b) < 2+digits {
		return 0, 0
	}
	v, ok := format.ParseHex(bytes.ToLower(b[2 : 2+digits]))
	if !ok || v > utf8.MaxRune {
		return 0, 0
	}
	return rune(v), 2 + digits
}
