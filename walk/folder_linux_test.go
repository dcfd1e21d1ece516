package walk

import (
	"os"
	"testing"
)

// setDescriptors makes directories be read through another path than procfs's.
func setDescriptors(t *testing.T, dir string) {
	was := descriptors
	descriptors = func() string { return dir }
	t.Cleanup(func() { descriptors = was })
}

func TestWithoutProc(t *testing.T) {
	setDescriptors(t, "")
	root := randomTree(t, 1)
	walkTree(root, Options{}).expect(t, reference(t, root, ""))
}

// The path that godirwalk was given is not one to report.
func TestReadErrorNamesTheUsersPath(t *testing.T) {
	setDescriptors(t, "/nonexistent/")
	root := makeTree(t, "d/file")
	walkTree(root, Options{}).expect(t, nil, "open ROOT")
}

// A walk gives back every descriptor, however it ends.
func TestDescriptorsAreClosed(t *testing.T) {
	root := makeTree(t, "a/b/c/d", "a/link -> .", "e/f")
	before := openDescriptors(t)
	for range 10 {
		walkTree(root, Options{Follow: true})
		for range Files([]string{root, root + "/a"}, Options{}) {
			break
		}
		var l Looker
		for _, path := range []string{"a/b", "a/b", "a/b", "a/b", "e/f", "e/f", "e/f"} {
			l.Stat(root + "/" + path)
		}
		l.Close()
	}
	if after := openDescriptors(t); after > before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

func openDescriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(entries)
}
