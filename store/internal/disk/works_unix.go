//go:build unix && !linux

package disk

import "golang.org/x/sys/unix"

func syncEverything() { _ = unix.Sync() }
