package workflow_test

import (
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/workflow"
)

// stepsPerDay is how many commands a random office gets.
const stepsPerDay = 80

// steps is how many commands all random offices get together: a few thousand, or as many as
// LUNPAI_STEPS says.
func steps(t *testing.T) int {
	text := os.Getenv("LUNPAI_STEPS")
	if text == "" {
		if slow.Wanted() {
			return 50_000
		}
		return 2_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("LUNPAI_STEPS: %v", err)
	}
	return n
}

// TestInvariants lets random offices work through random commands, sensible and not, and holds
// every decision against the invariants. A failing case is made as short as it gets and printed as
// a scenario. LUNPAI_STEPS=200000 makes a long run.
func TestInvariants(t *testing.T) {
	const halves = 2 // side by side
	rapidly(t, max(1, steps(t)/stepsPerDay/halves))
	for half := range halves {
		t.Run(strconv.Itoa(half), func(t *testing.T) {
			t.Parallel()
			var met tally
			rapid.Check(t, func(rt *rapid.T) {
				if err := run(seed(rt), &met); err != nil {
					rt.Fatal(err)
				}
			})
			t.Log(&met)
		})
	}
}

// rapidly sets how many offices rapid draws, and that it does not shorten what fails: a failing
// case is shortened as a list of commands.
func rapidly(t *testing.T, checks int) {
	t.Helper()
	for name, value := range map[string]string{
		"rapid.checks":     strconv.Itoa(checks),
		"rapid.nofailfile": "true", // the scenario printed is the record
		"rapid.shrinktime": "0s",
	} {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
}

// seed draws the random source of one office; a permutation is drawn evenly, which rapid's numbers
// are not.
func seed(rt *rapid.T) *rand.Rand {
	h := fnv.New64a()
	for _, n := range rapid.Permutation([]byte("abcdefghijklmnopqrst")).Draw(rt, "seed") {
		h.Write([]byte{n})
	}
	return rand.New(rand.NewPCG(h.Sum64(), 0))
}

// run is one random office.
func run(rng *rand.Rand, met *tally) error {
	g := &generator{office: newOffice(), rng: rng}
	given, founding := g.found()
	for _, s := range founding {
		if _, f, err := g.do(s); err != nil {
			return fmt.Errorf("%s: %w", s.cmd.About().Kind, err)
		} else if f != nil {
			return fmt.Errorf("%s: %w", s.cmd.About().Kind, f)
		}
	}
	var past []step
	for range stepsPerDay {
		g.pass()
		s := g.next()
		c, f, err := g.do(s)
		if f == nil {
			// a refused command changes nothing, so it is not part of the story
			past = append(past, s)
		}
		if err == nil && g.chance(50) {
			err = g.allowed(g.probe())
		}
		if err == nil {
			err = g.dueAgrees()
		}
		if err != nil {
			return shorten(given, founding, past, err)
		}
		met.add(s.cmd.About().Kind, c, f)
	}
	if err := g.replay(); err != nil {
		return shorten(given, founding, past, err)
	}
	return nil
}

// tally counts what a run reached, so that a generator gone lame is seen.
type tally struct {
	accepted, refused map[workflow.Kind]int
	facts             map[workflow.FactKind]int
}

func (m *tally) add(k workflow.Kind, c *commit, f *fault) {
	if m.accepted == nil {
		m.accepted, m.refused, m.facts = map[workflow.Kind]int{}, map[workflow.Kind]int{},
			map[workflow.FactKind]int{}
	}
	if f != nil {
		m.refused[k]++
		return
	}
	m.accepted[k]++
	for _, x := range c.Facts {
		m.facts[x.Kind]++
	}
}

func (m *tally) String() string {
	return fmt.Sprintf("accepted %v\nrefused %v\nfacts %v", m.accepted, m.refused, m.facts)
}
