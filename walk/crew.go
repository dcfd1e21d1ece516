package walk

import (
	"cmp"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// MostWorkers is how many workers wait at most, unless more are asked for.
const MostWorkers = 64

// MaxWorkers returns how many workers a crew may come to have: the number asked for,
// or else MostWorkers, if it may open as many files, or one for each processor where
// there are more of those.
func MaxWorkers(threads int) int {
	if threads > 0 {
		return threads
	}
	return max(affordable(), processors())
}

// processors is how many workers a crew begins with.
//
// Measured on two processors that other work shared, a million files, warm cache:
// four workers took as long as two. GOMAXPROCS 4 instead of 2, which is the
// program's to set, took from nothing to 17 % off a flat tree, and made no clear
// difference on a deep one.
func processors() int { return max(2, min(runtime.NumCPU(), runtime.GOMAXPROCS(0))) }

// Crew is the workers that look at files. While they wait for a disk or a server, more
// join, up to MaxWorkers. None ever leaves: so their number cannot oscillate, and a
// few that are too many cost some memory and no time.
//
// Whether workers wait shows in how long their looks take, see gauge.
type Crew struct {
	least, most int
	join        func(m *Meter)

	mu     sync.Mutex
	size   int
	gauge  gauge
	doubts atomic.Bool // gauge has counted a wait
	waits  atomic.Bool // the workers wait, or did
}

// NewCrew returns a crew that has join called for each of its workers: during Start for
// those that it begins with, during Looked for others. With threads that many begin, and
// none joins.
func NewCrew(threads int, join func(m *Meter)) *Crew {
	return &Crew{least: cmp.Or(threads, processors()), most: MaxWorkers(threads), join: join}
}

// Start has the first workers join.
func (c *Crew) Start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.size < c.least {
		c.grow()
	}
}

// grow has one more worker join. The lock is held.
func (c *Crew) grow() {
	c.size++
	c.join(&Meter{Worker: c.size - 1, crew: c})
}

// Looked takes how long some looks of one worker have taken, and may have another join.
func (c *Crew) Looked(looks int, took time.Duration) {
	waited := waits(looks, took)
	if !waited && !c.doubts.Load() {
		return // nearly always, and without the lock
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gauge.count(waited) {
		c.waits.Store(true)
		if c.size < c.most {
			c.grow()
		}
	}
	c.doubts.Store(c.gauge > 0)
}

// Waits reports whether its workers were found to wait.
func (c *Crew) Waits() bool { return c.waits.Load() }

// Meter measures how long the looks of one worker take. For one goroutine.
type Meter struct {
	Worker int // from 0 on; less than MaxWorkers
	crew   *Crew
	looks  int
	began  time.Duration
}

// Start is called before some looks that follow each other.
func (m *Meter) Start() { m.looks, m.began = 0, clock() }

// Look is called after each of them. The clock is read after a number of looks, as that
// takes a fortieth of one, but after each one that may have to wait: where one takes 10
// ms, the workers are 64 after less than half a second.
func (m *Meter) Look() {
	if m.looks++; m.looks == gaugedLooks || m.crew.doubts.Load() {
		m.Stop()
		m.Start()
	}
}

// Count is called after what takes as long as some looks.
func (m *Meter) Count(looks int) { m.looks += looks }

// Stop is called after the last of them.
func (m *Meter) Stop() {
	if m.looks > 0 {
		m.crew.Looked(m.looks, clock()-m.began)
	}
}

// gaugedLooks is how many looks are measured in one go.
const gaugedLooks = 16

var epoch = time.Now()

// clock is a time, from whenever on: reading no date with it takes half as long.
func clock() time.Duration { return time.Since(epoch) }

// gauge counts how often some looks in a row, a directory's or gaugedLooks, took
// longer than they can without waiting. It is high when more than one in nine did.
//
// How long they took together would not do: where other programs use the processors,
// a worker loses its own for milliseconds at a time, and that is most of its time. It
// happens in the middle of few looks, though; a disk that must be read, and a server
// that must be asked, take longer for many.
type gauge int

const (
	gaugeRise = 8  // by a wait; without one it falls by 1
	gaugeFull = 64 // from here on a worker joins with each wait
)

// count takes whether some looks waited, and reports whether a worker is to join.
func (g *gauge) count(waited bool) (join bool) {
	if !waited {
		*g = max(0, *g-1)
		return false
	}
	*g = min(gaugeFull, *g+gaugeRise)
	return *g == gaugeFull
}

// waits reports whether looks took longer than they can without waiting. One takes 1 to
// 6 µs on the machines that we know; the fastest disk takes some 80 µs, a server in the
// same house 200.
func waits(looks int, took time.Duration) bool {
	return took > 60*time.Microsecond+time.Duration(looks)*6*time.Microsecond
}
