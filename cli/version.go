package cli

import (
	"cmp"
	"regexp"
	"runtime/debug"
	"strings"
)

// version is the one that the build was told.
var version string

// release is the version in a word: the one that the build was told, else the module's own, else dev.
func release() string {
	b, _ := debug.ReadBuildInfo()
	return releaseOf(version, b)
}

// build is the version in a line, with the commit and its date.
func build() string {
	b, _ := debug.ReadBuildInfo()
	return buildOf(version, b)
}

func releaseOf(told string, b *debug.BuildInfo) string {
	own := ""
	if b != nil && b.Main.Version != "(devel)" {
		own = b.Main.Version
	}
	if b != nil && b.Main.Sum == "" && between.MatchString(own) {
		own = "" // made up by the build for a commit between two releases: the commit itself says more
	}
	return cmp.Or(told, own, "dev")
}

// between is in the version of a commit that is no release: its time and hash.
var between = regexp.MustCompile(`[-.]\d{14}-[0-9a-f]{12}`)

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
	case told == "" && b.Main.Sum == "": // neither a release nor a module that was downloaded
		line += ", commit not known (go run stamps none; make build does)"
	}
	return line + ", " + b.GoVersion + " " + set["GOOS"] + "/" + set["GOARCH"]
}
