package main

import (
	"reflect"
	"strings"
	"testing"

	"treefilter/filter"
)

func TestParse(t *testing.T) {
	under := func(program string, roots ...string) trees {
		return trees{Roots: roots, state: global{Program: program}}
	}
	on := func(roots ...string) trees { return under("", roots...) }
	null := delimiterFlags{Null: true}

	for _, test := range []struct {
		args string // separated by blanks
		want command
	}{
		{"", &filterCommand{}},
		{"/a", &filterCommand{trees: on("/a")}},
		{"/a /b", &filterCommand{trees: on("/a", "/b")}},
		{"filter /a", &filterCommand{trees: on("/a")}},
		{"filter filter", &filterCommand{trees: on("filter")}},
		{"-0x --stdin --check --follow", &filterCommand{stdinFlag: stdinFlag{Stdin: true}, Check: true, delimiterFlags: null, selectionFlags: selectionFlags{Follow: true, OneFileSystem: true}}},
		{"-l", &filterCommand{delimiterFlags: delimiterFlags{Lines: true}}},
		{"--exclude a,b -Ec --include d -e e -ef", &filterCommand{selectionFlags: selectionFlags{choiceFlags: choiceFlags{
			Include: list{"d"}, Extension: list{"e", "f"}, Exclude: list{"a,b", "c"}}}}},
		{"-c a=1,2 -cb=2 --config c=3 --config-file ~/f --depends d --depends e --no-check-config",
			&filterCommand{configFlags: configFlags{NoCheckConfig: true, settingFlags: settingFlags{
				Config: list{"a=1,2", "b=2", "c=3"}, ConfigFile: "~/f", Depends: list{"d", "e"}}}}},

		// Flags and ROOTs in any order.
		{"/a --check /b", &filterCommand{trees: on("/a", "/b"), Check: true}},
		{"--exclude commit /a", &filterCommand{trees: on("/a"), selectionFlags: selectionFlags{choiceFlags: choiceFlags{Exclude: list{"commit"}}}}},
		{"-0c commit /a", &filterCommand{trees: on("/a"), delimiterFlags: null, configFlags: configFlags{settingFlags: settingFlags{Config: list{"commit"}}}}},
		{"-0ck=v commit", &commitCommand{delimiterFlags: null, configFlags: configFlags{settingFlags: settingFlags{Config: list{"k=v"}}}}},
		{"--program p commit /a", &commitCommand{trees: under("p", "/a")}},
		{"commit /a --program p /b", &commitCommand{trees: under("p", "/a", "/b")}},
		{"-", &filterCommand{trees: on("-")}},
		{"-C a dump -Cb --directory c /d", &elsewhere{&dumpCommand{trees: on("/d")}, []string{"a", "b", "c"}}},
		{"-C dump", &elsewhere{&filterCommand{}, []string{"dump"}}},

		// A root that bears a command's name.
		{"commit", &commitCommand{}},
		{"./commit", &filterCommand{trees: on("./commit")}},
		{"/a commit", &filterCommand{trees: on("/a", "commit")}},
		{"-- commit", &filterCommand{trees: on("commit")}},
		{"--check -- dump --check", &filterCommand{trees: on("dump", "--check"), Check: true}},
		{"commit commit", &commitCommand{trees: on("commit")}},
		{"commit -- commit -0 --", &commitCommand{trees: on("commit", "-0", "--")}},
		{"-- --help", &filterCommand{trees: on("--help")}},

		// Bytes that are not UTF-8 stay what they are.
		{"/\xff --exclude \xfe", &filterCommand{trees: on("/\xff"), selectionFlags: selectionFlags{choiceFlags: choiceFlags{Exclude: list{"\xfe"}}}}},

		{"commit --since start --ignore-missing --no-wal --empty-config",
			&commitCommand{Since: "start", IgnoreMissing: true, NoWAL: true, EmptyConfig: true}},
		{"commit -v", &commitCommand{verboseFlag: verboseFlag{Verbose: true}}},
		{"exec -lv -- a -v", &execCommand{Verbose: true, delimiterFlags: delimiterFlags{Lines: true}, command: []string{"a", "-v"}}},
		{"commit --dump always", &commitCommand{Dump: dumpMode(filter.DumpAlways)}},
		{"commit --dump never", &commitCommand{Dump: dumpMode(filter.DumpNever)}},
		{"commit --dump auto", &commitCommand{}},
		{"dump --repair /a", &dumpCommand{trees: on("/a"), Repair: true}},

		// What exec runs is its own business.
		{"exec -- a", &execCommand{command: []string{"a"}}},
		{"exec /a -j4 --batch 10 /b --fail-fast -- a -j 5 -- --help {}",
			&execCommand{trees: on("/a", "/b"), Jobs: 4, Batch: 10, FailFast: true, command: []string{"a", "-j", "5", "--", "--help", "{}"}}},
		{"-j 4 exec exec --program p -- commit", &execCommand{trees: under("p", "exec"), Jobs: 4, command: []string{"commit"}}},
		{"exec -x --stdin --since start --dump never -- a",
			&execCommand{stdinFlag: stdinFlag{Stdin: true}, Since: "start", Dump: dumpMode(filter.DumpNever), selectionFlags: selectionFlags{OneFileSystem: true}, command: []string{"a"}}},
		{"-- exec a", &filterCommand{trees: on("exec", "a")}},
		{"./exec", &filterCommand{trees: on("./exec")}},

		{"discard --program p", &discardCommand{trees: under("p")}},
		{"dump --state-dir d", &dumpCommand{trees: trees{state: global{StateDir: "d"}}}},
		{"import --from picopt --follow --empty-config -c a=1 /a", &importCommand{trees: on("/a"),
			From: "picopt", Follow: true, EmptyConfig: true, settingFlags: settingFlags{Config: list{"a=1"}}}},
	} {
		got, err := parse(strings.Fields(test.args))
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
			continue
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q:\ngot  %+v\nwant %+v", test.args, got, test.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ args, reason, hint string }{
		{"--bogus", "unknown flag --bogus", `"treefilter filter --help" lists the flags`},
		{"--repair", "unknown flag --repair", "--repair is a flag of dump"},
		{"-0l", "--null and --lines can't be used together", `"treefilter filter --help" lists the flags`},
		{"commit -l -0", "--null and --lines can't be used together", `"treefilter commit --help" lists the flags`},
		{"commit --since", "--since: needs a value", `"treefilter commit --help" lists the flags`},
		{"commit --since -- /a", "--since: needs a value", `"treefilter commit --help" lists the flags`},
		{"--exclude", "--exclude: needs a value", `"treefilter filter --help" lists the flags`},
		{"--exclude -x /a", `--exclude: needs a value; one that begins with "-" is written --exclude=-x`, `"treefilter filter --help" lists the flags`},
		{"commit --dump often", `--dump: not auto, always or never: "often"`, `"treefilter commit --help" lists the flags`},
		{"exec -j 0 -- a", `--jobs: not a number from 1 on: "0"`, `"treefilter exec --help" lists the flags`},
		{"exec --batch -- 3 a", "--batch: needs a value", `"treefilter exec --help" lists the flags`},
		{"exec --check -- a", "unknown flag --check", "--dry-run prints the commands, and runs none"},
		{"--check=perhaps", `--check: bool value must be true, 1, yes, false, 0 or no but got "perhaps"`, `"treefilter filter --help" lists the flags`},
	} {
		_, err := parse(strings.Fields(test.args))
		want := &usageError{reason: test.reason, hint: test.hint}
		if !reflect.DeepEqual(err, want) {
			t.Errorf("%q:\ngot  %+v\nwant %+v", test.args, err, want)
		}
	}
}

func TestVariables(t *testing.T) {
	for _, test := range []struct {
		name string
		env  []string
		args string
		want command
	}{
		{"a list, one entry a line", []string{"TREEFILTER_CONFIG=a=1,2\nb= 3\n"}, "",
			&filterCommand{configFlags: configFlags{settingFlags: settingFlags{Config: list{"a=1,2", "b= 3"}}}}},
		{"a flag overrides a list", []string{"TREEFILTER_EXCLUDE=a\nb"}, "--exclude c",
			&filterCommand{selectionFlags: selectionFlags{choiceFlags: choiceFlags{Exclude: list{"c"}}}}},
		{"a flag overrides a text", []string{"TREEFILTER_PROGRAM=p"}, "--program q",
			&filterCommand{trees: trees{state: global{Program: "q"}}}},
		{"empty is unset", []string{"TREEFILTER_DETECT=", "TREEFILTER_CONFIG=", "TREEFILTER_PROGRAM="}, "",
			&filterCommand{}},
		{"bytes that are not UTF-8", []string{"TREEFILTER_DEPENDS=\xff"}, "",
			&filterCommand{configFlags: configFlags{settingFlags: settingFlags{Depends: list{"\xff"}}}}},
		{"a bad value of another command", []string{"TREEFILTER_DETECT=perhaps"}, "dump",
			&dumpCommand{}},
		{"one end alone is not silenced", []string{"TREEFILTER_CHECK=1", "TREEFILTER_HELP=1"}, "",
			&filterCommand{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, variable := range test.env {
				name, value, _ := strings.Cut(variable, "=")
				t.Setenv(name, value)
			}
			got, err := parse(strings.Fields(test.args))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestVariableRefused(t *testing.T) {
	t.Setenv("TREEFILTER_DETECT", "perhaps")
	_, err := parse(nil)
	if err == nil || !strings.Contains(err.Error(), "TREEFILTER_DETECT: ") {
		t.Errorf("the message does not name the variable: %v", err)
	}
}

// TestSharedFlags sets each flag that has a variable by that alone, in each command
// that has the flag.
func TestSharedFlags(t *testing.T) {
	for _, name := range shared {
		value := "k=v"
		switch name {
		case "detect":
			value = "content"
		case "shard":
			value = "1/2"
		case "threads":
			value = "2"
		}
		t.Setenv(variable(name), value)
		found := false
		for _, c := range commands {
			parser := newParser(c.create(), &common{})
			if _, err := parser.Parse(nil); err != nil {
				t.Fatal(err)
			}
			for _, flag := range parser.Model.Flags {
				if flag.Name == name {
					found = true
				}
				if isSet := !flag.Target.IsZero(); isSet != (flag.Name == name) {
					t.Errorf("%s: %s: --%s is set: %t", variable(name), c.name, flag.Name, isSet)
				}
			}
		}
		if !found {
			t.Errorf("there is no --%s", name)
		}
		t.Setenv(variable(name), "")
	}
}
