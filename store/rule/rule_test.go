package rule

import (
	"math"
	"slices"
	"testing"

	"treefilter/store/internal/format"
)

// The rule. What a line of this table says is what treefilter does.
func TestJudge(t *testing.T) {
	at := func(sec int64, nsec int32) format.Time { return format.Time{Sec: sec, Nsec: nsec} }
	var (
		now   = at(1_700_000_000, 500)
		never *format.Time // no stamp
		s     = func(sec int64, nsec int32) *format.Time { return &format.Time{Sec: sec, Nsec: nsec} }
	)
	tests := []struct {
		name  string
		stamp *format.Time
		mtime format.Time
		want  Reason
	}{
		{"no stamp", never, at(1_600_000_000, 0), Unstamped},
		{"no stamp, mtime 0", never, at(0, 0), Unstamped},
		{"no stamp, mtime in the future", never, at(1_800_000_000, 0), Unstamped},

		{"as stamped", s(1_600_000_000, 7), at(1_600_000_000, 7), Unchanged},
		{"a nanosecond newer", s(1_600_000_000, 7), at(1_600_000_000, 8), Newer},
		{"a nanosecond older", s(1_600_000_000, 7), at(1_600_000_000, 6), Unchanged},
		{"newer, with fewer nanoseconds", s(1_600_000_000, 999_999_999), at(1_600_000_001, 0), Newer},
		{"older, with more nanoseconds", s(1_600_000_001, 0), at(1_600_000_000, 999_999_999), Unchanged},
		{"much older", s(1_600_000_000, 7), at(0, 0), Unchanged},

		// Before 1970 nanoseconds still count forward.
		{"1970", s(0, 0), at(0, 0), Unchanged},
		{"newer than 1970", s(0, 0), at(0, 1), Newer},
		{"older than 1970", s(0, 0), at(-1, 999_999_999), Unchanged},
		{"negative, newer", s(-2, 999_999_999), at(-1, 0), Newer},
		{"negative, as stamped", s(-2, 5), at(-2, 5), Unchanged},
		{"negative, older", s(-1, 0), at(-2, 999_999_999), Unchanged},

		// A float64 holds none of these differences.
		{"2^53 seconds and a nanosecond", s(1<<53, 0), at(1<<53, 1), Newer},
		{"the last moment there is", s(math.MinInt64, 0), at(math.MaxInt64, 999_999_999), Newer},

		// Now itself is not the future.
		{"stamp is now, file as stamped", s(1_700_000_000, 500), at(1_700_000_000, 500), Unchanged},
		{"stamp is now, file older", s(1_700_000_000, 500), at(1_700_000_000, 499), Unchanged},
		{"stamp is now, file newer", s(1_700_000_000, 500), at(1_700_000_000, 501), Newer},

		// A stamp in the future counts only for a file of exactly that mtime.
		{"a nanosecond ahead, file as stamped", s(1_700_000_000, 501), at(1_700_000_000, 501), Unchanged},
		{"a nanosecond ahead, file older", s(1_700_000_000, 501), at(1_700_000_000, 500), FutureStamp},
		{"a nanosecond ahead, file newer", s(1_700_000_000, 501), at(1_700_000_000, 502), Newer},
		{"2446, file as stamped", s(15_032_385_535, 0), at(15_032_385_535, 0), Unchanged},
		{"2446, file of today", s(15_032_385_535, 0), at(1_699_999_999, 0), FutureStamp},
		{"2446, file of long ago", s(15_032_385_535, 0), at(-1, 0), FutureStamp},
	}
	for _, test := range tests {
		e := evidence(test.stamp, test.mtime, now)
		if got := Judge(DetectNewer, &e); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
		// The other rules ask whether the mtime is the stamp, whichever is later
		// and whenever that was.
		differs, content := test.want, test.want
		switch {
		case test.stamp == nil:
		case test.mtime == *test.stamp:
			differs, content = Unchanged, Unchanged
		case test.want == Newer:
			content = Touched
		default:
			differs, content = Older, Touched
		}
		if got := Judge(DetectDiffers, &e); got != differs {
			t.Errorf("%s: %v with differs, want %v", test.name, got, differs)
		}
		if got := Judge(DetectContent, &e); got != content {
			t.Errorf("%s: %v with content, want %v", test.name, got, content)
		}
	}
}

func evidence(stamp *format.Time, mtime, now format.Time) Evidence {
	e := Evidence{Mtime: mtime, Now: now}
	e.Stamp.Time.Sec = math.MaxInt64 // must not be looked at
	if stamp != nil {
		e.Stamp.Time, e.Standing = *stamp, format.Stamped
	}
	return e
}

// What was read decides only under --detect content, and only when the mtime
// leaves it open.
func TestJudgeContent(t *testing.T) {
	stamp := &format.Time{Sec: 1_600_000_000}
	now := format.Time{Sec: 1_700_000_000}
	for content, want := range map[Content]Reason{
		NotRead:      Touched,
		SameContent:  ContentSame,
		OtherContent: ContentChanged,
		NoDigest:     ContentUnknown,
		Unreadable:   ContentUnread,
	} {
		for _, mtime := range []format.Time{{Sec: 1_500_000_000}, {Sec: 1_650_000_000}, {Sec: 1_800_000_000}} {
			e := evidence(stamp, mtime, now)
			e.Content = content
			if got := Judge(DetectContent, &e); got != want {
				t.Errorf("content %d, mtime %v: %v, want %v", content, mtime, got, want)
			}
		}
		e := evidence(stamp, *stamp, now)
		e.Content = content
		if got := Judge(DetectContent, &e); got != Unchanged {
			t.Errorf("content %d, mtime as stamped: %v", content, got)
		}
		e = evidence(nil, *stamp, now)
		e.Content = content
		if got := Judge(DetectContent, &e); got != Unstamped {
			t.Errorf("content %d, no stamp: %v", content, got)
		}
		e = evidence(stamp, format.Time{Sec: 1_650_000_000}, now)
		e.Content = content
		if got := Judge(DetectNewer, &e); got != Newer {
			t.Errorf("content %d, newer: %v", content, got)
		}
	}
}

// A stamp of another config counts for nothing, nor does one that was taken away.
func TestJudgeWithoutAStampThatCounts(t *testing.T) {
	for standing, want := range map[format.Standing]Reason{format.OtherConfig: OtherConfig, format.Dropped: Dropped, format.Unknown: Unstamped} {
		for _, d := range []Detect{DetectNewer, DetectDiffers, DetectContent} {
			e := evidence(&format.Time{Sec: 5}, format.Time{Sec: 5}, format.Time{Sec: 9})
			e.Standing, e.Content = standing, SameContent
			if got := Judge(d, &e); got != want {
				t.Errorf("rule %d, standing %d: %v", d, standing, got)
			}
		}
	}
}

// What is forced, or lacks its output, has that reason only where there would be
// nothing to do.
func TestJudgeForced(t *testing.T) {
	stamp := &format.Time{Sec: 100}
	for _, test := range []struct {
		rule  Detect
		mtime int64
		want  Reason
	}{
		{DetectNewer, 100, Forced},
		{DetectNewer, 99, Forced},
		{DetectNewer, 101, Newer},
		{DetectDiffers, 99, Older},
		{DetectContent, 100, Forced},
		{DetectContent, 99, Forced}, // its content need not be read
	} {
		e := evidence(stamp, format.Time{Sec: test.mtime}, format.Time{Sec: 1_000})
		e.Forced, e.NoOutput = true, true
		if got := Judge(test.rule, &e); got != test.want {
			t.Errorf("rule %d, mtime %d: %v, want %v", test.rule, test.mtime, got, test.want)
		}
		want := test.want
		if want == Forced {
			want = OutputMissing
		}
		e.Forced = false
		if got := Judge(test.rule, &e); got != want {
			t.Errorf("rule %d, mtime %d, no output: %v, want %v", test.rule, test.mtime, got, want)
		}
	}
	if got := Judge(DetectNewer, &Evidence{Forced: true, NoOutput: true}); got != Unstamped {
		t.Errorf("no stamp: %v", got)
	}
}

// A stamp that lay in the future when it was made counts for exactly that mtime,
// also once the clock has passed it.
func TestJudgeExactStamp(t *testing.T) {
	for mtime, want := range map[int64]Reason{100: Unchanged, 99: FutureStamp, 101: Newer} {
		e := evidence(&format.Time{Sec: 100}, format.Time{Sec: mtime}, format.Time{Sec: 1_000})
		e.Stamp.Exact = true
		if got := Judge(DetectNewer, &e); got != want {
			t.Errorf("mtime %d: %v, want %v", mtime, got, want)
		}
	}
}

// A link that is younger than both its targets leads to another file.
func TestJudgeLinkTarget(t *testing.T) {
	for d, want := range map[Detect]Reason{DetectNewer: Unchanged, DetectDiffers: Older, DetectContent: Touched} {
		e := evidence(&format.Time{Sec: 300}, format.Time{Sec: 300}, format.Time{Sec: 1_000})
		e.Stamp.Target, e.Target = format.Time{Sec: 200}, format.Time{Sec: 100}
		if got := Judge(d, &e); got != want {
			t.Errorf("rule %d: %v, want %v", d, got, want)
		}
		e.Target = e.Stamp.Target
		if got := Judge(d, &e); got != Unchanged {
			t.Errorf("rule %d, same target: %v", d, got)
		}
	}
}

// A file is given up only where that is asked for, once its command has failed so
// often, and while it is the file that it failed on.
func TestJudgeFailure(t *testing.T) {
	file := format.Stamp{Time: format.Time{Sec: 100}, Target: format.Time{Sec: 50}, Digest: &format.Digest{Size: 1}}
	bare := file
	bare.Digest = nil
	tests := []struct {
		name          string
		giveUp        int
		runs          int
		file          format.Stamp
		mtime, target int64
		content       Content
		want, read    Reason // read is that of DetectContent
	}{
		{"not asked for", 0, 5, file, 100, 50, NotRead, Dropped, Dropped},
		{"too few", 3, 2, file, 100, 50, NotRead, Dropped, Dropped},
		{"as often", 3, 3, file, 100, 50, NotRead, GivenUp, GivenUp},
		{"more often", 3, 9, file, 100, 50, NotRead, GivenUp, GivenUp},
		{"newer", 3, 3, file, 101, 50, NotRead, Dropped, Touched},
		{"older", 3, 3, file, 99, 50, NotRead, Dropped, Touched},
		{"another target", 3, 3, file, 100, 51, NotRead, Dropped, Touched},
		{"same content", 3, 3, file, 101, 50, SameContent, Dropped, GivenUp},
		{"other content", 3, 3, file, 101, 50, OtherContent, Dropped, Dropped},
		{"unreadable", 3, 3, file, 101, 50, Unreadable, Dropped, Dropped},
		{"no digest", 3, 3, bare, 101, 50, NotRead, Dropped, Dropped},
		{"no digest, as it was", 3, 3, bare, 100, 50, NotRead, GivenUp, GivenUp},
	}
	for _, test := range tests {
		e := Evidence{
			Standing: format.Dropped, Failure: &format.Failure{Runs: test.runs, File: test.file}, GiveUp: test.giveUp,
			Mtime: format.Time{Sec: test.mtime}, Target: format.Time{Sec: test.target}, Content: test.content,
		}
		for d, want := range map[Detect]Reason{DetectNewer: test.want, DetectDiffers: test.want, DetectContent: test.read} {
			if got := Judge(d, &e); got != want {
				t.Errorf("%s: %v with %v, want %v", test.name, got, d, want)
			}
			e.NoOutput = true // as a failure leaves it
			if got := Judge(d, &e); got != want {
				t.Errorf("%s: %v with %v without its output, want %v", test.name, got, d, want)
			}
			e.NoOutput = false
		}
		e.Forced = true
		if got := Judge(DetectNewer, &e); !got.NeedsWork() {
			t.Errorf("%s: %v though forced", test.name, got)
		}
		e.Forced, e.Standing = false, format.Unknown
		if got := Judge(DetectNewer, &e); got != Unstamped {
			t.Errorf("%s: %v without a drop", test.name, got)
		}
	}
}

func TestOnlyWhatIsUnchangedNeedsNoWork(t *testing.T) {
	done := []Reason{Unchanged, ContentSame, GivenUp, IsDirectory, IsState, IsRemoved, NotChosen, NoFile}
	for r := range reasons {
		r := Reason(r)
		if want := !slices.Contains(done, r); r.NeedsWork() != want {
			t.Errorf("%v: needs work: %v", r, !want)
		}
	}
}

// Skipped work is the one unforgivable fault: whatever the numbers, a file is
// hidden only by a stamp that is its mtime, or that is newer and not of the
// future.
func FuzzJudge(f *testing.F) {
	f.Add(true, int64(0), int32(0), int64(0), int32(1), int64(1), int32(0))
	f.Add(false, int64(-1), int32(999_999_999), int64(0), int32(0), int64(5), int32(5))
	f.Add(true, int64(math.MaxInt64), int32(0), int64(math.MinInt64), int32(0), int64(0), int32(0))
	f.Fuzz(func(t *testing.T, stamped bool, ssec int64, snsec int32, msec int64, mnsec int32, nsec int64, nnsec int32) {
		norm := func(sec int64, nsec int32) format.Time {
			return format.Time{Sec: sec, Nsec: int32(uint32(nsec) % 1e9)}
		}
		before := func(a, b format.Time) bool { return a.Sec < b.Sec || a.Sec == b.Sec && a.Nsec < b.Nsec }
		stamp, mtime, now := norm(ssec, snsec), norm(msec, mnsec), norm(nsec, nnsec)

		hidden := stamped && (stamp == mtime || before(mtime, stamp) && !before(now, stamp))
		e := Evidence{Mtime: mtime, Now: now}
		if e.Stamp.Time = stamp; stamped {
			e.Standing = format.Stamped
		}
		if got := Judge(DetectNewer, &e); got.NeedsWork() == hidden {
			t.Errorf("stamp %v (%v), mtime %v, now %v: %v", stamp, stamped, mtime, now, got)
		}
		for _, d := range []Detect{DetectDiffers, DetectContent} {
			if got := Judge(d, &e); got.NeedsWork() == (stamped && stamp == mtime) {
				t.Errorf("rule %d, stamp %v (%v), mtime %v, now %v: %v", d, stamp, stamped, mtime, now, got)
			}
		}
	})
}
