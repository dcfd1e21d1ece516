// Package state is the state of trees on disk, as the commands of treefilter work
// with it: stamps are looked up a directory at a time, appended in batches, held for
// a dump, dropped, judged against what other processes have written meanwhile.
// Package store is the face of it for other programs.
//
// ../FORMAT.md specifies the two files byte by byte, the order of steps of every
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
//	../internal/wal          one file: reading, and appending beside others
//	../internal/snapshot        the other: reading, in place
//	../internal/memtable        words on files, in memory
//	../internal/disk            the file system
//	../internal/format          the form of both files
package state
