package walk

import (
	"os"
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
