package walk

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

// A time of Windows counts 100 ns from 1601 on; one in nanoseconds, as os.FileInfo has
// it, ends in 2262. Beyond, a file modified now would show a time
// long past.
func TestTimesOfWindows(t *testing.T) {
	path := makeTree(t, "file") + "/file"
	for seconds, want := range map[int64]int64{13_344_473_600: 1_700_000_000, 24_000_000_000: 12_355_526_400} {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		must(t, err)
		ticks := seconds*10_000_000 + 1_234_567
		to := windows.Filetime{LowDateTime: uint32(ticks), HighDateTime: uint32(ticks >> 32)}
		must(t, windows.SetFileTime(windows.Handle(f.Fd()), nil, nil, &to))
		must(t, f.Close())
		info, err := Stat(path)
		if must(t, err); info.Sec != want || info.Nsec != 123_456_700 {
			t.Errorf("%d s after 1601 are %d s and %d ns, want %d s", seconds, info.Sec, info.Nsec, want)
		}
	}
}

// A file can have the name of a device: WSL and file servers make such, and so does
// a path that is not parsed.
func TestReservedNameIsReported(t *testing.T) {
	root := makeTree(t, "file")
	makeUnparsed(t, root+`\NUL`)
	walkTree(root, Options{}).expect(t, []string{"file"}, "stat ROOT/NUL")
	if _, err := Stat(os.DevNull); err == nil {
		t.Error("a device can be looked at")
	}
}

// Such names come from WSL and file servers, too. Looked at as they stand, "file." shows
// the times of "file", and "gone " is not there.
func TestNameThatIsCutIsReported(t *testing.T) {
	root := makeTree(t, "file")
	makeUnparsed(t, root+`\file.`)
	makeUnparsed(t, root+`\gone `)
	walkTree(root, Options{}).expect(t, []string{"file"}, "stat ROOT/file.", "stat ROOT/gone ")
	for _, path := range []string{root + "/file.", root + "/a./../file"} {
		if _, err := Stat(path); err == nil {
			t.Errorf("%s can be looked at", path)
		}
	}
	if _, err := Stat(root + "/./../" + filepath.Base(root) + "/file"); err != nil {
		t.Error(err)
	}
}

// makeUnparsed makes a file of a name that Windows would change.
func makeUnparsed(t *testing.T, path string) {
	name, err := windows.UTF16PtrFromString(`\\?\` + path)
	must(t, err)
	h, err := windows.CreateFile(name, windows.GENERIC_WRITE, 0, nil, windows.CREATE_NEW, 0, 0)
	must(t, err)
	must(t, windows.CloseHandle(h))
	t.Cleanup(func() { must(t, windows.DeleteFile(name)) })
}
