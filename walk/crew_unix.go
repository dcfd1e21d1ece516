//go:build unix

package walk

import "golang.org/x/sys/unix"

// affordable returns how many workers the limit on open files has room for, with four
// for each: its directory, what reads that, and the state of a tree that begins there.
func affordable() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return MostWorkers
	}
	const others = 64
	return int(min(max(limit.Cur, others)-others, 4*MostWorkers) / 4)
}
