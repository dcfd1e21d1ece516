package main

import (
	"bufio"
	"bytes"
	"os"
	"slices"
	"strings"
)

// readPaths reads a NUL-delimited list.
func readPaths(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	return splitPaths(text), err
}

func splitPaths(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(string(bytes.TrimSuffix(text, []byte{0})), "\x00")
}

// sortedPaths reads NUL-delimited output.
func sortedPaths(text []byte) []string {
	return slices.Sorted(slices.Values(splitPaths(text)))
}

// writePaths writes a NUL-delimited list.
func writePaths(file string, paths []string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for _, path := range paths {
		// A bufio.Writer keeps its first error for Flush.
		_, _ = w.WriteString(path)
		_ = w.WriteByte(0)
	}
	if err := w.Flush(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
