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
//   - Reading takes no lock, waits for nobody and changes nothing. State files
//     that are links, pipes or devices are not opened; whatever a file holds,
//     it can neither lead outside the tree nor take memory without bound.
//
// FORMAT.md specifies the two files byte by byte, the order of steps of every
// operation, and what is left after a crash.
//
// In reading order:
//
//	stamp.go time.go path.go   what is remembered, and of what
//	config.go config_*.go      the program config, its hash, its canonical form,
//	depends.go canonical.go    and the files that it depends on
//	scalar.go yaml.go          paths in YAML: as we write them, and as others do
//	record.go linereader.go    the WAL: one record,
//	wal.go                     and a whole file of them
//	snapshot.go trailer.go     the snapshot: its entries, and what seals them
//	header.go                  what it says of itself; one written by hand
//	source.go window.go        the snapshot, read in place,
//	cursor.go                  and looked up side by side with a walk
//	overlay.go                 the last word on files, in memory
//	load.go reader.go          both files together: the state, and lookups in it
//	stamps.go facts.go         all stamps of a tree, and what its files hold
//	names.go file.go file_*.go the state files, and every operation on them
//	statedir.go volume*.go     state files outside the tree, and file systems
//	lock.go appender.go        the lock, and appending to the WAL
//	news.go                    what others have appended meanwhile
//	works*.go claim.go         making work durable, and claiming files for it
//	merge.go dump.go           folding the WAL into the snapshot
//	tick.go                    when an mtime is final
//	treestamps.go              how a file of that Python package is recognised;
//	                           package store/treestamps reads it
//	options.go tree.go         what callers see
//	grove.go locate.go
package store
