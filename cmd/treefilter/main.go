// Command treefilter remembers which files of a tree have already been
// processed, and prints only the ones that still need work.
//
// A path flows through these packages, in this order:
//
//	cmd/treefilter  the command line: flags and variables become a job
//	filter          the job: takes each path from where it comes to where it goes
//	walk            where paths come from: a walk over the roots, or stdin
//	store/state     what is remembered: the stamp of a path, from the snapshot
//	                or the WAL of its tree
//	store/rule      the decision: to be printed or not
//	filter          what comes of it; or, for a commit, the stamp that goes into
//	                the WAL
//	cmd/treefilter  what comes out: paths on stdout, messages on stderr, and
//	                the exit code
//
// In short:
//
//	treefilter [ROOT...]          print the files that need work
//	treefilter commit [ROOT...]   read processed paths from stdin, append
//	                              their stamps to the WAL
//	treefilter dump [ROOT...]     fold the WAL into the snapshot
//	treefilter exec [ROOT...] -- COMMAND [ARG...]
//	                              filter, run the command on each file, commit
//	                              those that succeed
//	treefilter status [ROOT...]   show what is stored, what is pending
//	treefilter explain PATH...    say why each path would or would not be
//	                              printed
//	treefilter prune [ROOT...]    drop the stamps of files that are gone
//	treefilter forget PATH...     drop the stamps of files that are to be
//	                              processed again
//	treefilter discard [ROOT...]  throw away the WAL of a failed run
//	treefilter import [ROOT...]   take over the files that the Python package
//	                              treestamps wrote
//	treefilter help [COMMAND]     show the help of a command
//
// A file needs work when it has no stamp, or when its mtime is newer than its
// stamp. A stamp is made by commit, once the work is done:
//
//	treefilter /photos >todo
//	xargs -0 -r ./optimize <todo && treefilter commit /photos <todo
//
// A file's stamps are kept in the nearest directory, at or above it, that has state
// files; where there is none, the ROOT becomes a tree. The state files of a tree are
// .treefilter_treestamps.yaml, the snapshot, and .treefilter_treestamps.wal.yaml, the
// WAL: the stamps since the last dump. Settings that decide how files are processed
// (-c, --config-file, --depends) are remembered with them; when one changes, every
// file needs work again.
//
// Without a ROOT the filter reads paths from stdin, as commit always does.
// Paths are NUL-delimited on stdout unless it is a terminal, which -0 and -l settle;
// on stdin either delimiter is recognised. "treefilter COMMAND --help" lists the
// flags, env.go those that have a variable, exit.go the exit codes.
//
// In this package, parse.go turns arguments into a command, one file a command
// (filter.go, commit.go, dump.go, exec.go, discard.go ...) turns that into a job,
// options.go holds the flags they share, voice.go says all that goes to stderr,
// advice.go what to do about it, unknown.go and habits.go what was meant by words
// that are no flags. help.go answers from the flags, share.go prints
// the files in share.
package main

import (
	"io"
	"os"
)

func main() {
	fewerCollections()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program, and returns its exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	survivePipes()
	s := &stdio{in: stdin, out: stdout, voice: newVoice(stderr)}

	s.voice.warnOfVariables(os.Environ())
	cmd, err := parse(args)
	if err == nil {
		ctx, release := untilSignal()
		err = causeOf(ctx, withoutClosedPipe(cmd.run(ctx, s)))
		release()
	}
	s.voice.fail(err)
	return exitCode(err, int(s.exit.Load()))
}
