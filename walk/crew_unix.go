//go:build unix

package walk

import "golang.org/x/sys/unix"

// affordable returns how many workers the limit on open files has room for: a third for
// a directory of each, one for a second descriptor that reads it, one for all else.
func affordable() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return MostWorkers
	}
	return int(min(limit.Cur/3, MostWorkers))
}
