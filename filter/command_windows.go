package filter

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// maxArguments is how many bytes of arguments a run gets at most: a command
// line has 32,767 characters, and quoting needs some of them.
const maxArguments = 24 << 10

func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// signalGroup asks for an end by Ctrl-Break, the one signal that reaches another
// process group.
func signalGroup(leader *os.Process, sig os.Signal) {
	if sig == os.Kill || windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(leader.Pid)) != nil {
		_ = leader.Kill()
	}
}

// wayOut words an exit that was no success.
func wayOut(state *os.ProcessState) string { return state.String() }

// isTooLong reports whether the system takes fewer arguments than these.
func isTooLong(err error) bool { return errors.Is(err, windows.ERROR_FILENAME_EXCED_RANGE) }

func (p *processes) suspend(os.Signal, func()) bool { return false }
