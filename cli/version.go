package cli

import (
	"cmp"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"
)

// versionCmd prints what --version prints.
type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(w *World) error {
	_, err := fmt.Fprintln(w.Stdout, build(w.Version))
	return err
}

// release is the version in a word: the one that the build was told, else the module's own, else
// dev.
func release(told string) string {
	b, _ := debug.ReadBuildInfo()
	return releaseOf(told, b)
}

// build is the version in a line, with the commit and its date.
func build(told string) string {
	b, _ := debug.ReadBuildInfo()
	return buildOf(told, b)
}

func releaseOf(told string, b *debug.BuildInfo) string {
	own := ""
	if b != nil && b.Main.Version != "(devel)" {
		own = b.Main.Version
	}
	if b != nil && b.Main.Sum == "" && pseudo.MatchString(own) {
		own = "" // the commit says more than a version that Go made up from it
	}
	return cmp.Or(told, own, "dev")
}

// pseudo finds the time and hash that Go puts into the version of a commit that is no release.
var pseudo = regexp.MustCompile(`[-.]\d{14}-[0-9a-f]{12}`)

func buildOf(told string, b *debug.BuildInfo) string {
	line := "lunpai " + releaseOf(told, b)
	if b == nil {
		return line
	}
	set := map[string]string{}
	for _, s := range b.Settings {
		set[s.Key] = s.Value
	}
	switch commit := set["vcs.revision"]; {
	case commit != "":
		date, _, _ := strings.Cut(set["vcs.time"], "T")
		line += ", commit " + commit[:min(12, len(commit))] + " of " + date
		if set["vcs.modified"] == "true" {
			line += " and changes that were not committed"
		}
	case told == "" && b.Main.Sum == "": // neither a release nor a downloaded module
		line += ", commit not known (go run stamps none; make build does)"
	}
	return line + ", " + b.GoVersion + " " + set["GOOS"] + "/" + set["GOARCH"]
}
