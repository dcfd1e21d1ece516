package store

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestParseTime(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Time
	}{
		{"0", Time{0, 0}},
		{"-0", Time{0, 0}},
		{"007", Time{7, 0}},
		{"1700000000.123000000", Time{1700000000, 123000000}},
		{"1700000000.5", Time{1700000000, 500000000}},
		{"1.000000001", Time{1, 1}},
		// Digits past the ninth are rounded down, to the earlier moment.
		{"1.0000000019", Time{1, 1}},
		{"1.9999999999999", Time{1, 999999999}},
		{"-1.0000000001", Time{-2, 999999999}},
		{"-0.0000000001", Time{-1, 999999999}},
		{"-1.00000000100", Time{-2, 999999999}},
		// Before 1970 the nanoseconds still count forward.
		{"-0.5", Time{-1, 500000000}},
		{"-1", Time{-1, 0}},
		{"-2177452800.25", Time{-2177452801, 750000000}}, // 1901
		{"15032385535.999999999", Time{15032385535, 999999999}},
		{"9223372036854775807.999999999", Time{math.MaxInt64, 999999999}},
		{"-9223372036854775807.999999999", Time{math.MinInt64, 1}},
		{"-9223372036854775808", Time{math.MinInt64, 0}},
	} {
		if got, ok := ParseTime(c.in); !ok || got != c.want {
			t.Errorf("%s: got %v %v, want %v", c.in, got, ok, c.want)
		}
		if got, ok := parseTime([]byte(c.in)); !ok || got != c.want {
			t.Errorf("%s as bytes: got %v %v, want %v", c.in, got, ok, c.want)
		}
	}
	for _, in := range []string{
		"", "-", ".", "-.", ".5", "5.", "-5.", "+1", "--1", " 1", "1 ", "1\n", "1.2.3", "1.-5", "1,5",
		"1e3", "1.5e3", "0x1f", "0o17", "1_000", ".inf", "-.inf", "+.inf", ".nan", "inf", "nan",
		"12:30:45", "2001-01-01", "~", "null", "1.5s", "١",
		"9223372036854775808", "-9223372036854775809", "-9223372036854775808.1", "-9223372036854775808.0000000001",
		"18446744073709551616", "99999999999999999999999",
	} {
		if got, ok := ParseTime(in); ok {
			t.Errorf("%q: accepted as %v", in, got)
		}
	}
}

func TestTimeString(t *testing.T) {
	for _, c := range []struct {
		time Time
		want string
	}{
		{Time{0, 0}, "0.000000000"},
		{Time{1700000000, 123}, "1700000000.000000123"},
		{Time{-1, 500000000}, "-0.500000000"},
		{Time{-1, 0}, "-1.000000000"},
		{Time{-2, 999999999}, "-1.000000001"},
		{Time{math.MaxInt64, 999999999}, "9223372036854775807.999999999"},
		{Time{math.MinInt64, 0}, "-9223372036854775808.000000000"},
		{Time{math.MinInt64, 1}, "-9223372036854775807.999999999"},
	} {
		if got := c.time.String(); got != c.want {
			t.Errorf("%#v: got %s, want %s", c.time, got, c.want)
		}
		if back, ok := ParseTime(c.want); !ok || back != c.time {
			t.Errorf("%s: read back as %v %v", c.want, back, ok)
		}
	}
}

func TestTimeCompareAndAdd(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	nanos := func(t Time) *big.Int {
		n := new(big.Int).Mul(big.NewInt(t.Sec), big.NewInt(1e9))
		return n.Add(n, big.NewInt(int64(t.Nsec)))
	}
	near := func() Time { return Time{rng.Int64N(5) - 2, int32(rng.IntN(3)) * 499999999} }
	for range 2000 {
		a, b := near(), near()
		if got, want := a.Compare(b), nanos(a).Cmp(nanos(b)); got != want {
			t.Fatalf("%v compared with %v: got %d, want %d", a, b, got, want)
		}
		n := rng.Int64N(1<<62) - 1<<61
		if rng.IntN(2) == 0 {
			n = (rng.Int64N(9) - 4) * 499999999
		}
		sum := a.Add(n)
		if want := new(big.Int).Add(nanos(a), big.NewInt(n)); nanos(sum).Cmp(want) != 0 || sum.Nsec < 0 || sum.Nsec >= 1e9 {
			t.Fatalf("%v + %d: got %v", a, n, sum)
		}
	}
}

// FuzzTime: whatever is read as a time is the last whole nanosecond not after
// the number that stands there, and is written as a number that reads the same.
func FuzzTime(f *testing.F) {
	for _, s := range []string{"0", "-0.5", "1700000000.123000000", "-1.0000000001", "1e3", ".inf", "9223372036854775807.9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := ParseTime(s)
		if !ok {
			return
		}
		if back, ok := ParseTime(got.String()); !ok || back != got {
			t.Fatalf("%q: %v reads back as %v %v", s, got, back, ok)
		}
		exact, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatalf("%q is no number, read as %v", s, got)
		}
		at, _ := new(big.Rat).SetString(got.String())
		rest := exact.Sub(exact, at)
		if rest.Sign() < 0 || rest.Cmp(big.NewRat(1, 1e9)) >= 0 {
			t.Fatalf("%q: read as %v", s, got)
		}
	})
}
