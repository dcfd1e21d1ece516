package disk

import "golang.org/x/sys/unix"

// futimesNow sets a file's times to the present. unix.Futimes finds the file by way
// of /proc, which need not be mounted.
func futimesNow(fd int) error {
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(fd), 0, 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
