package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// shared are the flags that have a variable: those that both ends of a pipeline
// must be given alike, and no other. An exported TREEFILTER_CHECK=1 would silence
// every pipeline.
var shared = []string{"config", "config-file", "default", "depends", "depends-name", "detect", "exclude", "extension", "include", "program", "shard", "state-base", "state-dir", "threads"}

const variablePrefix = "TREEFILTER_"

// variable returns the environment variable of a shared flag.
func variable(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// variables resolves a flag that was not given. kong asks only for the flags of
// the selected command, so a variable that another command would refuse does no
// harm. (With kong's own "env" tag an empty variable is a value, a list is split
// at commas or not at all, and an error names the flag that was not given.)
func variables(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if !slices.Contains(shared, flag.Name) {
		return nil, nil
	}
	name := variable(flag.Name)
	set := os.Getenv(name)
	if set == "" {
		return nil, nil
	}
	var value any = set
	if _, ok := flag.Target.Interface().(list); ok {
		value = slices.DeleteFunc(list(strings.Split(set, "\n")), func(s string) bool { return s == "" })
	}
	// kong would report a bad value under the name of the flag: parse it here
	// first, to report it under the name of the variable.
	trial := reflect.New(flag.Target.Type()).Elem()
	err := flag.Mapper.Decode(&kong.DecodeContext{
		Value: flag.Value,
		Scan:  kong.Scan().PushTyped(value, kong.FlagValueToken),
	}, trial)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return value, nil
}

// warnOfVariables names the variables that look like ours and have no effect. It
// is no failure: another program may have put them there.
func (v *voice) warnOfVariables(environment []string) {
	var known []string
	for _, flag := range shared {
		known = append(known, variable(flag))
	}
	warned := false
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, variablePrefix) && value != "" && !slices.Contains(known, name) {
			v.line(name + ": unknown variable, without effect")
			warned = true
		}
	}
	if warned {
		v.line("hint: these variables have an effect: " + strings.Join(known, ", "))
	}
}
