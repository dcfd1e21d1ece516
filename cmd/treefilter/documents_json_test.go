package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// jsonFields is the type of each field of each command: "status wal.path".
type jsonFields map[string]string

// ofUser are the objects whose fields are named for what the user has.
var ofUser = []string{"explain config", "status config", "status pending", "status failed"}

// add notes the fields of an object.
func (f jsonFields) add(prefix string, object map[string]any) {
	for name, value := range object {
		kind := ""
		switch value := value.(type) {
		case nil:
			kind = "null"
		case bool:
			kind = "boolean"
		case string:
			kind = "text"
		case json.Number:
			kind = "number"
		case []any:
			kind = "list"
		case map[string]any:
			if !slices.Contains(ofUser, prefix+name) {
				f.add(prefix+name+".", value)
				continue
			}
			kind = "object"
		}
		if before := f[prefix+name]; before != "" && before != kind {
			kind = "number or null" // there is no other such pair
		}
		f[prefix+name] = kind
	}
}

// TestManualJSON compares the manual's table of fields with what is printed.
func TestManualJSON(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("for a name that is not UTF-8")
	}
	manual := read(t, manualFile)
	shown := jsonFields{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[a-z].*?`) \\| ([a-z, ]*) \\| ([a-z ]*) \\| ").FindAllStringSubmatch(manual, -1) {
		for _, field := range regexp.MustCompile("`(.*?)`").FindAllStringSubmatch(row[1], -1) {
			for _, command := range strings.Split(row[2], ", ") {
				shown[command+" "+field[1]] = row[3]
			}
		}
	}
	if printed := printedFields(t); !maps.Equal(printed, shown) {
		for field, kind := range printed {
			if shown[field] != kind {
				t.Errorf("%s is %s, %s says %q", field, kind, manualFile, shown[field])
			}
			delete(shown, field)
		}
		for field := range shown {
			t.Errorf("%s explains %s, which is never printed", manualFile, field)
		}
	}
}

// printedFields prints objects until each field has been in one.
func printedFields(t *testing.T) jsonFields {
	t.Chdir(tempDir(t))
	if err := os.Mkdir("photos", 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, "photos/a", "")
	write(t, "photos/\xff", "")
	write(t, "photos/gone", "")
	do := func(in string, args ...string) []byte {
		var out bytes.Buffer
		run(args, strings.NewReader(in), &out, io.Discard)
		return out.Bytes()
	}
	do("photos/a\x00photos/gone\x00", "commit", "--dump", "always", "-c", "quality=80", "photos")
	do("photos/a\x00", "commit", "--dump", "never", "-c", "quality=80", "photos")
	do("", "exec", "--program", "fails", "--give-up", "1", "photos", "--", "false")
	later := time.Now().Add(time.Hour)
	if err := errors.Join(os.Remove("photos/gone"), os.Chtimes("photos/a", later, later)); err != nil {
		t.Fatal(err)
	}

	fields := jsonFields{}
	for _, args := range [][]string{
		{"filter", "--json", "-c", "quality=80", "photos"},
		{"explain", "--json", "photos/a", "photos/\xff"},
		{"explain", "--json", "-c", "quality=90", "photos/a"},
		{"explain", "--json", "--detect", "content", "--output", "{}.out", "photos/a"},
		{"explain", "--json", "--program", "fails", "photos/a"},
		{"status", "--json", "--program", "fails", "--give-up", "1", "photos"},
		{"status", "--json", "photos", "nowhere"},
		{"status", "--json", "-c", "quality=90", "photos"},
	} {
		for line := range bytes.Lines(do("", args...)) {
			var object map[string]any
			decoder := json.NewDecoder(bytes.NewReader(line))
			decoder.UseNumber()
			if err := decoder.Decode(&object); err != nil {
				t.Fatalf("%q: %v: %s", args, err, line)
			}
			fields.add(args[0]+" ", object)
		}
	}
	return fields
}
