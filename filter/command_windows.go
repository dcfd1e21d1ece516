package filter

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// maxArguments is how many bytes of arguments a run gets at most: a command
// line has 32,767 characters, and quoting needs some of them.
const maxArguments = 24 << 10

func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// signalGroup asks for an end by Ctrl-Break, the one signal that reaches another
// process group.
func signalGroup(leader int, sig os.Signal) {
	if sig != os.Kill && windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(leader)) == nil {
		return
	}
	if p, err := os.FindProcess(leader); err == nil {
		_ = p.Kill()
	}
}

// wayOut words an exit that was no success.
func wayOut(status syscall.WaitStatus) string {
	if code := status.ExitCode; code >= 1<<16 {
		return fmt.Sprintf("exit status %#x", code)
	}
	return fmt.Sprintf("exit status %d", status.ExitCode)
}

// isTooLong reports whether the system takes fewer arguments than these.
func isTooLong(err error) bool { return errors.Is(err, windows.ERROR_FILENAME_EXCED_RANGE) }

func (p *processes) suspend(os.Signal, func()) bool { return false }
