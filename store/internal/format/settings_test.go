package format_test

import (
	"slices"
	"strings"
	"testing"

	"treefilter/store/internal/format"
)

func settingFiles(paths ...string) (files []format.SettingFile) {
	for i, p := range paths {
		files = append(files, format.SettingFile{Path: p, Sum: [format.SettingSum]byte{byte(i + 1)}})
	}
	return files
}

// What a stamp holds of setting files is read as it was written, in both state files,
// and written by hand in any order.
func TestSettingsText(t *testing.T) {
	const one, two = "01000000000000000000000000000000", "02000000000000000000000000000000"
	for _, c := range []struct {
		paths []string
		want  string
	}{
		{nil, ""},
		{[]string{".rc"}, `{".rc": "` + one + `"}`},
		{[]string{"rc", "a b/rc"}, `{"rc": "` + one + `", "a b/rc": "` + two + `"}`},
		{[]string{"a}/rc", "a\xff/rc"}, `{"a\x7d/rc": "` + one + `", !!binary "Yf8vcmM=": "` + two + `"}`},
	} {
		text, err := format.SettingsText(settingFiles(c.paths...))
		if err != nil || text != c.want {
			t.Errorf("%q: %s, error %v, want %s", c.paths, text, err, c.want)
		}
		for _, s := range []format.Stamp{
			{Time: format.Time{Sec: 1}, Settings: text},
			{Time: format.Time{Sec: 1}, Target: format.Time{Sec: 2}, Exact: true, Settings: text},
			{Time: format.Time{Sec: 1}, Settings: text, Digest: &format.Digest{Size: 3}},
		} {
			e := format.Entry{Path: "x", Stamp: s}
			record := format.NewSession("p", "", format.Config{}).AppendSet(nil, e)
			body, _, _ := format.CutCRC(record[:len(record)-1])
			if r, ok := format.ParseRecord(body); !ok || !r.Stamp.Equal(s) {
				t.Errorf("%s: read as %+v", body, r.Stamp)
			}
			if r, err := format.ParseHandRecord(body); err != nil || !r.Stamp.Equal(s) {
				t.Errorf("%s: read by hand as %+v, %v", body, r.Stamp, err)
			}
			s.Digest = nil
			_, value, _, err := format.CutEntry(format.AppendEntry(nil, "x", s))
			for _, like := range []string{"", text, text + "x"} {
				if got, ok := format.ParseStampValue(value, like); err != nil || !ok || got != s {
					t.Errorf("%s: read as %+v", value, got)
				}
			}
		}
	}
}

func TestSettingsTextRefuses(t *testing.T) {
	for _, paths := range [][]string{{strings.Repeat("k", 1025)}, slices.Repeat([]string{strings.Repeat("k", 1000)}, 17)} {
		if _, err := format.SettingsText(settingFiles(paths...)); err == nil {
			t.Errorf("%d paths of %d bytes are written", len(paths), len(paths[0]))
		}
	}
	for _, text := range []string{
		"{}", `{"a": "01"}`, `{"a": "0100000000000000000000000000000000"}`, `{"a": "0100000000000000000000000000000g"}`,
		`{"a": "01000000000000000000000000000000"`, `{"a": "01000000000000000000000000000000"},`, `{a: "01000000000000000000000000000000"}`,
	} {
		if s, ok := format.ParseStampValue([]byte("{time: 1.000000000, settings: "+text+"}"), ""); ok {
			t.Errorf("%s is read as %+v", text, s)
		}
	}
}

func TestDiffSettings(t *testing.T) {
	from, _ := format.SettingsText(settingFiles("rc", "a/rc", "b/rc"))
	to, _ := format.SettingsText(settingFiles("rc", "b/rc", "c/rc"))
	want := []string{"a/rc: no dependency any more", "content of b/rc changed", "c/rc: added as a dependency"}
	if got := format.DiffSettings(from, to); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
