// Package long decides how much the tests try. "go test ./..." must be over in a
// minute, so it runs short forms; the variable LONG asks for more:
//
//	LONG=1 go test -v ./...              as scripts/check does: minutes
//	LONG=2 go test -v -timeout 9h ./...  everything: hours
//
// "go test -v" names at its end what was left out.
package long

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Level is how much a test tries.
type Level int

const (
	Short Level = iota
	Check
	All
)

// asked reads LONG while a test runs: go test takes no notice of a variable that is
// read before, and would answer with what it has cached of the short forms.
var asked = sync.OnceValue(func() Level {
	n, err := strconv.Atoi(os.Getenv("LONG"))
	if err != nil && os.Getenv("LONG") != "" {
		panic("LONG: " + err.Error())
	}
	return Level(n)
})

var (
	mu   sync.Mutex
	left = map[string]bool{} // the lines to print at the end
)

// Asked reports whether LONG asks for a level. If not, what the test leaves out is
// named at the end.
func Asked(t testing.TB, level Level, what string) bool {
	t.Helper()
	if asked() >= level {
		return true
	}
	test, _, _ := strings.Cut(t.Name(), "/")
	mu.Lock()
	defer mu.Unlock()
	left[fmt.Sprintf("LONG=%d %s: %s", level, test, what)] = true
	return false
}

// Only skips a test that has no short form.
func Only(t testing.TB, level Level) {
	t.Helper()
	if !Asked(t, level, "all of it") {
		t.Skipf("only with LONG=%d", level)
	}
}

// Tests are the tests of a package, for its TestMain.
type Tests struct{ *testing.M }

// Run runs them and names what they left out. Unless -parallel says otherwise, several
// times as many run at once as there are processors: they wait more than they compute
// (package cmd on 2 processors: 58 s with 2 at once, 34 s with 8).
func (t Tests) Run() int {
	if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	code := t.M.Run()
	for _, line := range slices.Sorted(maps.Keys(left)) {
		fmt.Println("left out:", line)
	}
	return code
}
