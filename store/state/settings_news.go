package state

import (
	"maps"
	"slices"
	"sync"

	"treefilter/store/internal/format"
)

// settingNews is what lookups have shown of a tree's setting files.
type settingNews struct {
	mu      sync.Mutex
	changes map[string]bool
	errs    map[string]error
}

// settingNote keeps a reader from noting the same for each file of a directory. Without
// to, nothing is noted.
type settingNote struct {
	to   *settingNews
	from string
	at   *dirSettings
}

// take notes that a stamp does not count, given its own settings and those that there
// are.
func (n *settingNote) take(from string, at *dirSettings) {
	if n.to == nil || at == nil || at.err != nil || at == n.at && from == n.from {
		return
	}
	n.from, n.at = from, at
	changes := settingChanges(from, at)
	n.to.mu.Lock()
	defer n.to.mu.Unlock()
	if n.to.changes == nil {
		n.to.changes = map[string]bool{}
	}
	for _, c := range changes {
		n.to.changes[c] = true
	}
}

// settingChanges lists what has become of the setting files of a stamp.
func settingChanges(from string, at *dirSettings) []string {
	switch {
	case at == nil:
		return format.DiffSettings(from, "")
	case at.err != nil:
		return []string{at.err.Error()}
	}
	return format.DiffSettings(from, at.text)
}

func (n *settingNews) unreadable(err error) {
	if err == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.errs == nil {
		n.errs = map[string]error{}
	}
	n.errs[err.Error()] = err
}

// SettingChanges lists how the setting files that there are differ from those of the
// stamps that were looked up.
func (t *Tree) SettingChanges() []string {
	t.news.mu.Lock()
	defer t.news.mu.Unlock()
	return slices.Sorted(maps.Keys(t.news.changes))
}

// SettingErrors lists the setting files that could not be read: no stamp counts below
// them.
func (t *Tree) SettingErrors() (errs []error) {
	t.news.mu.Lock()
	defer t.news.mu.Unlock()
	for _, text := range slices.Sorted(maps.Keys(t.news.errs)) {
		errs = append(errs, t.news.errs[text])
	}
	return errs
}
