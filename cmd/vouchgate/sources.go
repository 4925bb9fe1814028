package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// envPrefix comes before the flag's name in the name of its environment variable.
const envPrefix = "VOUCHGATE_"

// sources brings the settings that are not on the command line: from the
// environment, else from the config file. Flags that are no setting (they stand
// in no group) have no other source than the command line.
//
// A faulty value is remembered and not reported, so that it can be reported
// together with all others.
type sources struct {
	env    func(string) (string, bool)
	app    *kong.Application
	loaded bool
	file   map[string]string
	faults faults
}

func isSetting(flag *kong.Flag) bool { return flag.Group != nil }

func variable(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// helpWithVariable names the environment variable in the help of a setting.
func helpWithVariable(v *kong.Value) string {
	if v.Flag == nil || !isSetting(v.Flag) {
		return v.Help
	}
	return strings.TrimSuffix(v.Help, ".") + " ($" + variable(v.Name) + ")."
}

// Validate implements kong.Resolver.
func (s *sources) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver. An empty variable counts as none.
func (s *sources) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if !isSetting(flag) {
		return nil, nil
	}
	if !s.loaded {
		s.loaded = true
		s.load(ctx)
	}
	if value, ok := s.env(variable(flag.Name)); ok && value != "" {
		return s.usable(flag, variable(flag.Name), value), nil
	}
	if value, ok := s.file[flag.Name]; ok && flag.Name != "config" {
		return s.usable(flag, flag.Name, value), nil
	}
	return nil, nil
}

// usable returns the value, or nil if the flag cannot take it. Only switches are
// parsed this early; all other settings are texts until they are checked.
func (s *sources) usable(flag *kong.Flag, name, value string) any {
	if !flag.IsBool() {
		return value
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		s.faults.add(name, "must be true or false")
		return nil
	}
	return on
}

func (s *sources) load(ctx *kong.Context) {
	path, _ := s.env(variable("config"))
	for _, step := range ctx.Path {
		if step.Flag != nil && step.Flag.Name == "config" {
			path, _ = ctx.FlagValue(step.Flag).(string)
		}
	}
	if path == "" {
		return
	}
	content, err := os.ReadFile(path)
	if err != nil {
		s.faults.add("config", "%v", err)
		return
	}
	var found faults
	s.file, found = readConfig(content, s.known())
	for _, f := range found {
		s.faults.add(path, "%s", f)
	}
}

// known lists the settings that a config file may have: those of serve, whatever
// the verb, so that one file serves all.
func (s *sources) known() []string {
	var names []string
	for _, node := range s.app.Children {
		if node.Name != "serve" {
			continue
		}
		for _, flag := range node.Flags {
			if isSetting(flag) && flag.Name != "config" {
				names = append(names, flag.Name)
			}
		}
	}
	return names
}

// readConfig reads a config file: a YAML mapping of setting names to a scalar or
// a list of scalars. Scalars are taken as they are written, so that YAML's own
// ideas of what is a number or a truth value do not come in.
func readConfig(content []byte, known []string) (map[string]string, faults) {
	var (
		root   yaml.Node
		found  faults
		values = map[string]string{}
	)
	err := yaml.Unmarshal(content, &root)
	if err == nil && root.IsZero() { // nothing but comments
		return values, nil
	}
	if err != nil || root.Content[0].Kind != yaml.MappingNode {
		return values, faults{"is not YAML of the form name: value"}
	}
	pairs := root.Content[0].Content
	for i := 0; i+1 < len(pairs); i += 2 {
		name, line := pairs[i].Value, pairs[i].Line
		value, err := scalar(pairs[i+1])
		_, twice := values[name]
		switch {
		case !slices.Contains(known, name):
			found = append(found, fmt.Sprintf("line %d: there is no setting %q", line, name))
		case twice:
			found = append(found, fmt.Sprintf("line %d: %s comes twice", line, name))
		case err != nil:
			found = append(found, fmt.Sprintf("line %d: %s: %v", line, name, err))
		default:
			values[name] = value
		}
	}
	return values, found
}

var errNotScalar = errors.New("must be a value or a list of values")

// scalar returns a value as text; the members of a list are joined by commas, as
// on the command line.
func scalar(n *yaml.Node) (string, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "", errNotScalar
		}
		return n.Value, nil
	case yaml.SequenceNode:
		members := make([]string, len(n.Content))
		for i, member := range n.Content {
			if member.Kind != yaml.ScalarNode {
				return "", errNotScalar
			}
			members[i] = member.Value
		}
		return strings.Join(members, ","), nil
	}
	return "", errNotScalar
}
