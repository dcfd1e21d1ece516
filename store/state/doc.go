// Package state is the state of trees on disk, as the commands of treefilter work
// with it: stamps are looked up a directory at a time, appended in batches, held for
// a dump, dropped, judged against what other processes have written meanwhile.
// Package store is the face of it for other programs.
//
// ../FORMAT.md specifies the two files byte by byte, the order of steps of every
// operation, and what is left after a crash.
//
// Each file uses those that come after it in this list:
//
//	grove.go treeof.go locate.go  the trees of a run; which one a file belongs to
//	discard.go dump.go held.go    folding the WAL, and what was held, into the
//	fold.go replace.go merge*.go  snapshot, and putting a new one in its place
//	relist.go listing.go          the names in directories: what a dump remembers of
//	                              them, and what a walk may believe
//	set.go append.go              recording files: one by one, or in batches
//	failure.go                    remembering that the command failed on a file
//	stored.go                     the trees that a state directory holds
//	facts.go stamps.go            what a tree's files hold, and all its stamps
//	standing.go claim.go          what a tree says of a file by now; claiming it
//	own.go                        whether to write a segment or the WAL
//	tick.go                       when an mtime is final
//	tree.go                       one tree
//	reader.go load.go             lookups in its state, which is both files
//	equal.go                      configs that are the same
//	settings_news.go settings.go  the setting files of each directory
//	options.go face.go            what callers choose, and the words for it
//
// Below this package are the parts of a state:
//
//	../internal/wal               one file: reading, and appending beside others
//	../internal/segment           the WALs that one process each writes
//	../internal/snapshot          the other: reading, in place
//	../internal/words             words on files, however many: sorted, in a temporary file
//	../internal/memtable          the same, in memory
//	../internal/disk              the file system
//	../internal/format            the form of both files
package state
