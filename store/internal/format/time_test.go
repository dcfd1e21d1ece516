package format_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"treefilter/store/internal/format"
)

func TestParseTime(t *testing.T) {
	for _, c := range []struct {
		in   string
		want format.Time
	}{
		{"0", format.Time{Sec: 0, Nsec: 0}},
		{"-0", format.Time{Sec: 0, Nsec: 0}},
		{"007", format.Time{Sec: 7, Nsec: 0}},
		{"1700000000.123000000", format.Time{Sec: 1700000000, Nsec: 123000000}},
		{"1700000000.5", format.Time{Sec: 1700000000, Nsec: 500000000}},
		{"1.000000001", format.Time{Sec: 1, Nsec: 1}},
		// Digits past the ninth are rounded down, to the earlier moment.
		{"1.0000000019", format.Time{Sec: 1, Nsec: 1}},
		{"1.9999999999999", format.Time{Sec: 1, Nsec: 999999999}},
		{"-1.0000000001", format.Time{Sec: -2, Nsec: 999999999}},
		{"-0.0000000001", format.Time{Sec: -1, Nsec: 999999999}},
		{"-1.00000000100", format.Time{Sec: -2, Nsec: 999999999}},
		// Before 1970 the nanoseconds still count forward.
		{"-0.5", format.Time{Sec: -1, Nsec: 500000000}},
		{"-1", format.Time{Sec: -1, Nsec: 0}},
		{"-2177452800.25", format.Time{Sec: -2177452801, Nsec: 750000000}}, // 1901
		{"15032385535.999999999", format.Time{Sec: 15032385535, Nsec: 999999999}},
		{"9223372036854775807.999999999", format.Time{Sec: math.MaxInt64, Nsec: 999999999}},
		{"-9223372036854775807.999999999", format.Time{Sec: math.MinInt64, Nsec: 1}},
		{"-9223372036854775808", format.Time{Sec: math.MinInt64, Nsec: 0}},
	} {
		if got, ok := format.ParseTime(c.in); !ok || got != c.want {
			t.Errorf("%s: got %v %v, want %v", c.in, got, ok, c.want)
		}
		if got, ok := format.ParseTime([]byte(c.in)); !ok || got != c.want {
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
		if got, ok := format.ParseTime(in); ok {
			t.Errorf("%q: accepted as %v", in, got)
		}
	}
}

func TestTimeString(t *testing.T) {
	for _, c := range []struct {
		time format.Time
		want string
	}{
		{format.Time{Sec: 0, Nsec: 0}, "0.000000000"},
		{format.Time{Sec: 1700000000, Nsec: 123}, "1700000000.000000123"},
		{format.Time{Sec: -1, Nsec: 500000000}, "-0.500000000"},
		{format.Time{Sec: -1, Nsec: 0}, "-1.000000000"},
		{format.Time{Sec: -2, Nsec: 999999999}, "-1.000000001"},
		{format.Time{Sec: math.MaxInt64, Nsec: 999999999}, "9223372036854775807.999999999"},
		{format.Time{Sec: math.MinInt64, Nsec: 0}, "-9223372036854775808.000000000"},
		{format.Time{Sec: math.MinInt64, Nsec: 1}, "-9223372036854775807.999999999"},
	} {
		if got := c.time.String(); got != c.want {
			t.Errorf("%#v: got %s, want %s", c.time, got, c.want)
		}
		if back, ok := format.ParseTime(c.want); !ok || back != c.time {
			t.Errorf("%s: read back as %v %v", c.want, back, ok)
		}
	}
}

func TestTimeCompareAndAdd(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	nanos := func(t format.Time) *big.Int {
		n := new(big.Int).Mul(big.NewInt(t.Sec), big.NewInt(1e9))
		return n.Add(n, big.NewInt(int64(t.Nsec)))
	}
	near := func() format.Time { return format.Time{Sec: rng.Int64N(5) - 2, Nsec: int32(rng.IntN(3)) * 499999999} }
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
		got, ok := format.ParseTime(s)
		if !ok {
			return
		}
		if back, ok := format.ParseTime(got.String()); !ok || back != got {
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
