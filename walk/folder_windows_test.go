package walk

import (
	"os"
	"testing"

	"golang.org/x/sys/windows"
)

// A file can have the name of a device: WSL and file servers make such, and so does
// a path that is not parsed.
func TestReservedNameIsReported(t *testing.T) {
	root := makeTree(t, "file")
	name, err := windows.UTF16PtrFromString(`\\?\` + root + `\NUL`)
	must(t, err)
	h, err := windows.CreateFile(name, windows.GENERIC_WRITE, 0, nil, windows.CREATE_NEW, 0, 0)
	must(t, err)
	must(t, windows.CloseHandle(h))
	t.Cleanup(func() { must(t, windows.DeleteFile(name)) })
	walkTree(root, Options{}).expect(t, []string{"file"}, "stat ROOT/NUL")
	if _, err := Stat(os.DevNull); err == nil {
		t.Error("a device can be looked at")
	}
}
