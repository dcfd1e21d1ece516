package disk

// Process is one process on one machine.
type Process struct {
	Host string
	// Boot is the same for the processes that see one another's numbers: those of one
	// machine since it was started, in one container. "" where that is not known.
	Boot string
	PID  int
}
