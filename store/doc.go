// Package store remembers which files of a tree have been processed: stamps,
// on disk and in memory.
//
// A [Tree] is a directory and its stamps, a [Grove] the trees of one run. Get
// returns a file's [Stamp], the mtime that it had when it was processed; Set
// records one; Dump folds what was recorded into the snapshot. Stamps count
// only under the [Config] that they were made under.
//
// What it promises:
//
//   - A stamp is returned only for the exact path that it was recorded for,
//     with the exact time. What is damaged, torn or not ours counts as missing
//     and shows in Problems, so that the file is processed again.
//   - What Append or Set wrote survives the end of the process, and after Sync
//     that of the machine. Any number of processes may do so at once, beside
//     others that dump.
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
//	config*.go canonical.go    the program config: as it is read, compared and written,
//	depends.go                 and the files that it depends on
//	scalar.go yaml.go          paths in YAML: as we write them, and as others do
//	record.go wal.go           the WAL: one record, and a whole file of them
//	snapshot.go trailer.go     the snapshot: its entries, and what seals them
//	header.go                  what it says of itself; one written by hand
//	source.go window.go        the snapshot, read in place,
//	cursor.go                  and looked up side by side with a walk
//	overlay.go                 stamps in memory
//	load.go reader.go          both files together: the state, and lookups in it
//	stamps.go facts.go         all stamps of a tree, and what its files hold
//	names.go file.go file_*.go the state files, and every operation on them
//	statedir.go volume*.go     state files outside the tree, and file systems
//	lock.go appender.go        the lock, and appending to the WAL
//	merge.go dump.go           folding the WAL into the snapshot
//	tick.go                    when an mtime is final
//	treestamps.go              what the Python package of that name wrote, with
//	treestamps_*.go            its lines and entries
//	options.go tree.go         what callers see
//	grove.go locate.go
package store
