package cli

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/scenario"
)

// TestScenariosOverHTTP plays every scenario file through the API, each on a service of its own, on
// every store.
func TestScenariosOverHTTP(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("scenario/testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenario files", err)
	}
	for name, address := range stores {
		t.Run(name, func(t *testing.T) {
			if name != "sqlite" {
				slow.Test(t, "scenarios over HTTP on "+name+", 77 s")
			}
			// More at once than there are processors: on MongoDB most of it is waiting.
			var played sync.WaitGroup
			places := make(chan struct{}, 6)
			for _, file := range files {
				played.Go(func() {
					places <- struct{}{}
					defer func() { <-places }()
					t.Run(filepath.Base(file), func(t *testing.T) {
						playOverHTTP(t, address(t), file)
					})
				})
			}
			played.Wait()
		})
	}
}

func playOverHTTP(t *testing.T, store, file string) {
	t.Helper()
	f, err := readScenarios(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	keyring := filepath.Join(t.TempDir(), "keys.json")
	s := start(t, "--clock=manual", "--store", store, "--keys", keyring)
	c := &scenario.Client{Base: s.base, Manual: true}
	for _, sc := range f.Scenarios {
		res, err := sc.Run(t.Context(), scenario.NewRemote(c, s.admin))
		if err != nil {
			t.Fatal(err)
		}
		for i, step := range res.Steps {
			for _, d := range step.Differences {
				t.Errorf("%s step %d %s %s: %s: want %s, got %s",
					sc.ID, i+1, step.Do, step.Visit, d.Key, d.Want, d.Got)
			}
		}
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// wrong is a scenario that expects what does not happen.
const wrong = `scenarios:
- id: X1
  title: wrong on purpose
  policy: p1
  given: {line: [A, B]}
  steps:
  - {at: "09:10", do: receive, visit: V1, kind: new, expect: {receiver: B}}
`

func TestPlayTellsDifferences(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "wrong.yaml")
	writeFile(t, file, wrong)
	out, err := command(t, "play", "--lang", "en", file)
	if err == nil || !strings.Contains(out, "receiver: expected B, got A") ||
		!strings.Contains(out, "0 passed, 1 failed, 0 skipped") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = command(t, "play", "--json", file)
	var r scenario.Result
	if err == nil || json.Unmarshal([]byte(strings.TrimSpace(out)), &r) != nil || r.Passed() {
		t.Errorf("json: %v\n%s", err, out)
	}
}
