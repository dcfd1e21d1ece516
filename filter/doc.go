// Package filter holds the flows of treefilter: path in, decision, path out;
// and path in, stamp, WAL. It joins package walk, which knows where paths come
// from, with package store, which knows what was processed, and decides.
//
// In reading order: judge.go (the rule), options.go (what every flow is told),
// roots.go (what the roots name), filter.go and stdin.go (print what needs
// work) with finding.go, content.go, refresh.go and line.go, commit.go with
// sight.go, looked.go, target.go, settle.go and since.go (record what was done), exec.go
// with execrun.go, turn.go, command.go and processes.go (all of it, with a
// command in the middle), status.go and explain.go (say what is pending, and
// why), upkeep.go (dump and discard), prune.go and absence.go (forget what is
// gone), import.go with import_past.go and import_run.go (take over what
// treestamps wrote), config.go (the program config); lookup.go, ordered.go, output.go, pathlist.go, spool.go and hint.go
// serve them.
package filter
