// Package filter runs the commands of treefilter. To filter, it walks roots or reads
// paths (package walk), looks up the stamp of each file (store/state), asks the rule
// (store/rule), and emits those that need work. To commit, it reads paths, stats the
// files, and appends their stamps to the WAL.
//
// Every flow that asks what needs work selects it in one way: a selector walks the
// roots or reads paths, rule.Judge decides about each file, and findings come out in
// order. Filter prints them, Exec runs a command on them, Status counts them, Explain
// says why, and Selection.Pending hands them to a program of yours.
//
// A processed path passes these steps on its way from stdin into the WAL:
//
//	read     a batch of paths                       walk.Reader
//	stat     the file, and which tree it is in      statter.path
//	sort     what is to be done with it             sorter.sort
//	settle   stat again, once its tick is over      sorter.again
//	digest   its content, under DetectContent       file.read
//	back     wait until its work was synced         backing
//	write    the stamp, unless another run has      writer.write
//	         contradicted it since the stat
//	sync     the WAL                                writer.sync
//
// The file of an Exec has been found, statted, claimed and judged once more before
// (jobRunner.begin), its old stamp is dropped, and from the stat after its command on
// (jobRunner.end) it takes the same way.
//
// Each file uses those that come after it in this list:
//
//	filter.go            prints what needs work
//	explain.go status.go line.go
//	                     say why, and how much; what --json prints
//	exec.go exec_run.go exec_queue.go exec_report.go exec_show.go
//	                     run a command: what is asked for, the run, its jobs and what
//	                     is said of it, or what it would be
//	pending.go job.go failure.go
//	                     its files, one job, and how that fails
//	commit.go            records what others have processed
//	import*.go           takes over what treestamps wrote
//	prune.go absence.go  forget what is gone
//	forget.go            forgets what is named
//	upkeep.go            dump and discard
//	selection.go         which files, as findings in order
//	selection_walk.go selection_stream.go selection_order.go selector.go
//	                     the two ways to them, and what is common
//	shard.go             which of them are this machine's
//	refresh.go           new stamps for files that were only touched
//	finding.go stampreader.go
//	                     one judged file; the stamps of a directory
//	recorder.go writer.go claims.go
//	                     from a statted file to the WAL
//	settle.go triage.go backing.go
//	                     what waits for its tick, for its stat, for its work
//	file.go destination.go since.go
//	                     a statted file; its tree, with its clock; --since
//	location.go roots.go where a file is; what ROOTs name
//	report.go options.go config.go config_used.go
//	                     what every flow is given, and whom it reports to
//	content.go           digests
//	outputs.go pattern.go what the work makes, named by placeholders
//	processes.go child_*.go command*.go spool.go
//	                     running commands
//	ordered.go output.go errors.go nonblock_*.go
//	                     tools of all of them
package filter
