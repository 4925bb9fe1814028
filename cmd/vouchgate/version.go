package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// release is set by the linker: -ldflags "-X main.release=1.2.3".
var release string

// version returns the release, or what Go knows of the commit that was built.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	var revision, modified string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			revision = "-" + s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "-modified"
		}
	}
	return "dev" + revision + modified
}

type versionCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run implements the verb version.
func (c *versionCmd) Run(p *program) error {
	v := struct {
		Version  string `json:"version"`
		Go       string `json:"go"`
		Platform string `json:"platform"`
	}{version(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
	if c.JSON {
		return p.printJSON(v)
	}
	_, err := fmt.Fprintf(p.stdout, "vouchgate %s (%s, %s)\n", v.Version, v.Go, v.Platform)
	return err
}
