// Command package makes what people install: static binaries for eight
// platforms, each in an archive with the man page and the completions, and deb,
// rpm and apk packages of those for Linux. The same commit gives the same bytes,
// and nothing but Go's module cache is needed.
//
//	go -C scripts/package run . [-o DIR] [VERSION]
//
// DIR, dist by default, is relative to the top of the repository, and gets
// SHA256SUMS, too. Without a VERSION, the time of the commit is one.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var platforms = []string{
	"linux/amd64", "linux/arm64",
	"darwin/amd64", "darwin/arm64",
	"windows/amd64", "windows/arm64",
	"freebsd/amd64", "freebsd/arm64",
}

// versions are those that mean the same to deb, rpm and apk.
var versions = regexp.MustCompile(`^\d+\.\d+\.\d+(-(alpha|beta|pre|rc|git)\d*)?$`)

func main() {
	out := flag.String("o", "dist", "the directory for the packages")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: go -C scripts/package run . [-o DIR] [VERSION]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 1 || flag.NArg() == 1 && !versions.MatchString(flag.Arg(0)) {
		fmt.Fprintln(os.Stderr, "package: want one VERSION at most, such as 1.2.3 or 1.2.3-rc1")
		os.Exit(2)
	}
	if err := run(*out, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

func run(out, version string) error {
	nfpm, err := output("go", "tool", "-n", "nfpm")
	if err != nil {
		return err
	}
	// The rest is about the repository.
	if err := os.Chdir("../.."); err != nil {
		return err
	}
	source, err := readSource(version)
	if err != nil {
		return err
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	var packages []string
	for _, platform := range platforms {
		system, arch, _ := strings.Cut(platform, "/")
		p := &target{source: source, nfpm: nfpm, system: system, arch: arch, out: out}
		made, err := p.make()
		if err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		packages = append(packages, made...)
	}
	return writeSums(out, packages)
}
