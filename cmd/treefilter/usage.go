package main

// A usageError is a command line that cannot be meant.
type usageError struct {
	reason string
	hint   string // what was perhaps meant, or ""
}

func (e *usageError) Error() string { return e.reason }
