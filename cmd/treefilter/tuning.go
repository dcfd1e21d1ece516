package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

// moreProcs doubles the number of Ps on a small machine, for a walk. A worker that
// comes back from the kernel needs a P to go on: with as many Ps as processors,
// some processors idle meanwhile. On a large machine there is always one free. Who
// sets GOMAXPROCS knows better.
//
// Measured on two processors, a million files: 15 % off a run with nothing to do
// on a flat tree, 5 % on a deep one. A commit takes 6 % longer with it.
func moreProcs() {
	const enough = 8
	if procs := runtime.GOMAXPROCS(0); os.Getenv("GOMAXPROCS") == "" && procs < enough {
		runtime.GOMAXPROCS(min(2*procs, enough))
	}
}

// fewerCollections lets 16 MB of garbage gather before the first collection, where
// the default is 4 MB: little is kept, and little pieces are thrown away all the
// time. Measured on a million files: 1 to 4 % off a run with nothing to do, for
// 12 MB more, and 9 % off the processor time of a commit, for 20 MB more. Who sets
// GOGC knows better.
func fewerCollections() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
