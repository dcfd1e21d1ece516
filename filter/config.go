package filter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"treefilter/store"
)

// dependsKey is the setting that holds the digests of --depends files.
const dependsKey = "depends"

// ReadConfig makes a program config from what the command line gives: a YAML
// mapping in a file ("" for none), pairs of KEY=VALUE (the value is YAML) that
// override it, and files whose content decides the outcome.
func ReadConfig(pairs []string, file string, depends []string) (store.Config, error) {
	var c store.Config
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return c, err
		}
		if c, err = store.ParseConfig(text); err != nil {
			return c, fmt.Errorf("%s: %w", file, err)
		}
	}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" || !utf8.ValidString(key) {
			return c, fmt.Errorf("--config %s: not of the form KEY=VALUE", pair)
		}
		var err error
		if c, err = c.With(key, value); err != nil {
			return c, fmt.Errorf("--config %s: %w", pair, err)
		}
	}
	return withDepends(c, depends)
}

func withDepends(c store.Config, depends []string) (store.Config, error) {
	if len(depends) == 0 {
		return c, nil
	}
	if c.Has(dependsKey) {
		return c, errors.New("--depends: the config has a setting of that name")
	}
	var value strings.Builder
	value.WriteByte('{')
	for _, file := range depends {
		d, err := dependsDigest(file)
		if err != nil {
			return c, err
		}
		name := strings.ToValidUTF8(filepath.ToSlash(filepath.Clean(file)), "\ufffd")
		fmt.Fprintf(&value, "%s: sha256-%x, ", strconv.Quote(name), d.SHA256)
	}
	value.WriteByte('}')
	c, err := c.With(dependsKey, value.String())
	if err != nil {
		return c, fmt.Errorf("--depends: %w", err)
	}
	return c, nil
}

// dependsDigest reads a file, which may as well be a pipe.
func dependsDigest(file string) (d store.Digest, err error) {
	f, err := os.Open(file)
	if err != nil {
		return d, err
	}
	defer f.Close()
	return digest(context.Background(), f, make([]byte, readSize))
}
