package store

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

var (
	testTime   = Time{1700000002, 789000000}
	testDigest = &Digest{Size: 3, SHA256: [32]byte{0xab, 31: 0xcd}}
)

const testSum = "ab000000000000000000000000000000000000000000000000000000000000cd"

func TestRecordsAsWritten(t *testing.T) {
	s := newSession("treefilter", "9f86d081884c7d65", mustConfig(t, "quality: 90"))
	for _, c := range []struct {
		line []byte
		body string
		want record
	}{
		{
			s.appendSet(nil, Entry{Path: "img003.jpg", Stamp: Stamp{Time: testTime}}),
			`- set: {path: "img003.jpg", time: 1700000002.789000000}`,
			record{kind: recordSet, path: []byte("img003.jpg"), stamp: Stamp{Time: testTime}},
		},
		{
			s.appendSet(nil, Entry{Path: "a/b", Stamp: Stamp{Time: testTime, Digest: testDigest}}),
			`- set: {path: "a/b", time: 1700000002.789000000, size: 3, sha256: "` + testSum + `"}`,
			record{kind: recordSet, path: []byte("a/b"), stamp: Stamp{Time: testTime, Digest: testDigest}},
		},
		{
			s.appendSet(nil, Entry{Path: "- set: {path: \"x\", time: 1} # 00000000\n", Stamp: Stamp{Time: Time{-1, 500000000}}}),
			`- set: {path: "- set: {path: \"x\", time: 1\x7d # 00000000\n", time: -0.500000000}`,
			record{kind: recordSet, path: []byte("- set: {path: \"x\", time: 1} # 00000000\n"), stamp: Stamp{Time: Time{-1, 500000000}}},
		},
		{
			s.appendSet(nil, Entry{Path: "bad\xff", Stamp: Stamp{Time: Time{math.MinInt64, 0}}}),
			`- set: {path: !!binary "YmFk/w==", time: -9223372036854775808.000000000}`,
			record{kind: recordSet, path: []byte("bad\xff"), stamp: Stamp{Time: Time{math.MinInt64, 0}}},
		},
		{
			s.appendSet(nil, Entry{Path: "ahead", Stamp: Stamp{Time: testTime, Exact: true}}),
			`- set: {path: "ahead", time: 1700000002.789000000, exact: true}`,
			record{kind: recordSet, path: []byte("ahead"), stamp: Stamp{Time: testTime, Exact: true}},
		},
		{
			s.appendSet(nil, Entry{Path: "link", Stamp: Stamp{Time: testTime, Exact: true, Target: Time{5, 0}, Digest: testDigest}}),
			`- set: {path: "link", time: 1700000002.789000000, exact: true, target: 5.000000000, size: 3, sha256: "` + testSum + `"}`,
			record{kind: recordSet, path: []byte("link"), stamp: Stamp{Time: testTime, Exact: true, Target: Time{5, 0}, Digest: testDigest}},
		},
		{s.appendTake(nil, recordDrop, "failed.jpg"), `- drop: {path: "failed.jpg"}`, record{kind: recordDrop, path: []byte("failed.jpg")}},
		{s.appendTake(nil, recordPrune, "gone.jpg"), `- prune: {path: "gone.jpg"}`, record{kind: recordPrune, path: []byte("gone.jpg")}},
	} {
		body, crc, ok := cutCRC(bytes.TrimSuffix(c.line, []byte{'\n'}))
		if string(body) != c.body || !ok || crc != s.sum(body) {
			t.Errorf("got %q, CRC %v %08x\nwant %q, CRC %08x", body, ok, crc, c.body, s.sum([]byte(c.body)))
		}
		got, ok := parseRecord(body)
		if !ok || !sameRecord(got, c.want) {
			t.Errorf("%s: the fast reader sees %+v %v", body, got, ok)
		}
		hand, err := parseHandRecord(body)
		if err != nil || !sameRecord(hand, c.want) {
			t.Errorf("%s: yaml.v3 sees %+v, %v", body, hand, err)
		}
	}
	const open = `- open: {version: 1, program: treefilter, ` +
		`config_hash: "c996d92a2e16db63b6900523bb97161dd5d9aae36dca5a527d666c812df5a6eb", ` +
		`config: {quality: 90}, id: "9f86d081884c7d65"}`
	line := s.appendOpen(nil)
	if body, crc, ok := cutCRC(line[:len(line)-1]); string(body) != open || !ok || crc != crc32Of(body) {
		t.Errorf("got %s, want %s", line, open)
	}
}

func sameRecord(r, o record) bool {
	return r.kind == o.kind && bytes.Equal(r.path, o.path) && sameStamp(r.stamp, o.stamp)
}

// A record's CRC covers the file's id and the config.
func TestRecordCRC(t *testing.T) {
	body := []byte(`- drop: {path: "a"}`)
	a := newSession("treefilter", "9f86d081884c7d65", Config{})
	for _, other := range []*session{
		newSession("treefilter", "9f86d081884c7d66", Config{}),
		newSession("treefilter", "9f86d081884c7d65", mustConfig(t, "a: 1")),
		newSession("treefilter", "", Config{}),
	} {
		if a.sum(body) == other.sum(body) {
			t.Errorf("the CRC does not tell %s %s from %s %s", a.id, a.config, other.id, other.config)
		}
	}
}

func TestRecordsByHand(t *testing.T) {
	set := record{kind: recordSet, path: []byte("a.jpg"), stamp: Stamp{Time: Time{1700000000, 500000000}}}
	withDigest := set
	withDigest.stamp.Digest = testDigest
	for _, c := range []struct {
		text string
		want record
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
		{"- set: {path: a.jpg, time: 1700000000.5, size: 3, sha256: " + testSum + "}", withDigest},
		{"- set: {path: a.jpg, time: 1700000000.5, size: '3', sha256: " + strings.ToUpper(testSum) + "}", withDigest},
		{"- set: {path: 2001-01-01, time: 1}", record{kind: recordSet, path: []byte("2001-01-01"), stamp: at(1)}},
		{"- set: {path: ~, time: 1}", record{kind: recordSet, path: []byte("~"), stamp: at(1)}},
		{"- drop: {path: a.jpg}", record{kind: recordDrop, path: []byte("a.jpg")}},
		{"- drop:\n    path: a.jpg\n", record{kind: recordDrop, path: []byte("a.jpg")}},
	} {
		got, err := parseHandRecord([]byte(c.text))
		if err != nil || !sameRecord(got, c.want) {
			t.Errorf("%q: got %+v, %v", c.text, got, err)
		}
	}
	got, err := parseHandRecord([]byte("- open: {version: 1, program: mine, config: {b: 1, a: 2}}"))
	if err != nil || got.session.program != "mine" || got.session.id != "" || got.session.hash != mustConfig(t, "{a: 2, b: 1}").Hash() {
		t.Errorf("open: got %+v, %v", got.session, err)
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
		"- set: {path: a, time: 1, sha256: " + testSum + "}",
		"- set: {path: a, time: 1, size: -3, sha256: " + testSum + "}",
		"- set: {path: a, time: 1, size: 9223372036854775808, sha256: " + testSum + "}",
		"- set: {path: a, time: 1, size: 3, sha256: " + testSum[1:] + "}",
		"- set: {path: a, time: 1, size: 3, sha256: x" + testSum[1:] + "}",
		"- drop: {}",
		"- drop: {path: a, time: 1}",
		"- open: {program: treefilter}",
		"- open: {version: 2, program: treefilter}",
		"- open: {version: 1, program: treefilter, mode: 3}",
		"- open: {version: 1, program: treefilter, config: [a]}",
		"- open: {version: 1, program: treefilter, config: {a: 1, a: 2}}",
		"- set: {path: \"a",
		"- set: {path: a, time: 1",
		"- set: {path: " + strings.Repeat("a", maxRecord) + ", time: 1}",
	} {
		if r, err := parseHandRecord([]byte(text)); err == nil {
			t.Errorf("%.80q: accepted as %+v", text, r)
		}
		if r, ok := parseRecord([]byte(text)); ok {
			t.Errorf("%.80q: the fast reader accepts %+v", text, r)
		}
	}
}

// A path that no file below the tree can have costs its record, written by
// hand or with a CRC that fits.
func TestRecordPathsRefused(t *testing.T) {
	s := newSession("treefilter", "9f86d081884c7d65", Config{})
	for _, path := range []string{"", "/etc/passwd", "../a", "a/../b", "a/", "a//b", ".", "./a", "a\x00b", strings.Repeat("a", maxPath+1)} {
		e := Entry{Path: path, Stamp: Stamp{Time: testTime}}
		sealed := s.appendSet(s.appendOpen(nil), e)
		body, _, _ := cutCRC(bytes.TrimSuffix(s.appendSet(nil, e), []byte{'\n'}))
		for _, text := range [][]byte{sealed, append(body, '\n')} {
			w, err := readWAL(bytes.NewReader(text), DefaultProgram)
			if err != nil || w.bad != 1 || !w.said.empty() {
				t.Errorf("%.40q: accepted, %v", path, err)
			}
		}
	}
}

// FuzzRecord: what the fast reader accepts, yaml.v3 reads to the same; what we
// write, both read back.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`- set: {path: "a\x01", time: 1.5, size: 3, sha256: "`+testSum+`"}`), "a/b", int64(-1), uint32(5), int64(-1))
	f.Add([]byte(`- drop: {path: !!binary "YQ=="}`), "bad\xff", int64(1700000000), uint32(0), int64(3))
	for i, name := range hardNames {
		f.Add(appendQuoted([]byte("- drop: {path: "), name), name, int64(i), uint32(i), int64(i))
	}
	s := newSession("treefilter", "9f86d081884c7d65", Config{})
	f.Fuzz(func(t *testing.T, body []byte, path string, sec int64, nsec uint32, size int64) {
		if r, ok := parseRecord(body); ok {
			checkByYAML(t, body, r)
		}
		if len(path) > maxPath {
			return
		}
		e := Entry{Path: path, Stamp: Stamp{Time: Time{sec, int32(nsec % 1e9)}}}
		if size >= 0 {
			e.Digest = &Digest{Size: size, SHA256: [32]byte{byte(size), 31: byte(nsec)}}
		}
		for _, c := range []struct {
			line []byte
			want record
		}{
			{s.appendSet(nil, e), record{kind: recordSet, path: []byte(path), stamp: e.Stamp}},
			{s.appendTake(nil, recordDrop, path), record{kind: recordDrop, path: []byte(path)}},
			{s.appendTake(nil, recordPrune, path), record{kind: recordPrune, path: []byte(path)}},
		} {
			line, end := bytes.CutSuffix(c.line, []byte{'\n'})
			body, crc, sealed := cutCRC(line)
			if !end || !sealed || crc != s.sum(body) || bytes.IndexByte(line, '\n') >= 0 {
				t.Fatalf("%q is no sealed line", c.line)
			}
			r, ok := parseRecord(body)
			if !ok || !sameRecord(r, c.want) {
				t.Fatalf("%q is read back as %+v %v", body, r, ok)
			}
			checkByYAML(t, body, r)
		}
	})
}

func checkByYAML(t *testing.T, body []byte, want record) {
	t.Helper()
	got, err := parseHandRecord(body)
	if err != nil || !sameRecord(got, want) {
		t.Fatalf("%q: the fast reader sees %+v, yaml.v3 %+v, %v", body, want, got, err)
	}
}
