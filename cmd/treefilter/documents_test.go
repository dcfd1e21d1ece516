package main

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const (
	readmeFile = "README.md"
	manualFile = "cmd/treefilter/MANUAL.md"
)

// documents are those whose fenced blocks are run. (store/FORMAT.md has a test
// of its own.) What the blocks may hold:
//
//	```console   "$ COMMAND", and below it what COMMAND prints, both streams. A
//	             line "..." stands for any number of lines, and after a text for
//	             the rest of its line. A command succeeds, unless the next one is
//	             "echo $?".
//	```make      the Makefile of the chapter
//	```yaml      a CI job: each "run" is run, in a directory of its own; several jobs
//	             by TestMatrix and TestKubernetesJob
//	```ini       a unit of systemd, its file's path first: see TestDocumentUnits
//
// The commands below a heading run in one shell, in an empty directory that the
// documents call home. There the manual's examples are made first, as old as it
// says. "Set-up" runs in the module.
//
// A chapter is skipped where one of the programs that it names is missing.
//
// A NUL is shown as a newline, which is what treefilter prints on a terminal.
var documents = []string{readmeFile, manualFile, "store/SECURITY.md", "scripts/README.md", "scripts/results/README.md"}

const (
	examplesChapter = "The examples"
	setUpChapter    = "Set-up"
	homeShown       = "/home/you"
	aged            = "find photos -type f -exec touch -t 202401010000 {} +\n"
)

// otherPrograms are those that not every machine has.
var otherPrograms = regexp.MustCompile(`\b(xargs|make|go|cksum|gzip|convert|jpegoptim|optipng|ffmpeg|ffprobe|mkvmerge|parallel)\b`)

// ownTest is what runs this very test, so it is not run but compared with what
// CI runs.
const ownTest = "go test ./..."

func TestDocuments(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the examples are for a POSIX shell")
	}
	fixture := examples(t)
	for _, file := range documents {
		t.Run(file, func(t *testing.T) {
			for _, s := range chapters(t, file) {
				t.Run(s.name, func(t *testing.T) { s.run(t, fixture) })
			}
		})
	}
}

// examples returns the script that makes the files that the examples are about.
func examples(t *testing.T) string {
	t.Helper()
	for _, s := range chapters(t, manualFile) {
		if s.name == examplesChapter {
			return shell(s.blocks[0].commands(t)) + aged
		}
	}
	t.Fatalf("%s has no chapter %q", manualFile, examplesChapter)
	return ""
}

func (s chapter) run(t *testing.T, fixture string) {
	dir, before := tempDir(t), fixture
	switch s.name {
	case setUpChapter:
		dir, before = module(t), ""
	case examplesChapter:
		before = ""
	}
	var commands []shellCommand
	for _, b := range s.blocks {
		needPrograms(t, otherPrograms.FindAllString(b.text, -1)...)
		switch b.kind {
		case "console":
			commands = append(commands, b.commands(t)...)
		case "make":
			write(t, filepath.Join(dir, "Makefile"), b.text)
		case "yaml":
			if s.name == matrixChapter || s.name == kubernetesChapter {
				continue
			}
			runJob(t, b.text, fixture)
		}
	}
	runCommands(t, dir, before, slices.DeleteFunc(commands, func(c shellCommand) bool { return c.text == ownTest }))
}

// TestReadmeTestCommand compares the README's test command with what CI runs
// first.
func TestReadmeTestCommand(t *testing.T) {
	var shown []string
	for _, s := range chapters(t, readmeFile) {
		for _, b := range s.blocks {
			for _, c := range b.commands(t) {
				if strings.HasPrefix(c.text, "go test") {
					shown = append(shown, c.text)
				}
			}
		}
	}
	if !slices.Equal(shown, []string{ownTest}) {
		t.Errorf("README.md shows %q, want %q once", shown, ownTest)
	}
	ci := regexp.MustCompile(`(?m)^go test.*$`).FindString(read(t, ".ci/run"))
	if ci != ownTest {
		t.Errorf("the test command of .ci/run is %q, want %q", ci, ownTest)
	}
}

// TestReadmeCommands compares the README's table of commands with the command
// line.
func TestReadmeCommands(t *testing.T) {
	var shown []string
	are := commandNames()
	for _, row := range regexp.MustCompile("(?m)^\\| `treefilter ([a-z]*)").FindAllStringSubmatch(read(t, readmeFile), -1) {
		if row[1] == "" {
			row[1] = "filter" // runs where no other is named
		}
		shown = append(shown, row[1])
	}
	if !slices.Equal(sorted(shown), sorted(are)) {
		t.Errorf("README.md lists the commands %q, want %q", shown, are)
	}
}

// TestManualFlags compares the manual's table of flags with the command line.
func TestManualFlags(t *testing.T) {
	are := map[string][]string{} // by flag, the commands that have it
	for flag, commands := range grammarFlags() {
		if name, _, _ := strings.Cut(flag, " "); strings.HasPrefix(name, "--") {
			if len(commands) == len(commandNames()) {
				commands = []string{"all"}
			}
			are[name] = commands
		}
	}

	shown := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`-.*?) \\| (.*?) \\|").FindAllStringSubmatch(read(t, manualFile), -1) {
		for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(row[1], -1) {
			shown[flag] = strings.Split(row[2], ", ")
		}
	}
	for flag, commands := range are {
		if !slices.Equal(sorted(commands), sorted(shown[flag])) {
			t.Errorf("%s is a flag of %q, %s says %q", flag, commands, manualFile, shown[flag])
		}
		delete(shown, flag)
	}
	for flag := range shown {
		t.Errorf("%s explains %s, which does not exist", manualFile, flag)
	}
}

// TestDocumentLinks follows the documents' links into the repository, to the
// headings too.
func TestDocumentLinks(t *testing.T) {
	for _, file := range append(slices.Clone(documents), "store/FORMAT.md") {
		for _, link := range regexp.MustCompile(`\]\((.*?)\)`).FindAllStringSubmatch(read(t, file), -1) {
			to, err := url.Parse(link[1])
			if err != nil {
				t.Error(err)
				continue
			}
			if to.IsAbs() {
				continue
			}
			target := file
			if to.Path != "" {
				target = path.Join(path.Dir(file), to.Path)
			}
			if _, err := os.Stat(filepath.Join(module(t), target)); err != nil {
				t.Errorf("%s links to %s: %v", file, link[1], err)
			} else if to.Fragment != "" && !slices.Contains(anchors(t, target), to.Fragment) {
				t.Errorf("%s links to %s, which is no heading", file, link[1])
			}
		}
	}
}

var heading = regexp.MustCompile(`(?m)^#+ (.*)$`)

// anchors returns what links to the headings of a document end in.
func anchors(t *testing.T, file string) (anchors []string) {
	for _, h := range heading.FindAllStringSubmatch(read(t, file), -1) {
		anchors = append(anchors, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, h[1]))
	}
	return anchors
}

// A chapter is what stands below a heading, up to the next one.
type chapter struct {
	name   string
	blocks []block // never empty
}

// A block is a fenced block of a document.
type block struct {
	file string
	kind string
	line int // of its first line
	text string
}

// chapters returns those chapters of a document that have blocks.
func chapters(t *testing.T, file string) (chapters []chapter) {
	t.Helper()
	var (
		open bool
		s    chapter
	)
	for i, line := range strings.SplitAfter(read(t, file), "\n") {
		kind, fence := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "```")
		switch {
		case fence && open:
			open = false
		case fence:
			if !slices.Contains([]string{"console", "make", "yaml", "ini"}, kind) {
				t.Fatalf("%s:%d: nothing runs a block of kind %q", file, i+1, kind)
			}
			s.blocks = append(s.blocks, block{file: file, kind: kind, line: i + 2})
			open = true
		case open:
			s.blocks[len(s.blocks)-1].text += line
		case strings.HasPrefix(line, "    "), strings.HasPrefix(line, "\t"), strings.HasPrefix(line, "~~~"):
			t.Fatalf("%s:%d: nothing runs such a block", file, i+1)
		case heading.MatchString(line):
			if s.blocks != nil {
				chapters = append(chapters, s)
			}
			s = chapter{name: heading.FindStringSubmatch(line)[1]}
		}
	}
	if open {
		t.Fatalf("%s: the last block has no end", file)
	}
	if s.blocks != nil {
		chapters = append(chapters, s)
	}
	return chapters
}

// tempDir returns an empty directory by its real path, which is what treefilter
// prints.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// module returns the directory of the module.
func module(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(module(t), file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}
