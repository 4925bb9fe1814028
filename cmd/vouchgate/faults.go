package main

import (
	"fmt"
	"strings"
)

// faults gathers what is wrong with what was given, so that all of it is said at
// once.
type faults []string

func (f *faults) add(name, format string, args ...any) {
	*f = append(*f, name+": "+fmt.Sprintf(format, args...))
}

// check adds an error, if there is one.
func (f *faults) check(name string, err error) {
	if err != nil {
		f.add(name, "%v", err)
	}
}

// err returns a *wrongUsage, or nil without faults.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return &wrongUsage{f}
}

// wrongUsage is an error of the one who called the program.
type wrongUsage struct{ faults faults }

// Error lists all faults, one per line.
func (w *wrongUsage) Error() string {
	if len(w.faults) == 1 {
		return "vouchgate: " + w.faults[0]
	}
	return fmt.Sprintf("vouchgate: %d things are wrong:\n  - %s", len(w.faults), strings.Join(w.faults, "\n  - "))
}
