//go:build unix

package walk

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFIFOsAreNotFiles(t *testing.T) {
	root := makeTree(t, "file", "link -> fifo")
	must(t, unix.Mkfifo(filepath.Join(root, "fifo"), 0o644))
	walkTree(root, Options{Follow: true}).expect(t, []string{"file"})
}

func TestOpenStepsFollowsNoLink(t *testing.T) {
	root := makeTree(t, "d/e/f/", "d/link -> e", "up -> d")
	var sys syscalls
	f, err := sys.openDir(root)
	must(t, err)
	defer f.close()
	for rel, want := range map[string]error{
		"d/e/f": nil, "d/link": unix.ENOTDIR, "up/e/f": unix.ENOTDIR, "d/e/missing": unix.ENOENT,
	} {
		sub, err := openSteps(f, rel, false)
		if err == nil {
			sub.close()
		} else if err == unix.ELOOP {
			err = unix.ENOTDIR // which of the two it is depends on the system
		}
		if err != want {
			t.Errorf("%s: %v, want %v", rel, err, want)
		}
	}
}

// A path longer than the system takes in one piece.
func TestPathBeyondTheSystemsLimit(t *testing.T) {
	root, want := longTree(t)
	for _, opt := range []Options{{}, {Follow: true}, {OneFileSystem: true}} {
		walkTree(root, opt).expect(t, want)
	}
}

// longTree makes directories in directories until the path of the files in them is
// far too long, and returns the files, relative to the root.
func longTree(t *testing.T) (root string, files []string) {
	root = t.TempDir()
	var sys syscalls
	dir, err := sys.openDir(root)
	must(t, err)
	name := strings.Repeat("n", 250)
	rel := ""
	for range 40 {
		must(t, unix.Mkdirat(dir.fd, name, 0o755))
		sub, err := openSteps(dir, name, false)
		must(t, err)
		dir.close()
		dir, rel = sub, join(rel, name)
		fd, err := unix.Openat(dir.fd, "file", unix.O_CREAT|unix.O_CLOEXEC, 0o644)
		must(t, err)
		unix.Close(fd)
		files = append(files, rel+"/file")
	}
	dir.close()
	t.Cleanup(func() { must(t, os.RemoveAll(root)) })
	return root, files
}

func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		runAsNobody(t)
		return
	}
	root := makeTree(t, "a/file", "b/file", "c/file", "d")
	must(t, os.Chmod(filepath.Join(root, "a"), 0))     // cannot be opened
	must(t, os.Chmod(filepath.Join(root, "b"), 0o400)) // its files cannot be looked at
	t.Cleanup(func() {
		os.Chmod(filepath.Join(root, "a"), 0o700)
		os.Chmod(filepath.Join(root, "b"), 0o700)
	})
	walkTree(root, Options{}).expect(t, []string{"d", "c/file"}, "open ROOT/a", "stat ROOT/b/file")
}

// runAsNobody runs the test again as a user to whom permissions apply.
func runAsNobody(t *testing.T) {
	dir, err := os.MkdirTemp("", "walk") // t.TempDir is closed to others
	must(t, err)
	defer os.RemoveAll(dir)
	must(t, os.Chmod(dir, 0o777))
	self, err := os.Executable()
	must(t, err)
	binary := filepath.Join(dir, "test")
	copyFile(t, self, binary)

	cmd := exec.Command(binary, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "GOCOVERDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

func copyFile(t *testing.T, from, to string) {
	in, err := os.Open(from)
	must(t, err)
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	must(t, err)
	_, err = io.Copy(out, in)
	must(t, err)
	must(t, out.Close())
}
