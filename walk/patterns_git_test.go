package walk

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// classes are character classes, as .gitignore has them and as it does not.
func classes() []string {
	list := []string{
		"[]a]", "[!]a]", "[^]a]", "[]]", "[!]]", "[]-a]", "[]a-c]", "[a]]", "[]", "[!]", "[^]", "[", "[!", "[a", "[]a",
		"[!a]", "[^a]", "[a^]", "[a!]", "[!!]", "[!^]", "[^^]", "[-a]", "[a-]", "[!-a]", "[--a]", "[+--]", "[a-c-e]", "[a-c-]",
		"[c-a]", "[a-a]", "[!c-a]", "[*]", "[?]", "[{]", "[}]", "[,]", "[{,}]", "[[]", "[[a]", "[a[]", "[![]",
		`[\]]`, `[!\]]`, `[\]a]`, `[\a-c]`, `[a-\c]`, `[\a-\c]`, `[a\-c]`, `[\\]`, `[\[-\]]`, `[a-\]]`, `[\!a]`, `[\^a]`, `[\`, `[a\`,
		"[.-0]", "[!.-0]", "[+-9]", "[!/]", "[/a]", "[/]", "[!-~]", "[ -/]", "[/-0]",
		"[[:alpha:]]", "[![:alpha:]]", "[[:digit:][:upper:]]", "[[:space:]]", "[[:punct:]]", "[[:xdigit:]-z]", "[a[:digit:]]",
		"[[:alnum:]]", "[[:blank:]]", "[[:cntrl:]]", "[[:graph:]]", "[[:lower:]]", "[[:print:]]",
		"[[:none:]]", "[[:alpha:]", "[[:alpha]]", "[[:alpha]", "[[::]]", "[[:]]", "[[:]", "[[:a]", "[[.a.]]", "[[=a=]]", "[[a:]]",
		"[:alpha:]", "[]:alpha:]", "[!][:digit:]]", "[[:ALPHA:]]",
	}
	rng := rand.New(rand.NewPCG(5, 0))
	pieces := []string{"]", "[", "!", "^", "-", "-", "a", "c", "/", `\`, "[:digit:]", ":", "*", "}", "{"}
	for range 400 {
		class := "["
		for range 1 + rng.IntN(6) {
			class += pieces[rng.IntN(len(pieces))]
		}
		list = append(list, class+"]")
	}
	return list
}

// A class takes what git's takes. What never matches there, since it is not
// well-formed, may be refused here.
func TestClassesAreThoseOfGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	var chars []string
	for c := byte(1); c < 128; c++ {
		chars = append(chars, string(c))
	}
	repository := t.TempDir()
	git := func(stdin string, args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin = repository, strings.NewReader(stdin)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		out, err := cmd.Output()
		if exit, ok := err.(*exec.ExitError); err != nil && !(ok && exit.ExitCode() == 1) { // 1: none is ignored
			t.Fatalf("git %v: %v", args, err)
		}
		return string(out)
	}
	git("", "init", "-q")
	var paths bytes.Buffer
	for i, class := range classes() {
		dir := filepath.Join(repository, fmt.Sprint(i))
		must(t, os.Mkdir(dir, 0o755))
		must(t, os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("/x"+class+"y\n"), 0o644))
		for _, c := range chars {
			fmt.Fprintf(&paths, "%d/x%sy\x00", i, c)
		}
	}
	ignored := map[string]bool{}
	for path := range strings.SplitSeq(git(paths.String(), "check-ignore", "--no-index", "-z", "--stdin"), "\x00") {
		ignored[path] = true
	}
	for i, class := range classes() {
		list, err := parseRules([]string{"/x" + class + "y"})
		for _, c := range chars {
			want := ignored[fmt.Sprintf("%d/x%sy", i, c)]
			if err != nil && want {
				t.Errorf("%s: %v, and git takes %q", class, err, c)
			} else if got := err == nil && list.matchEntry("x"+c+"y", false); got != want {
				t.Errorf("%s takes %q: %v, git %v", class, c, got, want)
			}
		}
	}
}
