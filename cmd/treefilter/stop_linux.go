package main

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stop does to this process what SIGTSTP does by default, and returns when it goes
// on: at once, where the kernel lets nothing stop it because nobody could continue
// it (the command of ssh -t, say). So it is not SIGSTOP, which would.
//
// signal.Reset leaves Go's handler in place, which swallows the signal. It is sent
// to this thread, which takes it before it comes back from the call: one that is
// sent to the process may stop it some time later.
func stop() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var byDefault, ours sigaction
	sig := unix.SIGSTOP
	if setAction(unix.SIGTSTP, &byDefault, &ours) {
		sig = unix.SIGTSTP
		defer setAction(unix.SIGTSTP, &ours, nil)
	}
	_ = unix.Tgkill(unix.Getpid(), unix.Gettid(), sig)
}

// sigaction is large enough for the kernel's struct, which differs by machine. All
// zeros are the default action everywhere.
type sigaction [8]uint64

func setAction(sig unix.Signal, to, from *sigaction) bool {
	const setSize = 8 // of a set of signals; on MIPS it is 16, and this fails
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig),
		uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(from)), setSize, 0, 0)
	return errno == 0
}
