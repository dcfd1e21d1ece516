package format

import (
	"cmp"
	"math"
	"strconv"
	"time"
)

// Time is a moment as a file system keeps it: whole seconds since 1970, and
// the nanoseconds (0 to 999,999,999) that come on top. Before 1970 Sec is
// negative and Nsec still counts forward. No float is ever involved: a float64
// cannot distinguish two present-day mtimes that are less than 200 ns from each
// other.
type Time struct {
	Sec  int64
	Nsec int32
}

// TimeOf converts a time.Time.
func TimeOf(t time.Time) Time { return Time{t.Unix(), int32(t.Nanosecond())} }

// Compare returns -1 when t is before u, +1 when it is after, 0 when they are
// the same moment.
func (t Time) Compare(u Time) int {
	if c := cmp.Compare(t.Sec, u.Sec); c != 0 {
		return c
	}
	return cmp.Compare(t.Nsec, u.Nsec)
}

// Add returns t moved by a number of nanoseconds.
func (t Time) Add(nsec int64) Time {
	n := int64(t.Nsec) + nsec%1e9
	t.Sec += nsec / 1e9
	switch {
	case n < 0:
		t.Sec, n = t.Sec-1, n+1e9
	case n >= 1e9:
		t.Sec, n = t.Sec+1, n-1e9
	}
	t.Nsec = int32(n)
	return t
}

// String is the decimal form that the state files hold: seconds since 1970
// with exactly nine digits after the point.
func (t Time) String() string { return string(t.append(nil)) }

// MarshalJSON gives the same as a number, which many a reader rounds: to the
// nanosecond it is only for one that keeps the digits.
func (t Time) MarshalJSON() ([]byte, error) { return t.append(nil), nil }

func (t Time) append(b []byte) []byte {
	sec, nsec := t.Sec, t.Nsec
	if sec < 0 {
		b = append(b, '-')
		if nsec > 0 {
			sec, nsec = sec+1, 1e9-nsec
		}
	}
	// The magnitude as uint64, since -sec overflows for the smallest int64.
	abs := uint64(sec)
	if sec < 0 {
		abs = -abs
	}
	b = strconv.AppendUint(b, abs, 10)
	digits := [10]byte{'.'}
	for i := 9; i > 0; i-- {
		digits[i] = byte('0' + nsec%10)
		nsec /= 10
	}
	return append(b, digits[:]...)
}

// ParseTime reads a decimal number of seconds since 1970: an optional minus,
// digits, and optionally a point and more digits. Digits past the ninth are
// rounded down, to the earlier moment, so that a stamp never hides more than
// it says. Exponents, .inf and .nan are not times.
func ParseTime[T string | []byte](s T) (Time, bool) {
	if t, ok := ParseUsual(s); ok {
		return t, true
	}
	neg := len(s) > 0 && s[0] == '-'
	i := 0
	if neg {
		i = 1
	}
	start := i
	var sec uint64
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		if sec > 1<<63/10 {
			return Time{}, false
		}
		sec = sec*10 + uint64(s[i]-'0')
	}
	if i == start || sec > 1<<63 || sec == 1<<63 && !neg {
		return Time{}, false
	}
	nsec, rest, ok := parseFraction(s[i:])
	if !ok {
		return Time{}, false
	}
	t := Time{Sec: int64(sec), Nsec: nsec}
	if !neg {
		return t, true
	}
	t.Sec, t.Nsec = -t.Sec, -t.Nsec
	if rest {
		t.Nsec--
	}
	if t.Nsec < 0 {
		if t.Sec == math.MinInt64 {
			return Time{}, false
		}
		t.Sec, t.Nsec = t.Sec-1, t.Nsec+1e9
	}
	return t, true
}

// UsualTime is the length of a time between 2001 and 2286 as we write it: ten
// digits, a point, nine digits.
const UsualTime = 20

// ParseUsual is the quick way for such a time.
func ParseUsual[T string | []byte](s T) (Time, bool) {
	if len(s) != UsualTime || s[10] != '.' {
		return Time{}, false
	}
	var sec int64
	var nsec int32
	for i := range 10 {
		d := s[i] - '0'
		if d > 9 {
			return Time{}, false
		}
		sec = sec*10 + int64(d)
	}
	for i := 11; i < UsualTime; i++ {
		d := s[i] - '0'
		if d > 9 {
			return Time{}, false
		}
		nsec = nsec*10 + int32(d)
	}
	return Time{sec, nsec}, true
}

// parseFraction reads nothing, or a point and at least one digit. rest says
// that digits past the ninth were not all zero.
func parseFraction[T string | []byte](s T) (nsec int32, rest, ok bool) {
	if len(s) == 0 {
		return 0, false, true
	}
	if s[0] != '.' || len(s) == 1 {
		return 0, false, false
	}
	scale := int32(100_000_000)
	for i := 1; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 {
			return 0, false, false
		}
		nsec += int32(d) * scale
		rest = rest || scale == 0 && d != 0
		scale /= 10
	}
	return nsec, rest, true
}
