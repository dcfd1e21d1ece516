//go:build linux

package main_test

import (
	"fmt"
	"slices"
	"testing"
)

// skip is a history in which files that need work were skipped once. What pending
// says is what must be printed in the end.
type skip struct{ name, ops string }

var skips = slices.Concat([]skip{
	{"1 future stamp, once the clock has passed it", `
		future by=passing file=a
		commit files=a
		edit file=a
		pending a b c d e
		wait
		pending a b c d e`},

	{"2 failure in a nested tree", `
		commit config=80
		commit config=90 root=t/in
		exec config=80 root=t/in fail=c,d,e
		pending config=80 c d e`},

	{"3 dump of another config in a nested tree", `
		commit config=80
		commit config=90 root=t/in
		commit config=80 root=t/in files=d dump=never
		dump root=t/in
		pending config=80 c e`},
	{"3 commit that dumps in a nested tree", `
		commit config=80
		commit config=90 root=t/in
		commit config=80 root=t/in files=d dump=always
		pending config=80 c e`},

	{"4 prune in a nested tree", `
		commit
		edit file=c
		commit root=t/in files=c
		remove file=c
		prune root=t/in
		restore file=c
		pending rule=differs c`},

	{"5 nested state deleted", `
		commit config=80
		commit config=90 root=t/in
		forget tree=t/in
		pending config=80 c d e`},
	{"5 nested WAL deleted that was all", `
		commit config=80
		commit config=90 root=t/in dump=never
		damage how=delete tree=t/in
		pending config=80 c d e`},

	{"6 failure of a run that another one overtook", `
		begin block=a
		commit files=a
		end how=fail
		pending a`},
	{"6 the same under two configs", `
		commit config=80
		begin config=90 block=a
		commit config=80 files=a
		end how=fail
		pending config=80 a b c d e`},
	{"6 killed", `
		begin block=a
		commit files=a
		end how=kill
		filter`},

	{"6 failure after the stamp of another run is in the snapshot", `
		begin block=a
		commit files=a dump=always
		end how=fail
		pending a`},
	{"6 failure after the stamp of another run never was in a WAL", `
		begin block=a
		commit files=a wal=no
		end how=fail
		pending a`},
	{"6 failure after a dump", `
		begin block=a
		dump
		commit files=a
		end how=term
		pending a b c d e`},

	{"8 WAL cut within its first line", `
		commit config=80 dump=always
		commit config=90 files=a,c dump=never
		damage how=cut at=0.1
		pending config=80 a c`},
	{"8 WAL cut to nothing", `
		commit config=80 dump=always
		commit config=90 files=a,c dump=never
		damage how=cut at=0
		pending config=80 a c`},
	{"8 one bent drop", `
		commit config=80 dump=always
		exec config=90 fail=a,b,c,d,e dump=never
		damage how=record
		pending config=80 a b c d e`},
	{"8 one bent drop, and a dump", `
		commit config=80 dump=always
		exec config=90 fail=a,b,c,d,e dump=never
		damage how=record
		dump
		pending config=80 a b c d e`},

	{"9 failure under another config, and a power cut", `
		world power=yes
		commit config=80
		sync
		begin config=90 block=a
		cut
		pending config=80 a`},

	{"10 a local time that comes twice", `
		edit file=a at=1729989900
		commit files=a since=2024-10-27_02:30 zone=Europe/Berlin
		pending a b c d e`},
	{"10 a list with a mtime to come", `
		commit files=a since=ahead edit=a
		pending a b c d e`},

	{"15 failure below a tree, under another config", `
		commit config=80
		exec config=90 root=t/in fail=c,d,e
		pending config=80 c d e`},

	{"16 --depends changed before the commit", `
		commit config=depends since=list depend=yes
		pending config=depends a b c d e`},
	{"16 --config-file changed before the commit", `
		commit config=file since=list depend=yes
		pending config=file a b c d e`},

	{"17 import after a failure", `
		python
		import
		exec config=90 fail=a,b,c,d,e
		import
		pending a b c d e`},
	{"17 import after a failure and a dump", `
		python
		import
		exec config=90 fail=a,b,c,d,e
		dump
		import
		pending a b c d e`},

	{"21 link to an older file, by way of another", `
		point to=one
		commit follow=yes
		point to=two
		pending follow=yes rule=differs f`},

	{"discard of another config", `
		commit config=80 dump=always
		commit config=90 files=a,c dump=never
		discard
		pending config=80 a c`},
	{"discard of a failure", `
		commit dump=always
		exec config=90 fail=a,b,c,d,e dump=never
		discard
		pending a b c d e`},
	{"another config for some", `
		commit config=80 dump=always
		commit config=90 files=a,c
		pending config=80 a c
		pending config=90 b d e`},
	{"another config for some, and a dump", `
		commit config=80 dump=always
		commit config=90 files=a,c
		dump
		pending config=80 a b c d e
		pending config=90 b d e`},
}, numbers, damages("snapshot"), damages("wal"), bends, powerCuts)

var numbers = each("7 %s is not %[2]s", [][]any{{"1.1", "1.10"}, {"010", "8"}, {"0x1f", "31"}, {"1.0", "1.00"}, {"1", "1.0"}}, `
	commit config=%s
	pending config=%s a b c d e`)

// damages are what became of the state of a tree, after which an older stamp must
// not count: that of a tree further out, or that of a snapshot.
func damages(file string) []skip {
	hows := [][]any{{"cut", file}, {"link", file}, {"fifo", file}, {"symlink", file}, {"version", file}, {"unreadable", file}}
	nested := each("5 %s: nested %s", hows, `
		commit config=80
		commit config=90 root=t/in dump=never
		commit config=90 root=t/in/deep dump=never
		damage how=%s tree=t/in file=%s
		pending config=80 c d e`)
	if file == "snapshot" {
		return each("5 %s: nested %s", hows, `
			commit config=80
			commit config=90 root=t/in dump=always
			damage how=%s tree=t/in file=%s
			pending config=80 c d e`)
	}
	// A WAL whose end was cut off looks like one whose writer was killed.
	return slices.Concat(nested, each("8 %s: %s", hows[1:], `
		commit config=80 dump=always
		commit config=90 files=a,c dump=never
		damage how=%s file=%s
		pending config=80 a c`))
}

// bends are one bent bit, anywhere in a WAL that speaks of two files.
var bends = func() (list []skip) {
	for i := range 40 {
		at := [][]any{{fmt.Sprintf("%.6f", 0.01+float64(i)*0.0247123)}}
		list = append(list, each("8 WAL bent at %s", at, `
			commit config=80 dump=always
			commit config=90 files=a,c dump=never
			damage at=%s
			pending config=80 a c`)...)
	}
	return list
}()

// powerCuts are results that were not on the disk when their stamps were.
var powerCuts = func() (list []skip) {
	for _, style := range []string{"elsewhere", "aside", "inplace", "replace"} {
		list = append(list, each("14 %[2]s, %[1]s", [][]any{{style, "exec"}, {style, "commit"}}, `
			world power=yes style=%s
			%s
			cut
			filter`)...)
	}
	return list
}()

// each makes a history of each row of words.
func each(name string, rows [][]any, ops string) (list []skip) {
	for _, row := range rows {
		list = append(list, skip{fmt.Sprintf(name, row...), fmt.Sprintf(ops, row...)})
	}
	return list
}

// TestModelSkips plays each.
func TestModelSkips(t *testing.T) {
	binary := build(t, nil)
	for _, s := range skips {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if f := play(binary, parse(s.ops)); f != nil {
				t.Errorf("%v\n%s", f.fault, f.script)
			}
		})
	}
}
