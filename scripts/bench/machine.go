package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine is where and when a run took place.
type machine struct {
	host, cpu, kernel, memory, filesystem, load string
	cores                                       int
	date                                        time.Time
}

// describeMachine asks the kernel. What cannot be learned is said to be
// unknown: it is no reason not to measure.
func describeMachine(work string) machine {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return machine{
		host:       host,
		cpu:        procField("/proc/cpuinfo", "model name"),
		kernel:     firstLine("uname", "-srm"),
		memory:     procField("/proc/meminfo", "MemTotal"),
		filesystem: filesystem(work),
		load:       load(),
		cores:      runtime.NumCPU(),
		date:       time.Now(),
	}
}

// procField finds "name : value" in a file of /proc.
func procField(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if left, right, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(left) == name {
			return strings.TrimSpace(right)
		}
	}
	return "unknown"
}

func filesystem(dir string) string {
	out, err := exec.Command("df", "--output=fstype", dir).Output()
	fields := strings.Fields(string(out))
	if err != nil || len(fields) == 0 {
		return "unknown"
	}
	return fields[len(fields)-1]
}

// load is the average of the last minute: what else the machine had to do.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// busy says that other programs were at work when the run began: then its times say
// little, and the report must not look as if they did.
func (m machine) busy() bool {
	average, err := strconv.ParseFloat(m.load, 64)
	return err != nil || average > 0.5
}

func (m machine) String() string {
	return fmt.Sprintf("%s; %d processors (%s); memory %s; %s; %s; load average at the start %s",
		m.date.UTC().Format("2006-01-02 15:04 MST"), m.cores, m.cpu, m.memory, m.kernel, m.filesystem, m.load)
}
