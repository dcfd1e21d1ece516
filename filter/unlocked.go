package filter

import "treefilter/store/state"

// Unlocked calls f while this process holds the lock of no WAL, and takes none:
// see state.Unlocked.
func Unlocked(f func()) { state.Unlocked(f) }
