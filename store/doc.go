// Package store remembers which files of a tree have been processed: stamps,
// on disk and in memory.
//
// A [Tree] is a directory and its stamps, a [Grove] the trees of one run. Get
// returns a file's [Stamp], the mtime that it had when it was processed; Set
// records one, Forget takes it away; Sync makes that durable; Dump folds what was
// recorded into the snapshot. Stamps count only under the [Config] that they were
// made under.
//
// What it promises:
//
//   - A file belongs to one tree, and no other tree's stamps count for it.
//   - A stamp is returned only for the exact path that it was recorded for,
//     with the exact time, and only when it is certain that nothing newer was
//     said of that path. What is damaged, torn or not ours shows in Problems.
//   - What Sync has made durable survives the end of the process and that of the
//     machine; and a stamp that does speaks of work that did, too. Any number of
//     processes may write at once, beside others that dump.
//   - A snapshot is never changed in place: after a crash there is the old one
//     or the new one, and the WAL goes only after the new one is durable.
//   - Reading takes no lock, waits for nothing and changes nothing. State files
//     that are links, pipes or devices are not opened; whatever a file holds,
//     it can neither lead outside the tree nor take memory without bound.
//
// FORMAT.md specifies the two files byte by byte, the order of steps of every
// operation, and what is left after a crash.
//
// In reading order:
//
//	face.go options.go       what is remembered, and what callers choose
//	grove.go                 the trees of a run
//	treeof.go locate.go      which tree a file belongs to
//	tree.go set.go tick.go   one tree; recording a file, and when its mtime is final
//	append.go held.go        appending to the WAL, or holding stamps for a dump
//	load.go reader.go        both files of a tree: their state, and lookups in it
//	standing.go claim.go     what a tree says of a file by now; claiming it for work
//	stamps.go facts.go       all stamps of a tree, and what its files hold
//	dump.go merge.go         folding the WAL into the snapshot,
//	replace.go discard.go    and putting a new one in its place
//	internal/wal             one file: reading, and appending beside others
//	internal/snapshot        the other: reading, in place
//	internal/memtable        words on files, in memory
//	internal/disk            the file system
//	internal/format          the form of both files
//	treestamps               what the Python package of that name wrote
package store
