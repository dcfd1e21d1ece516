package filter

import "treefilter/store"

// Unlocked calls f while this process holds the lock of no WAL, and takes none:
// see store.Unlocked.
func Unlocked(f func()) { store.Unlocked(f) }
