package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/alecthomas/kong"

	"treefilter/filter"
	"treefilter/store/rule"
	"treefilter/walk"
)

// trees is what every command is given: which trees, and which state files.
type trees struct {
	Roots []string `kong:"-"`
	state global
}

// operate implements subcommand.
func (t *trees) operate(words, after []string, flags global) {
	t.Roots, t.state = slices.Concat(words, after), flags
}

func (t *trees) options(s *stdio) filter.Options {
	return filter.Options{
		Roots:     t.Roots,
		Program:   t.state.Program,
		StateDir:  t.state.StateDir,
		StateBase: t.state.StateBase,
		Warn:      s.warn,
		Notice:    s.voice.say,
	}
}

// ownWALFlag says where what is recorded goes.
type ownWALFlag struct {
	OwnWAL bool `name:"own-wal" help:"record in a WAL of this process's own"`
}

// detectFlag says how a stamped file is judged.
type detectFlag struct {
	Detect detectMode `placeholder:"newer|differs|content" help:"the rule for stamped files (newer)"`
}

// giveUpFlag says when a file that a command fails on is left out.
type giveUpFlag struct {
	GiveUp count `placeholder:"N" help:"leave out what failed N runs in a row"`
}

// settingFlags make up the program config.
type settingFlags struct {
	Config      list   `short:"c" placeholder:"KEY=VALUE" help:"a setting that decides the outcome (repeatable)"`
	ConfigFile  string `placeholder:"FILE" help:"a YAML mapping of such settings"`
	Depends     list   `placeholder:"FILE" help:"a file whose content decides it (repeatable)"`
	DependsName list   `placeholder:"NAME" help:"for what is below each file NAME (repeatable)"`
	defaultFlag
}

// defaultFlag says which configs are the same.
type defaultFlag struct {
	Default list `placeholder:"KEY=VALUE" help:"a missing setting counts as VALUE (repeatable)"`
}

func (f *defaultFlag) fill(o *filter.Options) (err error) {
	o.Defaults, err = filter.ReadDefaults(f.Default)
	return err
}

// configFlags say which stamps count.
type configFlags struct {
	settingFlags
	NoCheckConfig bool `help:"let stamps made under another config count"`
}

func (c *configFlags) configure(o *filter.Options) error {
	o.NoCheckConfig = c.NoCheckConfig
	return c.settingFlags.configure(o)
}

// lookingFlags are the config of a command that only looks: without one, each tree is
// judged by the config that it has stored.
type lookingFlags struct {
	configFlags
	EmptyConfig bool `help:"no config is meant: do not judge by the stored one"`
}

func (l *lookingFlags) configure(o *filter.Options) error {
	err := l.configFlags.configure(o)
	o.AsStored = !o.ConfigGiven && !l.EmptyConfig && !o.NoCheckConfig
	return err
}

// configure puts the program config into the options of a job.
func (c *settingFlags) configure(o *filter.Options) error {
	settings, err := filter.ReadConfig(c.Config, c.ConfigFile, c.Depends)
	if err != nil {
		return err
	}
	o.Config, o.Depends, o.ConfigFiles = settings.Config, settings.Depends, settings.Files
	o.ConfigGiven = len(c.Config) > 0 || c.ConfigFile != "" || len(c.Depends) > 0 || len(c.DependsName) > 0
	if o.DependsNames, err = filter.ReadNames(c.DependsName); err != nil {
		return err
	}
	return c.fill(o)
}

// verboseFlag says more than what went wrong.
type verboseFlag struct {
	Verbose bool `short:"v" help:"name each directory that becomes a tree"`
}

// founded returns what says that a directory has become a tree, nil where it
// was not asked for and stderr is no terminal.
func (v verboseFlag) founded(s *stdio) func(root string) {
	if !v.Verbose && !isTerminal(s.voice.w) {
		return nil
	}
	return func(root string) { s.voice.line(root + ": new tree") }
}

// forceFlag says that all that is selected needs work.
type forceFlag struct {
	Force bool `help:"whatever its stamp, each file needs work"`
}

// outputFlag says what the work makes.
type outputFlag struct {
	Output outputs `placeholder:"PATTERN" help:"what the work makes, as small/{rel} (repeatable)"`
}

// choiceFlags say which files are looked at.
type choiceFlags struct {
	Include   list `placeholder:"GLOB" help:"take only matches, as in .gitignore (repeatable)"`
	Extension list `short:"e" placeholder:"EXT" help:"take only files .EXT, in any case (repeatable)"`
	Exclude   list `short:"E" placeholder:"GLOB" help:"pass over matches, as in .gitignore (repeatable)"`
}

func (f *choiceFlags) choice() (*walk.Choice, error) {
	return walk.ParseChoice(walk.Patterns{Exclude: f.Exclude, Include: f.Include, Extensions: f.Extension})
}

// selectionFlags say which files are found, and looked at.
type selectionFlags struct {
	choiceFlags
	Follow        bool `help:"follow symbolic links"`
	OneFileSystem bool `short:"x" help:"stay on the file system of each ROOT"`
	listingsFlag
	shardFlag
	threadsFlag
}

// threadsFlag says how many look at files.
type threadsFlag struct {
	Threads threads `placeholder:"N" help:"N look-ups at once, whether they wait or not"`
}

// listingsFlag is about what is remembered of the names in directories.
type listingsFlag struct {
	NoListings bool `help:"read all directories, whatever is remembered"`
}

// choose puts them into what a job selects.
func (f *selectionFlags) choose(job *filter.Selection, s *stdio) (err error) {
	job.Follow, job.OneFileSystem, job.NoListings, job.Except = f.Follow, f.OneFileSystem, f.NoListings, fileOf(s.out)
	job.Shard, job.Threads = filter.Shard(f.Shard), int(f.Threads)
	job.Choice, err = f.choice()
	return err
}

// stdinFlag says where paths come from.
type stdinFlag struct {
	Stdin bool `help:"read paths from stdin; ROOTs only name the trees"`
}

// input returns where paths come from, nil for a walk over roots. hint is what may
// be meant where it can be none of both.
func (f *stdinFlag) input(s *stdio, roots []string, hint string) (io.Reader, error) {
	if !f.Stdin && len(roots) > 0 {
		return nil, nil
	}
	if is := s.emptyStdin(); !f.Stdin && is != "" {
		return nil, &usageError{"no ROOT, and stdin is " + is, hint}
	}
	return s.stdin()
}

// delimiterFlags say where a path ends: one that is printed, or where a command prints
// none, one that it reads.
type delimiterFlags struct {
	Null  bool `short:"0" xor:"delimiter" help:"paths end in NUL"`
	Lines bool `short:"l" xor:"delimiter" help:"paths end in a newline"`
}

// delimiter returns what the flags say, or else what goes without saying.
func (d *delimiterFlags) delimiter(unsaid walk.Delimiter) walk.Delimiter {
	switch {
	case d.Null:
		return walk.NUL
	case d.Lines:
		return walk.Newline
	default:
		return unsaid
	}
}

// inputFlags say where a path that is read ends, for a command that prints some, too.
type inputFlags struct {
	InNull  bool `xor:"input" help:"paths on stdin end in NUL"`
	InLines bool `xor:"input" help:"paths on stdin end in a newline"`
}

func (f *inputFlags) inDelimiter() walk.Delimiter {
	return (&delimiterFlags{Null: f.InNull, Lines: f.InLines}).delimiter(walk.Detect)
}

// output returns where paths go, and how they end there.
func (d *delimiterFlags) output(s *stdio) (io.Writer, walk.Delimiter) {
	if !isTerminal(s.out) {
		return s.stdout(), d.delimiter(walk.NUL)
	}
	end := d.delimiter(walk.Newline)
	return &terminal{w: s.out, lines: end == walk.Newline}, end
}

// A list is a flag that may be given more than once. A variable gives all of
// its entries at once.
type list []string

// Decode implements kong.MapperValue.
func (l *list) Decode(ctx *kong.DecodeContext) error {
	if entries, ok := ctx.Scan.Peek().Value.(list); ok {
		ctx.Scan.Pop()
		*l = append(*l, entries...)
		return nil
	}
	entry, err := popText(ctx)
	*l = append(*l, entry)
	return err
}

// outputs is a flag of patterns.
type outputs filter.Outputs

// Decode implements kong.MapperValue.
func (o *outputs) Decode(ctx *kong.DecodeContext) error {
	text, err := popText(ctx)
	if err == nil {
		err = (*filter.Outputs)(o).Add(text)
	}
	return err
}

// dumpMode is the value of --dump.
type dumpMode filter.DumpMode

// Decode implements kong.MapperValue.
func (m *dumpMode) Decode(ctx *kong.DecodeContext) error {
	i, err := popWord(ctx, "auto", "always", "never")
	*m = dumpMode(i) // in the order of filter.DumpMode
	return err
}

// detectMode is the value of --detect.
type detectMode rule.Detect

// Decode implements kong.MapperValue.
func (m *detectMode) Decode(ctx *kong.DecodeContext) error {
	i, err := popWord(ctx, "newer", "differs", "content")
	*m = detectMode(i) // in the order of rule.Detect
	return err
}

// popWord returns which of some words the next value is.
func popWord(ctx *kong.DecodeContext, words ...string) (int, error) {
	word, err := popText(ctx)
	if err != nil {
		return 0, err
	}
	if i := slices.Index(words, word); i >= 0 {
		return i, nil
	}
	return 0, &usageError{reason: fmt.Sprintf("not %s: %q", join(words, "or"), word)}
}

// A count is a number of things, at least one; 0 is none given.
type count int

// Decode implements kong.MapperValue.
func (n *count) Decode(ctx *kong.DecodeContext) error {
	word, err := popText(ctx)
	if err != nil {
		return err
	}
	value, err := strconv.Atoi(word)
	if err != nil || value < 1 {
		return &usageError{reason: "not a number from 1 on: " + strconv.Quote(word)}
	}
	*n = count(value)
	return nil
}

// threads is the value of --threads.
type threads int

// mostThreads keeps far from what the Go runtime dies of, 10,000 threads that wait.
const mostThreads = 1000

// Decode implements kong.MapperValue.
func (n *threads) Decode(ctx *kong.DecodeContext) error {
	err := (*count)(n).Decode(ctx)
	if err == nil && *n > mostThreads {
		err = &usageError{reason: fmt.Sprintf("more than %d: %d", mostThreads, *n)}
	}
	return err
}
