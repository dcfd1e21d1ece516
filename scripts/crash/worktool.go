//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// way is how a tool leaves its result.
type way string

const (
	inPlace   way = "in place"  // written over the input
	renamed   way = "rename"    // written beside the input, and renamed to it
	elsewhere way = "elsewhere" // written to another directory; the input is not touched
	failing   way = "failing"   // as renamed; but for most files it fails, see halfResult
)

// asTool is our first argument when we are to be the tool that does the work.
const asTool = "--tool"

// workTool is the tool that does the work. It syncs nothing, as most tools.
type workTool struct {
	way       way
	root, out string        // of the inputs, and of what is written elsewhere
	pause     time.Duration // about how long the work on one file takes
}

func (w workTool) args() []string {
	return []string{asTool, string(w.way), w.root, w.out, w.pause.String()}
}

// runTool works on the file that the arguments name, or on those that stdin
// does: the latter it prints, each when it is done.
func runTool(args []string) error {
	if len(args) < 4 {
		return errors.New("too few arguments")
	}
	pause, err := time.ParseDuration(args[3])
	if err != nil {
		return err
	}
	w := workTool{way(args[0]), args[1], args[2], pause}
	if paths := args[4:]; len(paths) > 0 {
		for _, path := range paths {
			if err := w.do(path); err != nil {
				return err
			}
		}
		return nil
	}
	// All of it first: the filter is not to see what the tool leaves beside files.
	paths, err := io.ReadAll(bufio.NewReader(os.Stdin))
	if err != nil {
		return err
	}
	for path := range strings.SplitSeq(strings.TrimSuffix(string(paths), "\x00"), "\x00") {
		if path == "" {
			break
		}
		if err := w.do(path); err != nil {
			return err
		}
		if _, err := os.Stdout.WriteString(path + "\x00"); err != nil {
			return err
		}
	}
	return nil
}

func (w workTool) do(path string) error {
	time.Sleep(time.Duration(rand.Int64N(1 + 2*int64(w.pause))))
	rel, err := filepath.Rel(w.root, path)
	if err != nil {
		return err
	}
	result := content(rel, "new")
	switch {
	case w.way == failing && fails(rel):
		return w.halfResult(path, rel)
	case w.way == elsewhere:
		path = filepath.Join(w.out, rel)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		return os.WriteFile(path, result, 0o666)
	case w.way == inPlace:
		// Some tools begin with an empty file, others write over what is there.
		flags := os.O_WRONLY
		if sum(rel)%2 == 0 {
			flags |= os.O_TRUNC
		}
		f, err := os.OpenFile(path, flags, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(result)
		return errors.Join(err, f.Close())
	default:
		if err := os.WriteFile(path+".part", result, 0o666); err != nil {
			return err
		}
		return os.Rename(path+".part", path)
	}
}

// halfResult fails half way, and sets the mtime back to that of the stamp: all
// that keeps such a file pending is what treefilter recorded before.
func (w workTool) halfResult(path, rel string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	result := content(rel, "new")
	if _, err := f.Write(result[:len(result)/2]); err != nil {
		return err
	}
	if err := os.Chtimes(path, stampedAt, stampedAt); err != nil {
		return err
	}
	// It is on the disk, which does not make it right.
	return errors.Join(f.Sync(), errors.New("half a result"))
}

func fails(rel string) bool { return sum(rel)%4 != 0 }

// content is what a file of a tree holds before the work, and what the result of
// the work is: equally long, and nobody else's.
func content(rel, age string) []byte {
	line := fmt.Sprintf("%s %q\n", age, rel)
	size := []int{200, 3000, 20_000, 90_000}[sum(rel)/8%4]
	return []byte(strings.Repeat(line, 1+size/len(line)))
}

func sum(rel string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(rel))
	return h.Sum32() >> 8
}
