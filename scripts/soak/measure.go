//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// measures are the means of everything measured, in each third of the soak. They
// take no more memory as the soak goes on: it would look like a leak.
type measures struct {
	third  int // the present one
	series []*series

	open, goroutines int // of this process, after the first round
}

// unit is how a value is printed, and how much its mean may grow from the first
// third to the last.
type unit struct {
	name     string
	size     float64
	share    float64 // of the mean in the first third
	absolute float64
}

// The peak memory of a Go program depends on when its collector runs, so its mean
// wavers by some percent. The number of open descriptors is looked up now and then,
// so the peak may be missed. The heap is measured after a collection; what that has
// freed stays with the process, up to a point that is reached within minutes.
var (
	kilobytes   = unit{name: "KB", size: 1024, share: 0.25}
	descriptors = unit{size: 1, absolute: 3}
	freed       = unit{name: "KB", size: 1024, absolute: 16 * 1024 * 1024}
	heap        = unit{name: "KB", size: 1024, absolute: 128 * 1024}
)

// series is what one value was.
type series struct {
	name string
	unit unit
	sum  [3]float64
	n    [3]float64
}

func (m *measures) add(name string, u unit, value float64) {
	i := 0
	for ; i < len(m.series) && m.series[i].name != name; i++ {
	}
	if i == len(m.series) {
		m.series = append(m.series, &series{name: name, unit: u})
	}
	m.series[i].sum[m.third] += value
	m.series[i].n[m.third]++
}

// begin forgets the first round, but for what this process then holds.
func (m *measures) begin() (err error) {
	m.series, m.goroutines = nil, runtime.NumGoroutine()
	open, err := openFiles(os.Getpid())
	m.open = len(open)
	return err
}

// patience is how long a goroutine may take to end after a round, on a busy machine.
const patience = 10 * time.Second

// self measures this process after a round, and fails when a file or a goroutine
// is left over.
func (m *measures) self() error {
	var open []string
	var err error
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		if open, err = openFiles(os.Getpid()); err != nil {
			return err
		}
		if m.open == 0 || len(open) <= m.open && runtime.NumGoroutine() <= m.goroutines {
			break
		}
		if time.Since(start) > patience {
			pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
			return fmt.Errorf("this process had %d descriptors and %d goroutines after the first round, and now has %d and %d: %q",
				m.open, m.goroutines, len(open), runtime.NumGoroutine(), open)
		}
	}
	// What lies in a sync.Pool survives one collection.
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	m.add("heap of this process", heap, float64(stats.HeapAlloc))
	memory, err := resident(os.Getpid(), "VmRSS")
	if err != nil {
		return err
	}
	m.add("memory of this process", freed, float64(memory))
	m.add("descriptors of this process", descriptors, float64(len(open)))
	return nil
}

// report prints the means, and fails where one has grown.
func (m *measures) report() error {
	var errs []error
	fmt.Printf("%-32s %10s %10s %10s\n", "means of each third", "first", "second", "last")
	for _, s := range m.series {
		var means [3]float64
		for third := range means {
			means[third] = s.sum[third] / s.n[third]
		}
		fmt.Printf("%-32s %10.1f %10.1f %10.1f %s\n", s.name, means[0]/s.unit.size, means[1]/s.unit.size, means[2]/s.unit.size, s.unit.name)
		if means[2]-means[0] > means[0]*s.unit.share+s.unit.absolute {
			errs = append(errs, fmt.Errorf("%s: has grown", s.name))
		}
	}
	return errors.Join(errs...)
}

// peak is the most that a process was seen to hold.
type peak struct {
	descriptors int
	memory      int64
}

// watch looks at a process until it is stopped. (The rusage of a child is of no use
// here: its peak memory counts what this process had when it was forked.)
func watch(pid int, stop <-chan struct{}) (most peak) {
	for {
		// The process may have ended: then this is 0.
		open, _ := openFiles(pid)
		memory, _ := resident(pid, "VmHWM")
		most = peak{max(most.descriptors, len(open)), max(most.memory, memory)}
		select {
		case <-stop:
			return most
		case <-time.After(time.Millisecond):
		}
	}
}

// resident is the memory of a process: VmRSS now, VmHWM at its peak.
func resident(pid int, field string) (size int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err == nil {
		_, after, _ := strings.Cut(string(text), field+":")
		_, err = fmt.Sscan(after, &size)
	}
	return size * 1024, err
}

// openFiles returns what a process has open.
func openFiles(pid int) (names []string, err error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	numbers, err := d.Readdirnames(-1)
	for _, n := range numbers {
		if name, err := os.Readlink(filepath.Join(dir, n)); err == nil {
			names = append(names, name)
		}
	}
	return names, err
}
