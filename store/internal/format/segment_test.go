package format

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// The segment in FORMAT.md is, byte for byte, what is written, and each of its records
// is read as what it was.
func TestSegmentExample(t *testing.T) {
	const id = "9f86d081884c7d65"
	s := NewSession("treefilter", id, Config{})
	records := []SegmentRecord{
		{Kind: SegmentBegin, ID: id, Begin: Begin{"treefilter", "nas1", "3c1e1c3a-7a7e-4c43-9f0e-1b2f7a4f5a10 pid:[4026531836]", 4711}},
		{Kind: SegmentRead, ID: id, Folded: "1c3a7a7e4c439f0e/7", WAL: "1b2f7a4f5a103c1e/12", Logs: []string{"4c439f0e1b2f7a4f/1", "7a7e4c439f0e1b2f/100"}},
		{Kind: SegmentEnd, ID: id, Tally: Tally{Sets: 1, Takes: 1, Under: s.Hash}},
		{Kind: DumpNote, Begin: Begin{"", "nas1", "3c1e1c3a-7a7e-4c43-9f0e-1b2f7a4f5a10 pid:[4026531836]", 4712}, Since: "2026-11-30T23:00:00Z"},
	}
	b := records[0].Append(nil)
	b = s.AppendOpen(records[1].Append(b))
	b = s.AppendTake(b, RecordDrop, "failed.jpg")
	b = s.AppendSet(b, Entry{Path: "img003.jpg", Stamp: Stamp{Time: Time{Sec: 1700000002, Nsec: 789000000}}})
	b = records[2].Append(b)
	note := records[3].Append(nil)
	page, err := os.ReadFile("../../FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(b), string(note)} {
		if !strings.Contains(string(page), "```yaml\n"+text+"```\n") {
			t.Errorf("FORMAT.md lacks\n%s", text)
		}
	}
	for _, want := range records {
		body, crc, ok := CutCRC(want.Append(nil)[:len(want.Append(nil))-1])
		got, err := ParseSegmentRecord(body)
		if !ok || crc != Crc32Of(body) || err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v; want %+v", body, got, err, want)
		}
	}
}

// A record of another version is not ours; what is no such record is an error.
func TestSegmentRecordsThatAreNone(t *testing.T) {
	for _, text := range []string{
		`- begin: {version: 2, program: treefilter, host: "a", boot: "b", pid: 1, id: "9f86d081884c7d65"}`,
		`- begin: {version: 1, id: "9f86d081884c7d65", other: 1}`,
		`- end: {sets: 1, takes: 1}`,
		`- end: {sets: many, takes: 1, id: "9f86d081884c7d65"}`,
		`- read: {wal: "", segments: "", id: "9f86d081884c7d65"}`,
		`- begin`,
	} {
		if r, err := ParseSegmentRecord([]byte(text)); err == nil {
			t.Errorf("%s: %+v", text, r)
		}
	}
}
