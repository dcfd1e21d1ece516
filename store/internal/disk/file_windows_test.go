package disk

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

// os.FileInfo has a time in nanoseconds, which end in 2262: a file modified later would
// show a time long past.
func TestTimesOfWindows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wal")
	f, _, err := OpenState(OS{}, path, os.O_RDWR|os.O_CREATE)
	must(t, err)
	defer f.Close()
	const ticks = 24_000_000_000*10_000_000 + 1_234_567
	to := windows.Filetime{LowDateTime: uint32(ticks & 0xffffffff), HighDateTime: uint32(ticks >> 32)}
	must(t, windows.SetFileTime(windows.Handle(f.(osFile).Fd()), nil, nil, &to))
	info, err := OS{}.Lstat(path)
	if must(t, err); info.Mtime.Sec != 12_355_526_400 || info.Mtime.Nsec != 123_456_700 {
		t.Errorf("got %v", info.Mtime)
	}
}

// The clock of a drive of this machine is known; else every commit waits longer.
func TestVolumeIsLocal(t *testing.T) {
	if v := (OS{}).Volume(filepath.Join(t.TempDir(), "not", "there")); !v.SameClock(OS{}.Volume(t.TempDir())) {
		t.Errorf("got %+v", v)
	}
}
