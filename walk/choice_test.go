package walk

import (
	"strings"
	"testing"
)

// What a choice has is the same for a walk and for one path.
func TestChoice(t *testing.T) {
	files := []string{"a.c", "a.o", "B.JPG", "b.tar.gz", "jpg", "build/d/x.c", "build/x.c", "src/a.o", "src/b.jpg", "src/keep.o", "src/build/y.c"}
	root := makeTree(t, files...)
	for _, c := range []struct {
		exclude, include, extensions string // separated by blanks
		want                         string
	}{
		{"*.o !keep.o /build/", "", "", "B.JPG a.c b.tar.gz jpg src/b.jpg src/keep.o src/build/y.c"},
		{"* !*.o", "", "", "a.o"}, // as in .gitignore: the directories are excluded
		{"* !*/ !*.o", "", "", "a.o src/a.o src/keep.o"},
		{"* !src", "", "", ""},

		{"", "*.o", "", "a.o src/a.o src/keep.o"},
		{"", "*.o !keep.o", "", "a.o src/a.o"},
		{"", "build", "", "build/x.c build/d/x.c src/build/y.c"},
		{"", "/build/", "", "build/x.c build/d/x.c"},
		{"", "build/*.c", "", "build/x.c"},
		{"", "src/ !*.o", "", "src/a.o src/b.jpg src/keep.o src/build/y.c"},
		{"", "nothing", "", ""},

		{"", "", "jpg", "B.JPG src/b.jpg"},
		{"", "", ".Jpg", "B.JPG src/b.jpg"},
		{"", "", "tar.gz o", "a.o b.tar.gz src/a.o src/keep.o"},
		{"", "/build/ a.c", "jpg", "B.JPG a.c build/x.c build/d/x.c src/b.jpg"},

		{"src", "*.o", "jpg", "B.JPG a.o"},
		{"build/d", "build", "", "build/x.c src/build/y.c"},
	} {
		choice, err := ParseChoice(Patterns{strings.Fields(c.exclude), strings.Fields(c.include), strings.Fields(c.extensions)})
		must(t, err)
		walked := walkTree(root, Options{Choice: choice})
		t.Logf("exclude %q, include %q, extensions %q", c.exclude, c.include, c.extensions)
		walked.expect(t, strings.Fields(c.want))
		for _, file := range files {
			if want := strings.Contains(" "+c.want+" ", " "+file+" "); choice.Has(file) != want {
				t.Errorf("has %s: %t, want %t", file, !want, want)
			}
		}
	}
}

func TestChoiceRefuses(t *testing.T) {
	for _, c := range []struct {
		Patterns
		want string
	}{
		{Patterns{Exclude: []string{"a", "["}}, `exclude pattern "[": `},
		{Patterns{Include: []string{"["}}, `include pattern "[": `},
		{Patterns{Include: []string{"!*.o"}}, `include pattern "!*.o": takes back`},
		{Patterns{Extensions: []string{"*.jpg"}}, `extension "*.jpg": not an extension`},
		{Patterns{Extensions: []string{"."}}, `extension ".": not an extension`},
		{Patterns{Extensions: []string{"jpg,png"}}, `extension "jpg,png": more than one`},
	} {
		if _, err := ParseChoice(c.Patterns); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.Patterns, err, c.want)
		}
	}
}
