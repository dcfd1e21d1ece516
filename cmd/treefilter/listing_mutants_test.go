//go:build linux

package main_test

import (
	"os/exec"
	"strings"
	"testing"

	"treefilter/scripts/long"
)

// listingMutants are errors that the tests of listings must find: what each does, a text
// that stands once, what it becomes, and the package and the test that finds it.
var listingMutants = []struct{ name, old, new, dir, test string }{
	{"a directory's ctime is not looked at",
		"if !ok || l != now {",
		"if !ok || l.Ino != now.Ino || l.Mtime != now.Mtime {",
		"cmd/treefilter", "TestListings$"},
	{"a directory's inode is not looked at",
		"if !ok || l != now {",
		"if !ok || l.Ctime != now.Ctime || l.Mtime != now.Mtime {",
		"cmd/treefilter", "TestListings$"},
	{"files are left out",
		"b = appendNames(append(b, \", others: [\"...), l.Others)",
		"b = appendNames(append(b, \", others: [\"...), nil)",
		"cmd/treefilter", "TestListings$"},
	{"subdirectories are left out",
		"b = appendNames(append(b, \", dirs: [\"...), l.Subs)",
		"b = appendNames(append(b, \", dirs: [\"...), nil)",
		"cmd/treefilter", "TestListings$"},
	{"the names are those that the last dump has read",
		"\t\t\tif err == nil && same && dev",
		"\t\t\tif err == nil && (same || value != nil) && dev",
		"store/state", "TestListings"},
	{"the tick of a change need not be over",
		"&& TickEnd(ctime).Compare(now) <= 0",
		"",
		"store/state", "TestListings"},
	{"whole seconds are believed",
		"return ctime.Nsec != 0 && TickEnd",
		"return TickEnd",
		"store/state", "TestListings"},
	{"another boot is believed",
		"boot == \"\" || s.Header.Boot != boot",
		"boot == \"\"",
		"store/state", "TestListings"},
	{"a name may lead elsewhere",
		"if !isName(name) || len(b) == 0 {",
		"if len(b) == 0 {",
		"store/state", "TestListings"},
	{"a list of names that are gone is believed",
		"case w.listed && w.missing:",
		"case false:",
		"walk", "List"},
	{"another directory is there by the time its subdirectories are opened",
		"case w.listed && len(w.subs) == 0, w.leadsTo(path, d):",
		"case w.listed, w.leadsTo(path, d):",
		"walk", "List"},
	{"links are followed in listed directories",
		"if !ok || w.opt.Follow {",
		"if !ok {",
		"walk", "List"},
}

func TestListingMutants(t *testing.T) {
	files := sources(t, "filter", "store", "walk")
	mutated := make([]map[string]string, len(listingMutants))
	for i, m := range listingMutants {
		mutated[i] = mutate(t, files, m.old, m.new)
	}
	long.Only(t, long.Check)
	for i, m := range listingMutants {
		t.Run(m.name, func(t *testing.T) {
			out, err := exec.Command("go", "test", "-overlay", overlay(t, mutated[i]), "-run", m.test, "treefilter/"+m.dir).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL") {
				t.Errorf("not found (%v): %s", err, out)
			}
		})
	}
}
