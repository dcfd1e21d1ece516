package main

import (
	_ "embed"
	"strconv"

	"github.com/alecthomas/kong"
)

// The man page and the completion scripts are files that are printed as they are,
// so what is read, linted and run in a shell is what is shipped. The scripts know
// the command line by heart: no treefilter runs at a TAB. TestShare compares them
// with the grammar.
var (
	//go:embed share/treefilter.1
	manPage string
	//go:embed share/treefilter.bash
	bashCompletion string
	//go:embed share/treefilter.zsh
	zshCompletion string
	//go:embed share/treefilter.fish
	fishCompletion string
)

// manFlag asks for the man page.
type manFlag bool

// BeforeReset is called by kong when the flag was given.
func (manFlag) BeforeReset() error { return printed(manPage) }

// completionFlag asks for the completion script of a shell.
type completionFlag string

// Decode implements kong.MapperValue.
func (*completionFlag) Decode(ctx *kong.DecodeContext) error {
	shell, err := popText(ctx)
	if err != nil {
		return err
	}
	switch shell {
	case "bash":
		return printed(bashCompletion)
	case "zsh":
		return printed(zshCompletion)
	case "fish":
		return printed(fishCompletion)
	}
	return &usageError{
		reason: "not bash, zsh or fish: " + strconv.Quote(shell),
		hint:   `"treefilter --help" shows how the scripts are used`,
	}
}

// printed is the request for a text that is the same for all commands.
func printed(text string) error {
	return request(func(*namedCommand) string { return text })
}
