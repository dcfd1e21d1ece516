package format

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A path is written in one of three forms, the first that fits:
//
//	img001.jpg              plain, where no YAML reader sees anything else
//	"odd: name.jpg"         double-quoted
//	!!binary "b2RkgA=="     not valid UTF-8: base64 of the bytes
//
// The fast reader takes exactly what the writer writes; any other spelling is
// left to yaml.v3.

// plainByte holds the bytes that mean nothing to YAML wherever they stand
// inside a plain scalar.
var plainByte = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' ||
			strings.IndexByte("_./+=@%^~$;()-", byte(c)) >= 0
	}
	return t
}()

// IsPlain reports whether s may stand unquoted as a mapping key. It refuses
// whatever some reader, YAML 1.1 or 1.2, takes for a number, a date, a boolean
// or null: those begin with a digit, a sign or a dot and hold no slash, or are
// one of a few words.
func IsPlain[T string | []byte](s T) bool {
	if len(s) == 0 {
		return false
	}
	letter := s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z' || s[0] == '_'
	if !letter && (s[0] < '0' || s[0] > '9') {
		return false
	}
	slash := false
	for i := 0; i < len(s); i++ {
		if !plainByte[s[i]] {
			return false
		}
		slash = slash || s[i] == '/'
	}
	return slash || letter && (len(s) > 5 || !reservedWord(string(s)))
}

// reservedWord reports whether s is a word that YAML 1.1 or 1.2 resolves.
func reservedWord(s string) bool {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}

// AppendScalar writes s in the form that fits it.
func AppendScalar(b []byte, s string) []byte {
	if IsPlain(s) {
		return append(b, s...)
	}
	return AppendQuoted(b, s)
}

// AppendQuoted writes s in double quotes, or as !!binary.
func AppendQuoted(b []byte, s string) []byte {
	if isLiteral(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	if !utf8.ValidString(s) {
		b = append(b, `!!binary "`...)
		b = base64.StdEncoding.AppendEncode(b, []byte(s))
		return append(b, '"')
	}
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		if !literal(r) {
			b = append(b, s[start:i]...)
			b = appendEscape(b, r)
			start = i + n
		}
		i += n
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// isLiteral reports of most strings that nothing in them is escaped, or needs a look
// at its runes.
func isLiteral(s string) bool {
	for i := 0; i < len(s); i++ {
		if !literalByte[s[i]] {
			return false
		}
	}
	return true
}

// literalByte holds the ASCII characters that are literal.
var literalByte = func() (t [256]bool) {
	for c := range rune(utf8.RuneSelf) {
		t[c] = literal(c)
	}
	return t
}()

// literal reports whether a rune stands for itself in double quotes. Whatever
// does not print is escaped, so that a name can neither break a line nor speak
// to a terminal that shows the file.
func literal(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= ' ' && r != '"' && r != '\\' && r != 0x7f
	}
	return r != unicode.ReplacementChar && unicode.IsPrint(r)
}

func appendEscape(b []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(b, '\\', byte(r))
	case r == '\n':
		return append(b, '\\', 'n')
	case r == '\t':
		return append(b, '\\', 't')
	case r < 0x100:
		return fmt.Appendf(b, `\x%02x`, r)
	case r < 0x10000:
		return fmt.Appendf(b, `\u%04x`, r)
	}
	return fmt.Appendf(b, `\U%08x`, r)
}

// CutQuoted reads the form that AppendQuoted writes from the front of b. value
// points into b where nothing was escaped.
func CutQuoted(b []byte) (value, rest []byte, ok bool) {
	if tagged, isBinary := bytes.CutPrefix(b, []byte("!!binary ")); isBinary {
		return cutBinary(tagged)
	}
	if len(b) == 0 || b[0] != '"' {
		return nil, b, false
	}
	text, escaped, ascii := b[1:], false, true
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			value, rest = text[:i], text[i+1:]
			if !ascii && !Readable(value) {
				return nil, b, false
			}
			if !escaped {
				return value, rest, true
			}
			value, ok = unescapeAll(value)
			return value, rest, ok
		case c == '\\':
			escaped = true
			i++ // whatever follows does not end the text
		case c < ' ' || c == 0x7f:
			return nil, b, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, b, false
}

// Readable reports whether b is UTF-8 of runes that a YAML file may hold as they
// are, other than line breaks.
func Readable(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1, r >= 0x80 && r < 0xa0,
			r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			return false
		}
		b = b[n:]
	}
	return true
}

func cutBinary(b []byte) (value, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, b, false
	}
	end := bytes.IndexByte(b[1:], '"')
	if end < 0 {
		return nil, b, false
	}
	text := b[1 : 1+end]
	value, err := base64.StdEncoding.Strict().AppendDecode(nil, text)
	// The decoder passes over line ends, which our writer never makes.
	if err != nil || bytes.ContainsAny(text, "\r\n") {
		return nil, b, false
	}
	return value, b[end+2:], true
}

func unescapeAll(b []byte) (value []byte, ok bool) {
	value = make([]byte, 0, len(b))
	for len(b) > 0 {
		if b[0] != '\\' {
			value, b = append(value, b[0]), b[1:]
			continue
		}
		r, n := unescape(b)
		if n == 0 {
			return nil, false
		}
		value, b = utf8.AppendRune(value, r), b[n:]
	}
	return value, true
}

// unescape reads one escape and returns how many bytes it took, 0 when it is not
// one that appendEscape writes.
func unescape(b []byte) (r rune, n int) {
	if len(b) < 2 {
		return 0, 0
	}
	digits := 0
	switch b[1] {
	case '"', '\\':
		return rune(b[1]), 2
	case 'n':
		return '\n', 2
	case 't':
		return '\t', 2
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		return 0, 0
	}
	if len(b) < 2+digits {
		return 0, 0
	}
	v, ok := ParseHex(b[2 : 2+digits])
	if !ok || !utf8.ValidRune(rune(v)) || v > unicode.MaxRune {
		return 0, 0
	}
	return rune(v), 2 + digits
}

// ParseHex reads up to eight lower-case hex digits.
func ParseHex(b []byte) (v uint32, ok bool) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | uint32(c-'a'+10)
		default:
			return 0, false
		}
	}
	return v, true
}
