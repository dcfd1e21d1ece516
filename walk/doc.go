// Package walk finds where paths come from: the regular files below some roots,
// or a stream of delimited paths.
//
// [Walk] hands every directory's files, with their times, to a [Visitor]. Directories
// are visited by several workers at once. What a visit has to say comes in walk order
// all the same, whatever their number (see [Dir.Then]): a directory's files by name,
// then its subdirectories by name, each with all that is below it.
//
// How it differs from [path/filepath.WalkDir]:
//
//   - It reports whole directories, not entries, and regular files only; not
//     those that NFS has left of removed ones (see [SillyRenamed]).
//   - Names are compared as bytes, and files come before subdirectories.
//   - An error never ends the walk: it is reported in its place.
//   - A directory is opened beneath its root without following a symlink, so
//     that one which is swapped for a symlink cannot lead the walk elsewhere.
//   - A directory that another one replaces while it is read is read again, so
//     that no name in the new one is missed.
//   - Symlinks can be followed; a loop is reported and not entered.
//   - No path is too long: beyond the system's limit a directory is opened step
//     by step.
//
// The package in reading order: walk.go (what callers see), worker.go (one
// directory), list.go (its names), names.go (sorting), queue.go (who does
// what), crew*.go (how many there are to do it), node.go (in what order),
// directory.go, choice.go (which files), patterns*.go, reader.go, below.go, stat.go and
// folder_*.go (system calls).
package walk
