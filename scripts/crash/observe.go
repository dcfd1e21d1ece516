//go:build linux

package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// What an observer sees in the state files while others write them. It reads
// lines by itself, so that a fault of the reader under test is not shared.

const (
	snapshotName = ".treefilter_treestamps.yaml"
	walName      = ".treefilter_treestamps.wal.yaml"
)

var (
	setLine   = regexp.MustCompile(`^- set: \{path: (.*), time: (-?\d+)\.(\d{9})\} # [0-9a-f]{8}$`)
	entryLine = regexp.MustCompile(`^    (.*): (-?\d+)\.(\d{9})$`)
)

// observe acknowledges every stamp that is in the WAL or the snapshot: a kill
// must not take it back. A stamp that no commit can have made is an error.
func (t *tree) observe() error {
	// The WAL first, then the snapshot, as readers do.
	for _, file := range []struct {
		name string
		line *regexp.Regexp
	}{{walName, setLine}, {snapshotName, entryLine}} {
		text, err := os.ReadFile(filepath.Join(t.root, file.name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := t.see(string(text), file.line); err != nil {
			return fmt.Errorf("%s: %w", file.name, err)
		}
	}
	return nil
}

func (t *tree) see(text string, form *regexp.Regexp) error {
	var present []string
	for {
		line, rest, whole := strings.Cut(text, "\n")
		if !whole {
			break
		}
		text = rest
		m := form.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		rel, err := decodePath(m[1])
		if err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
		sec, _ := strconv.ParseInt(m[2], 10, 64)
		nsec, _ := strconv.ParseInt(m[3], 10, 64)
		path, at := filepath.Join(t.root, rel), sec*1e9+nsec
		t.mu.Lock()
		known, now, state := t.had[stamp{path, at}], t.mtime[path], t.state[path]
		t.mu.Unlock()
		switch {
		case !known:
			return &wrong{invented: 1, first: fmt.Sprintf("%q: a stamp that its file never had", line)}
		case at == now && state == pending:
			return &wrong{invented: 1, first: fmt.Sprintf("%q: a stamp that nobody committed", line)}
		case at == now:
			present = append(present, path)
		}
	}
	t.ack(present)
	return nil
}

// decodePath reads a path in any of the forms of FORMAT.md that fit on a line.
func decodePath(s string) (string, error) {
	if b, ok := strings.CutPrefix(s, `!!binary "`); ok {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(b, `"`))
		return string(raw), err
	}
	if !strings.HasPrefix(s, `"`) {
		return s, nil
	}
	if len(s) < 2 || s[len(s)-1] != '"' {
		return "", errors.New("a quote without its end")
	}
	var path strings.Builder
	for s = s[1 : len(s)-1]; len(s) > 0; {
		if s[0] != '\\' {
			path.WriteByte(s[0])
			s = s[1:]
			continue
		}
		if len(s) < 2 {
			return "", errors.New("an escape without its end")
		}
		kind, digits := s[1], map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[1]]
		if len(s) < 2+digits {
			return "", errors.New("an escape without its end")
		}
		code, rest := s[2:2+digits], s[2+digits:]
		s = rest
		switch kind {
		case 'n':
			path.WriteByte('\n')
		case 't':
			path.WriteByte('\t')
		case '"', '\\':
			path.WriteByte(kind)
		default:
			r, err := strconv.ParseUint(code, 16, 32)
			if err != nil {
				return "", err
			}
			path.WriteRune(rune(r))
		}
	}
	return path.String(), nil
}

// watch observes until stop is closed.
func (t *tree) watch(stop <-chan struct{}) error {
	for {
		if err := t.observe(); err != nil {
			return err
		}
		select {
		case <-stop:
			return nil
		case <-time.After(2 * time.Millisecond):
		}
	}
}
