package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// A target is a platform to make packages for.
type target struct {
	*source
	system, arch string
	nfpm         string // the program
	out          string // where the packages go
	stage        string // the directory that is packed, laid out like /usr/local
}

// shared lists the files that are the same on every platform: where each is in the
// repository, and where man, bash, zsh and fish look for it.
var shared = []struct{ from, to string }{
	{"README.md", "share/doc/treefilter/README.md"},
	{"cmd/treefilter/share/treefilter.1", "share/man/man1/treefilter.1.gz"},
	{"cmd/treefilter/share/treefilter.bash", "share/bash-completion/completions/treefilter"},
	{"cmd/treefilter/share/treefilter.zsh", "share/zsh/site-functions/_treefilter"},
	{"cmd/treefilter/share/treefilter.fish", "share/fish/vendor_completions.d/treefilter.fish"},
}

// make returns the paths of the packages that it made.
func (t *target) make() (packages []string, err error) {
	if t.stage, err = os.MkdirTemp("", "package"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(t.stage)
	if err := t.fill(); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("treefilter_%s_%s_%s", t.version, t.system, t.arch)
	formats := []string{"tar.gz"}
	switch t.system {
	case "windows":
		formats = []string{"zip"}
	case "linux":
		formats = append(formats, "deb", "rpm", "apk")
	}
	for _, format := range formats {
		file := filepath.Join(t.out, name+"."+format)
		switch format {
		case "tar.gz":
			err = t.tar(file, name)
		case "zip":
			err = t.zip(file, name)
		default:
			err = t.pack(file, format)
		}
		if err != nil {
			return nil, err
		}
		packages = append(packages, file)
	}
	return packages, nil
}

// fill makes the files that are packed.
func (t *target) fill() error {
	binary := filepath.Join(t.stage, "bin", "treefilter")
	if t.system == "windows" {
		binary += ".exe"
	}
	if err := t.build(binary); err != nil {
		return err
	}
	for _, file := range shared {
		if err := place(file.from, filepath.Join(t.stage, file.to)); err != nil {
			return err
		}
	}
	return t.writeSBOM(binary, filepath.Join(t.stage, "share/doc/treefilter/treefilter.cdx.json"))
}

// build links a binary that depends on the source alone, not on this machine, nor
// on go's settings there. Without symbols it is a third smaller, and a panic still
// names its lines.
func (t *target) build(binary string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", binary,
		"-ldflags", "-s -w -X main.version="+t.version+" -X main.commit="+t.commit, "./cmd/treefilter")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.system, "GOARCH="+t.arch,
		"GOFLAGS=-mod=readonly", "GOAMD64=v1", "GOARM64=v8.0", "GOWORK=off", "GOTOOLCHAIN="+t.toolchain)
	return finish(cmd)
}

// pack makes a package from the stage, as nfpm.yaml describes it.
func (t *target) pack(file, format string) error {
	config, err := filepath.Abs("scripts/package/nfpm.yaml")
	if err != nil {
		return err
	}
	cmd := exec.Command(t.nfpm, "package", "--config", config, "--packager", format, "--target", file)
	cmd.Dir = t.stage
	cmd.Env = append(os.Environ(), "VERSION="+t.version, "ARCH="+t.arch,
		"SOURCE_DATE_EPOCH="+strconv.FormatInt(t.committed.Unix(), 10))
	return finish(cmd)
}

// finish shows what a command said only if it failed.
func finish(cmd *exec.Cmd) error {
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, said)
	}
	return nil
}

// place copies a file, compressed if its new name asks for that.
func place(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if filepath.Ext(to) == ".gz" {
		var packed bytes.Buffer
		w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		w.Write(text)
		w.Close()
		text = packed.Bytes()
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o666)
}
