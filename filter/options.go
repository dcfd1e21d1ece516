package filter

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"treefilter/store"
)

// DefaultProgram names the state files where nothing else does.
const DefaultProgram = store.DefaultProgram

// Options are what every flow needs to know of the state it reads or writes.
type Options struct {
	// Roots are the directories, or single files, that the user named.
	Roots []string
	// Program names the state files; empty means DefaultProgram.
	Program string
	// StateDir, where not empty, holds the state files in place of the trees.
	StateDir string
	// Config is the program config of this run, but for Depends, which become part
	// of it tree by tree: see store.Tree.Config.
	Config  store.Config
	Depends []store.Dependency
	// ConfigFiles are those that the two were read from. Once one of them is edited
	// nothing more is stamped, even if the edit is undone by then: the work may have
	// seen it.
	ConfigFiles []ConfigFile
	// ConfigGiven tells an empty config that was asked for from one that was
	// forgotten: commit refuses to void a tree's stamps by omission.
	ConfigGiven bool
	// NoCheckConfig lets stamps count that were made under another config.
	NoCheckConfig bool
	// Detect is how a stamped file is judged. Under DetectContent stamps are
	// recorded with a digest.
	Detect Detect
	// Warn gets what went wrong with one path or one tree while the flow goes
	// on; the run then ends with exit code 1. It is never called concurrently.
	Warn func(error)
	// Founded, where not nil, gets the root of each directory that becomes a tree by
	// what the run records. It is never called concurrently.
	Founded func(root string)
	// Notice gets what the user should know and what is not a fault, such as
	// a changed config. It is never called concurrently.
	Notice func(error)
}

func (o *Options) openGrove(roots []string) (*store.Grove, error) {
	return store.Open(roots, store.Options{
		Program:   o.Program,
		StateDir:  o.StateDir,
		Config:    o.Config,
		Depends:   o.Depends,
		AnyConfig: o.NoCheckConfig,
	})
}

// reporter says each thing about a tree once, from whatever goroutine meets it
// first.
type reporter struct {
	opt *Options

	mu   sync.Mutex
	said map[string]bool
}

func newReporter(opt *Options) *reporter {
	return &reporter{opt: opt, said: map[string]bool{}}
}

func (r *reporter) warn(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opt.Warn(err)
}

func (r *reporter) notice(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opt.Notice(err)
}

// problems warns of what is wrong with a tree's state and was not said yet.
func (r *reporter) problems(t *store.Tree) {
	for _, err := range t.Problems() {
		r.once(err, r.opt.Warn)
	}
}

// configChanged says how many stamps of a tree do not count because the newest of
// them were made under another config.
func (r *reporter) configChanged(t *store.Tree) {
	changes, changed := configChanges(t)
	if !changed {
		return
	}
	n := t.OtherConfigs()
	if n == 0 {
		return
	}
	what := "config changed"
	if len(changes) > 0 {
		what += " (" + strings.Join(changes, ", ") + ")"
	}
	r.once(fmt.Errorf("%s: %s: %s void", t.Root(), what, Counted(n, "stamp")), r.opt.Notice)
}

// configChanges returns what differs from the config of a tree's newest stamps.
func configChanges(t *store.Tree) (changes []string, changed bool) {
	stored, any := t.Stored()
	if !any || stored.Hash() == t.Config().Hash() {
		return nil, false
	}
	return stored.Diff(t.Config()), true
}

// Counted puts a number before a noun.
func Counted[N int | int64](n N, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func (r *reporter) once(err error, say func(error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.said[err.Error()] {
		r.said[err.Error()] = true
		say(err)
	}
}

// present is this machine's clock.
func present() store.Time {
	return store.TimeOf(time.Now())
}

// errNotRegular is a path that stands for something other than a file.
var errNotRegular = errors.New("not a regular file")
