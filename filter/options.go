package filter

import (
	"time"

	"treefilter/store/rule"
	"treefilter/store/state"
)

// DefaultProgram names the state files where nothing else does.
const DefaultProgram = state.DefaultProgram

// Time is an mtime or a stamp.
type Time = state.Time

// Config is a program config.
type Config = state.Config

// Options are what every flow needs to know of the state it reads or writes.
type Options struct {
	// Roots are the directories, or single files, that the user named.
	Roots []string
	// Program names the state files; empty means DefaultProgram.
	Program string
	// StateDir, where not empty, holds the state files in place of the trees.
	StateDir string
	// StateBase, where not empty, is what trees in StateDir are named from, so that
	// they count wherever it lies.
	StateBase string
	// Config is the program config of this run, but for Depends, which become part
	// of it tree by tree: see state.Tree.Config.
	Config  state.Config
	Depends []state.Dependency
	// DependsNames are the names of files that decide about what lies beside and below
	// them, in its tree.
	DependsNames []string
	// Defaults are what settings count as where a config lacks them.
	Defaults state.Config
	// ConfigFiles are those that the two were read from. Once one of them is edited
	// nothing more is stamped, even if the edit is undone by then: the work may have
	// seen it.
	ConfigFiles []ConfigFile
	// ConfigGiven distinguishes an empty config that was asked for from one that was
	// forgotten: commit refuses to void a tree's stamps by omission.
	ConfigGiven bool
	// AsStored lets those stamps of a tree count that were made under the config of its
	// newest, in place of Config: for looking only.
	AsStored bool
	// NoCheckConfig lets stamps count that were made under another config.
	NoCheckConfig bool
	// OwnWAL makes the run write a WAL of its own, a segment, also where locks keep other
	// writers out.
	OwnWAL bool
	// Detect is how a stamped file is judged. Under DetectContent stamps are
	// recorded with a digest.
	Detect rule.Detect
	// Outputs are what the work on each file makes. A file that would otherwise be done
	// needs work where one of them is missing.
	Outputs Outputs
	// GiveUp passes over a file once its command has failed in so many runs in a row,
	// until the file changes; 0 never does. Exec counts the failures where it is given.
	GiveUp int
	// Threads is how many goroutines look at files; 0 is as many as there are processors,
	// and more while they wait for a disk or a server.
	Threads int
	// Warn gets what went wrong with one path or one tree while the flow goes
	// on; the run then ends with exit code 1. It is never called concurrently.
	Warn func(error)
	// Founded, where not nil, gets the root of each directory that becomes a tree by
	// what the run records. It is never called concurrently.
	Founded func(root string)
	// Notice gets what the user should know and what is not a fault, such as
	// a changed config. It is never called concurrently.
	Notice func(error)
}

func (o *Options) openGrove(roots []string) (*state.Grove, error) {
	return state.Open(roots, o.stateOptions())
}

func (o *Options) stateOptions() state.Options {
	return state.Options{
		Program:   o.Program,
		StateDir:  o.StateDir,
		StateBase: o.StateBase,
		Config:    o.Config,
		Depends:   o.Depends,
		Defaults:  o.Defaults,
		AsStored:  o.AsStored,
		OwnWAL:    o.OwnWAL,

		DependsNames: o.DependsNames,
		AnyConfig:    o.NoCheckConfig,
	}
}

// present is this machine's clock.
func present() state.Time { return state.TimeOf(time.Now()) }
