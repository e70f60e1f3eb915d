package compose

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestNoDefaultSecrets: Compose knows no password that was not set, and starts nothing without one.
func TestNoDefaultSecrets(t *testing.T) {
	text, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	needed := map[string]int{"MONGO_ROOT_PASSWORD": 1, "LUNPAI_MONGO_PASSWORD": 2}
	found := map[string]int{}
	variable := regexp.MustCompile(`\$\{([A-Z_]+)([^}]*)\}`)
	for _, m := range variable.FindAllStringSubmatch(string(text), -1) {
		name, rest := m[1], m[2]
		found[name]++
		switch {
		case needed[name] > 0 && !strings.HasPrefix(rest, ":?set "+name+" "):
			t.Errorf("%s: it does not say that %s is needed", m[0], name)
		case needed[name] == 0 && strings.HasSuffix(name, "PASSWORD") && rest != ":-":
			t.Errorf("%s: a password that is known to everybody", m[0])
		}
	}
	for name, n := range needed {
		if found[name] != n {
			t.Errorf("%s is asked for %d times, want %d", name, found[name], n)
		}
	}
}

// TestImagesHaveFullVersions: what is built and run tomorrow is what was built and run today.
func TestImagesHaveFullVersions(t *testing.T) {
	full := regexp.MustCompile(`:[0-9]+\.[0-9]+\.[0-9]+|@sha256:`)
	for file, line := range map[string]*regexp.Regexp{
		"../../docker-compose.pair.yml":       regexp.MustCompile(`(?m)^\s+image: (\S+:\S+)`),
		"../../docker-compose.yml":            regexp.MustCompile(`(?m)^\s+image: (\S+:\S+)$`),
		"../../Dockerfile":                    regexp.MustCompile(`(?m)^FROM (\S+)`),
		"../../.github/workflows/ci.yml":      regexp.MustCompile(`(?m)^\s+image: (\S+)$`),
		"../../.github/workflows/release.yml": regexp.MustCompile(`(?m)^\s+container: (\S+)$`),
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		images := line.FindAllStringSubmatch(string(text), -1)
		if len(images) == 0 {
			t.Errorf("%s names no image", file)
		}
		for _, m := range images {
			if !full.MatchString(m[1]) &&
				!strings.Contains(m[1], "distroless") { // which has no versions
				t.Errorf("%s: %s", file, m[1])
			}
		}
	}
	action := regexp.MustCompile(`uses: (\S+)`)
	pinned := regexp.MustCompile(`@[0-9a-f]{40}$`)
	for _, file := range []string{
		"../../.github/workflows/ci.yml",
		"../../.github/workflows/release.yml",
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range action.FindAllStringSubmatch(string(text), -1) {
			if !pinned.MatchString(m[1]) {
				t.Errorf("%s: %s is not named by its commit", file, m[1])
			}
		}
	}
}
