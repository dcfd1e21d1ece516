package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// variable returns the environment variable of a flag: every flag has one, so
// one export serves both ends of a pipeline.
func variable(flag string) string {
	return "TREEFILTER_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// variables resolves a flag that was not given. kong asks only for the flags of
// the selected command, so a variable that another command would refuse does no
// harm. (With kong's own "env" tag an empty variable is a value, a list is split
// at commas or not at all, and an error names the flag that nobody gave.)
func variables(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	name := variable(flag.Name)
	set := os.Getenv(name)
	if set == "" || isRequest(flag) || ruledOut(ctx, flag) {
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
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case trial.IsZero():
		return nil, nil // such as a boolean that is false: as good as unset
	}
	return value, nil
}

// ruledOut reports whether a flag was given that excludes this one: it overrides
// the variable.
func ruledOut(ctx *kong.Context, flag *kong.Flag) bool {
	return slices.ContainsFunc(ctx.Path, func(p *kong.Path) bool {
		return p.Flag != nil && !p.Resolved && slices.ContainsFunc(p.Flag.Xor, func(group string) bool {
			return slices.Contains(flag.Xor, group)
		})
	})
}
