// Package filter holds the flows of treefilter: path in, decision, path out;
// and path in, stamp, WAL. It joins package walk, which knows where paths come
// from, with package store, which knows what was processed, and decides.
//
// A processed path passes these steps on its way into the WAL:
//
//	sight    one look at the file, and which tree it belongs to
//	settle   once more, when no later write can bear its mtime
//	read     its content, under --detect content
//	back     until the file system of the work was synced
//	write    the stamp, unless somebody has spoken against it meanwhile
//	sync     the WAL
//
// In reading order: judge.go (the rule), options.go (what every flow is told),
// roots.go (what the roots name), filter.go and stdin.go (print what needs
// work) with finding.go, lookup.go, content.go, refresh.go and line.go,
// commit.go with sight.go, looked.go, target.go, settle.go, backing.go and
// since.go (record what was done), exec.go with execrun.go, turn.go, claims.go,
// command.go and processes.go (all of it, with a command in the middle),
// status.go and explain.go (say what is pending, and why), upkeep.go (dump and
// discard), prune.go and absence.go (forget what is gone), import.go with
// import_find.go, import_past.go, import_run.go and import_report.go (take over
// what treestamps wrote), config.go (the program config); ordered.go, output.go,
// pathlist.go, spool.go, hint.go and unlocked.go serve them.
package filter
