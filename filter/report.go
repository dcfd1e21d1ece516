package filter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"treefilter/store/state"
)

// reporter says each thing about a tree once, from any goroutine.
type reporter struct {
	opt   *Options
	about treeNews

	mu    sync.Mutex
	said  map[string]bool
	apart sync.Once // see elsewhere
}

// treeNews is what a flow reports of a tree by itself.
type treeNews int

const (
	allNews    treeNews = iota
	damageOnly          // not that its config has changed
	noNews
)

func newReporter(opt *Options, about treeNews) *reporter {
	return &reporter{opt: opt, about: about, said: map[string]bool{}}
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

func (r *reporter) once(err error, say func(error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.said[err.Error()] {
		r.said[err.Error()] = true
		say(err)
	}
}

// meet reports what there is to say of a tree when it is first used.
func (r *reporter) meet(t *state.Tree) {
	r.elsewhere(t)
	if r.about != noNews {
		r.problems(t)
	}
	if r.about == allNews {
		r.configChanged(t)
	}
}

// elsewhere says once, of a tree that begins in a state directory, which trees are
// there: this one may be one of them, moved.
func (r *reporter) elsewhere(t *state.Tree) {
	if r.opt.StateDir == "" || t.Origin() == state.HoldsState {
		return
	}
	r.apart.Do(func() {
		stored, err := state.StoredTrees(r.opt.stateOptions())
		if err != nil || len(stored) == 0 {
			return // an error is met, and said, elsewhere
		}
		r.notice(fmt.Errorf("%s: no tree in %s, which has %s", t.Root(), r.opt.StateDir, namesOf(stored)))
	})
}

// namesOf names a few trees, and counts the rest.
func namesOf(stored []state.StoredTree) string {
	var names []string
	for _, s := range stored {
		names = append(names, cmp.Or(s.Root, s.Folder))
	}
	return aFew(names)
}

// aFew lists the first of many, and counts the rest.
func aFew(list []string) string {
	const shown = 3
	if more := len(list) - shown; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:shown], ", "), more)
	}
	return strings.Join(list, ", ")
}

// leave reports what the use of a tree has shown.
func (r *reporter) leave(t *state.Tree) {
	if r.about != noNews {
		r.problems(t)
	}
	if changes := t.SettingChanges(); r.about == allNews && len(changes) > 0 {
		r.once(fmt.Errorf("%s: config changed (%s)", t.Root(), aFew(changes)), r.opt.Notice)
	}
}

// problems warns of what is wrong with a tree's state, and with its setting files, and
// was not said yet.
func (r *reporter) problems(t *state.Tree) {
	for _, err := range slices.Concat(t.Problems(), t.SettingErrors()) {
		r.once(err, r.opt.Warn)
	}
}

// configChanged says how many stamps of a tree do not count because the newest of
// them were made under another config.
func (r *reporter) configChanged(t *state.Tree) {
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
func configChanges(t *state.Tree) (changes []string, changed bool) {
	stored, any := t.Stored()
	if !any || t.Same(stored) {
		return nil, false
	}
	return t.Diff(stored), true
}

// Counted puts a number before a noun.
func Counted[N int | int64](n N, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
