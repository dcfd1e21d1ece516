package format_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
	"treefilter/store/internal/wal"
	"treefilter/store/internal/words"
)

func TestRecordsAsWritten(t *testing.T) {
	s := format.NewSession("treefilter", "9f86d081884c7d65", formattest.MustConfig(t, "quality: 90"))
	for _, c := range []struct {
		line []byte
		body string
		want format.Record
	}{
		{
			s.AppendSet(nil, format.Entry{Path: "img003.jpg", Stamp: format.Stamp{Time: formattest.Time}}),
			`- set: {path: "img003.jpg", time: 1700000002.789000000}`,
			format.Record{Kind: format.RecordSet, Path: []byte("img003.jpg"), Stamp: format.Stamp{Time: formattest.Time}},
		},
		{
			s.AppendSet(nil, format.Entry{Path: "a/b", Stamp: format.Stamp{Time: formattest.Time, Digest: formattest.Digest}}),
			`- set: {path: "a/b", time: 1700000002.789000000, size: 3, sha256: "` + formattest.Sum + `"}`,
			format.Record{Kind: format.RecordSet, Path: []byte("a/b"), Stamp: format.Stamp{Time: formattest.Time, Digest: formattest.Digest}},
		},
		{
			s.AppendSet(nil, format.Entry{Path: "- set: {path: \"x\", time: 1} # 00000000\n", Stamp: format.Stamp{Time: format.Time{Sec: -1, Nsec: 500000000}}}),
			`- set: {path: "- set: {path: \"x\", time: 1\x7d # 00000000\n", time: -0.500000000}`,
			format.Record{Kind: format.RecordSet, Path: []byte("- set: {path: \"x\", time: 1} # 00000000\n"), Stamp: format.Stamp{Time: format.Time{Sec: -1, Nsec: 500000000}}},
		},
		{
			s.AppendSet(nil, format.Entry{Path: "bad\xff", Stamp: format.Stamp{Time: format.Time{Sec: math.MinInt64, Nsec: 0}}}),
			`- set: {path: !!binary "YmFk/w==", time: -9223372036854775808.000000000}`,
			format.Record{Kind: format.RecordSet, Path: []byte("bad\xff"), Stamp: format.Stamp{Time: format.Time{Sec: math.MinInt64, Nsec: 0}}},
		},
		{
			s.AppendSet(nil, format.Entry{Path: "ahead", Stamp: format.Stamp{Time: formattest.Time, Exact: true}}),
			`- set: {path: "ahead", time: 1700000002.789000000, exact: true}`,
			format.Record{Kind: format.RecordSet, Path: []byte("ahead"), Stamp: format.Stamp{Time: formattest.Time, Exact: true}},
		},
		{
			s.AppendSet(nil, format.Entry{Path: "link", Stamp: format.Stamp{Time: formattest.Time, Exact: true, Target: format.Time{Sec: 5, Nsec: 0}, Digest: formattest.Digest}}),
			`- set: {path: "link", time: 1700000002.789000000, exact: true, target: 5.000000000, size: 3, sha256: "` + formattest.Sum + `"}`,
			format.Record{Kind: format.RecordSet, Path: []byte("link"), Stamp: format.Stamp{Time: formattest.Time, Exact: true, Target: format.Time{Sec: 5, Nsec: 0}, Digest: formattest.Digest}},
		},
		{s.AppendTake(nil, format.RecordDrop, "failed.jpg"), `- drop: {path: "failed.jpg"}`, format.Record{Kind: format.RecordDrop, Path: []byte("failed.jpg")}},
		{
			s.AppendFailure(nil, "failed.jpg", &format.Failure{Runs: 1, At: format.Time{Sec: 9}, File: format.Stamp{Time: formattest.Time}}),
			`- drop: {path: "failed.jpg", failed: 1, at: 9.000000000, time: 1700000002.789000000}`,
			format.Record{Kind: format.RecordDrop, Path: []byte("failed.jpg"), Failure: &format.Failure{Runs: 1, At: format.Time{Sec: 9}, File: format.Stamp{Time: formattest.Time}}},
		},
		{
			s.AppendFailure(nil, "a}", &format.Failure{Runs: 12, At: format.Time{Sec: 9}, File: format.Stamp{Time: formattest.Time, Target: format.Time{Sec: 5}, Digest: formattest.Digest}}),
			`- drop: {path: "a\x7d", failed: 12, at: 9.000000000, time: 1700000002.789000000, target: 5.000000000, size: 3, sha256: "` + formattest.Sum + `"}`,
			format.Record{Kind: format.RecordDrop, Path: []byte("a}"), Failure: &format.Failure{Runs: 12, At: format.Time{Sec: 9}, File: format.Stamp{Time: formattest.Time, Target: format.Time{Sec: 5}, Digest: formattest.Digest}}},
		},
		{s.AppendTake(nil, format.RecordPrune, "gone.jpg"), `- prune: {path: "gone.jpg"}`, format.Record{Kind: format.RecordPrune, Path: []byte("gone.jpg")}},
	} {
		body, crc, ok := format.CutCRC(bytes.TrimSuffix(c.line, []byte{'\n'}))
		if string(body) != c.body || !ok || crc != s.Sum(body) {
			t.Errorf("got %q, CRC %v %08x\nwant %q, CRC %08x", body, ok, crc, c.body, s.Sum([]byte(c.body)))
		}
		got, ok := format.ParseRecord(body)
		if !ok || !sameRecord(got, c.want) {
			t.Errorf("%s: the fast reader sees %+v %v", body, got, ok)
		}
		hand, err := format.ParseHandRecord(body)
		if err != nil || !sameRecord(hand, c.want) {
			t.Errorf("%s: yaml.v3 sees %+v, %v", body, hand, err)
		}
	}
	const open = `- open: {version: 1, program: treefilter, ` +
		`config_hash: "c996d92a2e16db63b6900523bb97161dd5d9aae36dca5a527d666c812df5a6eb", ` +
		`config: {quality: 90}, id: "9f86d081884c7d65"}`
	line := s.AppendOpen(nil)
	if body, crc, ok := format.CutCRC(line[:len(line)-1]); string(body) != open || !ok || crc != format.Crc32Of(body) {
		t.Errorf("got %s, want %s", line, open)
	}
}

func sameRecord(r, o format.Record) bool {
	return r.Kind == o.Kind && bytes.Equal(r.Path, o.Path) && r.Stamp.Equal(o.Stamp) && sameFailure(r.Failure, o.Failure)
}

func sameFailure(f, o *format.Failure) bool {
	if f == nil || o == nil {
		return f == o
	}
	return f.Runs == o.Runs && f.At == o.At && f.File.Equal(o.File) && f.Under == o.Under
}

// A record's CRC covers the file's id and the config.
func TestRecordCRC(t *testing.T) {
	body := []byte(`- drop: {path: "a"}`)
	a := format.NewSession("treefilter", "9f86d081884c7d65", format.Config{})
	for _, other := range []*format.Session{
		format.NewSession("treefilter", "9f86d081884c7d66", format.Config{}),
		format.NewSession("treefilter", "9f86d081884c7d65", formattest.MustConfig(t, "a: 1")),
		format.NewSession("treefilter", "", format.Config{}),
	} {
		if a.Sum(body) == other.Sum(body) {
			t.Errorf("the CRC is the same for %s %s and %s %s", a.ID, a.Config, other.ID, other.Config)
		}
	}
}

func TestRecordsByHand(t *testing.T) {
	set := format.Record{Kind: format.RecordSet, Path: []byte("a.jpg"), Stamp: format.Stamp{Time: format.Time{Sec: 1700000000, Nsec: 500000000}}}
	withDigest := set
	withDigest.Stamp.Digest = formattest.Digest
	for _, c := range []struct {
		text string
		want format.Record
	}{
		{"- set: {path: a.jpg, time: 1700000000.5}", set},
		{"- set: {time: 1700000000.5, path: a.jpg}", set},
		{"- {set: {'path': 'a.jpg', \"time\": 1700000000.50}}", set},
		{"- set:\n    path: a.jpg\n    time: 1700000000.5\n", set},
		{"- set:\n    path: a.jpg\r\n    time: 1700000000.5\r\n", set},
		{"- set:\n   time: 1700000000.5\n   path:\n      a.jpg\n", set},
		{"- set:\n    ? path\n    : a.jpg\n    ? time\n    : 1700000000.5\n", set},
		{"- set: {path: !!binary YS5qcGc=, time: 1700000000.5}", set},
		{"- set: {path: \"a\\u002ejpg\", time: 1700000000.5}", set},
		{"[{set: {path: a.jpg, time: 1700000000.5}}]", set},
		{"- set: {path: a.jpg, time: 1700000000.5, size: 3, sha256: " + formattest.Sum + "}", withDigest},
		{"- set: {path: a.jpg, time: 1700000000.5, size: '3', sha256: " + strings.ToUpper(formattest.Sum) + "}", withDigest},
		{"- set: {path: 2001-01-01, time: 1}", format.Record{Kind: format.RecordSet, Path: []byte("2001-01-01"), Stamp: format.Stamp{Time: format.Time{Sec: 1}}}},
		{"- set: {path: ~, time: 1}", format.Record{Kind: format.RecordSet, Path: []byte("~"), Stamp: format.Stamp{Time: format.Time{Sec: 1}}}},
		{"- drop: {path: a.jpg}", format.Record{Kind: format.RecordDrop, Path: []byte("a.jpg")}},
		{"- drop:\n    path: a.jpg\n", format.Record{Kind: format.RecordDrop, Path: []byte("a.jpg")}},
	} {
		got, err := format.ParseHandRecord([]byte(c.text))
		if err != nil || !sameRecord(got, c.want) {
			t.Errorf("%q: got %+v, %v", c.text, got, err)
		}
	}
	got, err := format.ParseHandRecord([]byte("- open: {version: 1, program: mine, config: {b: 1, a: 2}}"))
	if err != nil || got.Session.Program != "mine" || got.Session.ID != "" || got.Session.Hash != formattest.MustConfig(t, "{a: 2, b: 1}").Hash() {
		t.Errorf("open: got %+v, %v", got.Session, err)
	}
}

func TestRecordsRefused(t *testing.T) {
	for _, text := range []string{
		"", "-", "a", "set: {path: a, time: 1}", "- a", "- []", "- {}", "- [set]", "- set", "- set:", "- set: a",
		"- set: {path: a, time: 1}\n- set: {path: b, time: 1}",
		"- {set: {path: a, time: 1}, drop: {path: a}}",
		"- put: {path: a, time: 1}",
		"- set: {}",
		"- set: {path: a}",
		"- set: {time: 1}",
		"- set: {path: a, time: 1, mode: 3}",
		"- set: {path: a, path: a, time: 1}",
		"- set: {path: a, time: \"1\"}",
		"- set: {path: a, time: '1'}",
		"- set: {path: a, time: !!float 1}",
		"- set: {path: a, time: !!int 1}",
		"- set: {path: a, time: 1e3}",
		"- set: {path: a, time: .inf}",
		"- set: {path: a, time: .nan}",
		"- set: {path: a, time: 0x1f}",
		"- set: {path: a, time: 2001-01-01}",
		"- set: {path: a, time: 1.}",
		"- set: {path: a, time: }",
		"- set: {path: a, time: ~}",
		"- set: {path: a, time: [1]}",
		"- set: {path: !!str a, time: 1}",
		"- set: {path: !mine a, time: 1}",
		"- set: {path: !!binary \"?\", time: 1}",
		"- set: {path: [a], time: 1}",
		"- set: {path: {a: b}, time: 1}",
		"- set: {!!str path: a, time: 1}",
		"- set: {path: &x a, time: *x}",
		"- &x set: {path: *x, time: 1}",
		"- set: {path: a, time: 1, size: 3}",
		"- set: {path: a, time: 1, sha256: " + formattest.Sum + "}",
		"- set: {path: a, time: 1, size: -3, sha256: " + formattest.Sum + "}",
		"- set: {path: a, time: 1, size: 9223372036854775808, sha256: " + formattest.Sum + "}",
		"- set: {path: a, time: 1, size: 3, sha256: " + formattest.Sum[1:] + "}",
		"- set: {path: a, time: 1, size: 3, sha256: x" + formattest.Sum[1:] + "}",
		"- drop: {}",
		"- drop: {path: a, time: 1}",
		"- open: {program: treefilter}",
		"- open: {version: 2, program: treefilter}",
		"- open: {version: 1, program: treefilter, mode: 3}",
		"- open: {version: 1, program: treefilter, config: [a]}",
		"- open: {version: 1, program: treefilter, config: {a: 1, a: 2}}",
		"- set: {path: \"a",
		"- set: {path: a, time: 1",
		"- set: {path: " + strings.Repeat("a", format.MaxRecord) + ", time: 1}",
	} {
		if r, err := format.ParseHandRecord([]byte(text)); err == nil {
			t.Errorf("%.80q: accepted as %+v", text, r)
		}
		if r, ok := format.ParseRecord([]byte(text)); ok {
			t.Errorf("%.80q: the fast reader accepts %+v", text, r)
		}
	}
}

// A path that no file below the tree can have costs its record, written by
// hand or with a CRC that fits.
func TestRecordPathsRefused(t *testing.T) {
	s := format.NewSession("treefilter", "9f86d081884c7d65", format.Config{})
	for _, path := range []string{"", "/etc/passwd", "../a", "a/../b", "a/", "a//b", ".", "./a", "a\x00b", strings.Repeat("a", format.MaxPath+1)} {
		e := format.Entry{Path: path, Stamp: format.Stamp{Time: formattest.Time}}
		sealed := s.AppendSet(s.AppendOpen(nil), e)
		body, _, _ := format.CutCRC(bytes.TrimSuffix(s.AppendSet(nil, e), []byte{'\n'}))
		for _, text := range [][]byte{sealed, append(body, '\n')} {
			w, err := wal.Read(bytes.NewReader(text), disk.DefaultProgram, words.Room{})
			if err != nil || w.Bad != 1 || w.Said != nil {
				t.Errorf("%.40q: accepted, %v", path, err)
			}
		}
	}
}

// FuzzRecord: what the fast reader accepts, yaml.v3 reads to the same; what we
// write, both read back.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`- set: {path: "a\x01", time: 1.5, size: 3, sha256: "`+formattest.Sum+`"}`), "a/b", int64(-1), uint32(5), int64(-1))
	f.Add([]byte(`- drop: {path: "a", failed: 3, at: 2, time: 1.5, target: 1, size: 3, sha256: "`+formattest.Sum+`"}`), "a", int64(5), uint32(5), int64(0))
	f.Add([]byte(`- drop: {path: !!binary "YQ=="}`), "bad\xff", int64(1700000000), uint32(0), int64(3))
	for i, name := range formattest.HardNames {
		f.Add(format.AppendQuoted([]byte("- drop: {path: "), name), name, int64(i), uint32(i), int64(i))
	}
	s := format.NewSession("treefilter", "9f86d081884c7d65", format.Config{})
	f.Fuzz(func(t *testing.T, body []byte, path string, sec int64, nsec uint32, size int64) {
		if r, ok := format.ParseRecord(body); ok {
			checkByYAML(t, body, r)
		}
		if len(path) > format.MaxPath {
			return
		}
		e := format.Entry{Path: path, Stamp: format.Stamp{Time: format.Time{Sec: sec, Nsec: int32(nsec % 1e9)}}}
		if size >= 0 {
			e.Digest = &format.Digest{Size: size, SHA256: [32]byte{byte(size), 31: byte(nsec)}}
		}
		failure := &format.Failure{Runs: int(nsec%1000) + 1, At: format.Time{Sec: size}, File: e.Stamp}
		value := *failure
		value.Under = s.Hash
		_, text, _, err := format.CutEntry(format.AppendDroppedFailure(nil, "a", &value))
		if got := format.ParseDroppedValue(text); err != nil || !sameFailure(got, &value) {
			t.Fatalf("%q is read back as %+v, %v", text, got, err)
		}
		for _, c := range []struct {
			line []byte
			want format.Record
		}{
			{s.AppendFailure(nil, path, failure), format.Record{Kind: format.RecordDrop, Path: []byte(path), Failure: failure}},
			{s.AppendSet(nil, e), format.Record{Kind: format.RecordSet, Path: []byte(path), Stamp: e.Stamp}},
			{s.AppendTake(nil, format.RecordDrop, path), format.Record{Kind: format.RecordDrop, Path: []byte(path)}},
			{s.AppendTake(nil, format.RecordPrune, path), format.Record{Kind: format.RecordPrune, Path: []byte(path)}},
		} {
			line, end := bytes.CutSuffix(c.line, []byte{'\n'})
			body, crc, sealed := format.CutCRC(line)
			if !end || !sealed || crc != s.Sum(body) || bytes.IndexByte(line, '\n') >= 0 {
				t.Fatalf("%q is no sealed line", c.line)
			}
			r, ok := format.ParseRecord(body)
			if !ok || !sameRecord(r, c.want) {
				t.Fatalf("%q is read back as %+v %v", body, r, ok)
			}
			checkByYAML(t, body, r)
		}
	})
}

func checkByYAML(t *testing.T, body []byte, want format.Record) {
	t.Helper()
	got, err := format.ParseHandRecord(body)
	if err != nil || !sameRecord(got, want) {
		t.Fatalf("%q: the fast reader sees %+v, yaml.v3 %+v, %v", body, want, got, err)
	}
}
