package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// tar packs the stage below a directory.
func (t *target) tar(file, dir string) error {
	return create(file, func(w *os.File) error {
		zipped, _ := gzip.NewWriterLevel(w, gzip.BestCompression)
		archive := tar.NewWriter(zipped)
		err := t.eachFile(func(name string, mode fs.FileMode, content []byte) error {
			// The owner is root, by default, and has no name.
			err := archive.WriteHeader(&tar.Header{Name: path.Join(dir, name), Mode: int64(mode), Size: int64(len(content)), ModTime: t.committed})
			if err != nil {
				return err
			}
			_, err = archive.Write(content)
			return err
		})
		if err != nil {
			return err
		}
		if err := archive.Close(); err != nil {
			return err
		}
		return zipped.Close()
	})
}

// zip packs the stage below a directory.
func (t *target) zip(file, dir string) error {
	return create(file, func(w *os.File) error {
		archive := zip.NewWriter(w)
		err := t.eachFile(func(name string, mode fs.FileMode, content []byte) error {
			header := &zip.FileHeader{Name: path.Join(dir, name), Method: zip.Deflate, Modified: t.committed}
			header.SetMode(mode)
			entry, err := archive.CreateHeader(header)
			if err != nil {
				return err
			}
			_, err = entry.Write(content)
			return err
		})
		if err != nil {
			return err
		}
		return archive.Close()
	})
}

// eachFile visits the files of the stage by name. Their modes do not depend on
// the umask.
func (t *target) eachFile(visit func(name string, mode fs.FileMode, content []byte) error) error {
	stage := os.DirFS(t.stage)
	return fs.WalkDir(stage, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(stage, name)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if path.Dir(name) == "bin" {
			mode = 0o755
		}
		return visit(name, mode, content)
	})
}

// create writes a file.
func create(file string, write func(*os.File) error) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return fmt.Errorf("write %s: %w", file, err)
	}
	return f.Close()
}

// writeSums writes what sha256sum -c reads.
func writeSums(out string, packages []string) error {
	slices.Sort(packages)
	var sums strings.Builder
	for _, file := range packages {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), filepath.Base(file))
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(sums.String()), 0o666)
}
