package workflow_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lunpai/lunpai/scenario"
	"github.com/lunpai/lunpai/workflow"
)

// played are the commits of a small office, with names that need escapes.
func played(t testing.TB) []*workflow.Commit {
	t.Helper()
	core := scenario.NewCore()
	const li = workflow.StaffID(`li"\`)
	for i, cmd := range []workflow.Command{
		officeOf("A", "B", li),
		&workflow.ArriveVisit{
			Visit:    `v<1>李"images":[\`,
			Identify: &workflow.Identity{Kind: workflow.KindNew}, Assign: true,
		},
		&workflow.AddAssistant{Visit: `v<1>李"images":[\`, Who: li},
		&workflow.RegisterVisit{
			Visit: `v<1>李"images":[\`, Customer: `{"images":[1]}`,
			Serve: &workflow.ServeVisit{},
		},
		&workflow.Leave{Who: "B", Reason: workflow.Personal},
		&workflow.ArriveVisit{Visit: "v2"},
	} {
		role := workflow.RoleSupervisor
		if i == 0 {
			role = workflow.RoleAdministrator
		}
		a, err := core.Do(t.Context(), scenarioStart, "", role, cmd)
		if err != nil || a.Refusal != "" {
			t.Fatal(cmd.About().Kind, a.Refusal, err)
		}
	}
	return core.Commits
}

// TestOutlines: an outline says the same as the decoded commit, and whom it concerns is who may see
// the visit or owns the customer.
func TestOutlines(t *testing.T) {
	commits := played(t)
	canonical, err := workflow.AppendCommits(nil, commits)
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, canonical, "", "\t"); err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{canonical, pretty.Bytes()} {
		outlines, err := workflow.Outlines(text)
		if err != nil || len(outlines) != len(commits) {
			t.Fatalf("%d outlines of %d commits: %v", len(outlines), len(commits), err)
		}
		for i, o := range outlines {
			got, err := o.Commit()
			if err != nil {
				t.Fatal(err)
			}
			if got.Command, err = compact(got.Command); err != nil {
				t.Fatal(err)
			}
			want := *commits[i]
			want.Images = nil
			if d := cmp.Diff(&want, got, cmpopts.IgnoreUnexported(workflow.Commit{}),
				cmpopts.EquateEmpty()); d != "" || o.Seq != want.Seq {
				t.Errorf("commit %d (-want +got):\n%s", want.Seq, d)
			}
			for k, im := range o.Images {
				if im.Doc, err = compact(im.Doc); err != nil ||
					im.Ref != commits[i].Images[k].Ref || im.Open != commits[i].Images[k].Open ||
					string(im.Doc) != string(commits[i].Images[k].Doc) {
					t.Errorf("commit %d, image %d: %v, %+v", want.Seq, k, err, im)
				}
			}
		}
	}
	outlines, _ := workflow.Outlines(canonical)
	needless, passed := 0, 0
	defer func() {
		if passed < 5 || needless > passed {
			t.Errorf("%d pages were passed over, %d looked at for nothing", passed, needless)
		}
	}()
	for i, o := range outlines {
		for _, who := range []workflow.StaffID{"A", "B", `li"\`, "nobody"} {
			id, _ := workflow.Encode(who)
			quick, err := o.Concerned(
				func(text []byte) bool { return strings.Contains(string(text), string(id)) },
			)
			all, err2 := o.Concerned(nil)
			page, perr := workflow.AppendCommits(nil, commits[i:i+1])
			if perr != nil {
				t.Fatal(perr)
			}
			if may, is := workflow.MayConcern(page, id), concerns(t, commits[i], who); is && !may ||
				may && who == "nobody" {
				t.Errorf("commit %d (%s) may concern %s: %v, it does: %v", o.Seq, commits[i].Kind,
					who, may, is)
			} else if may && !is {
				needless++
			} else if !may {
				passed++
			}
			if want := concerns(t, commits[i], who); err != nil || err2 != nil ||
				slices.Contains(quick, who) != want || slices.Contains(all, who) != want {
				t.Errorf("commit %d (%s) concerns %s: quick %v, all %v, want %v (%v, %v)", o.Seq,
					commits[i].Kind, who,
					slices.Contains(quick, who), slices.Contains(all, who), want, err, err2)
			}
		}
	}
}

// concerns is the rule, read from the decoded records.
func concerns(t *testing.T, c *workflow.Commit, who workflow.StaffID) bool {
	t.Helper()
	if c.By.Staff == who ||
		slices.ContainsFunc(
			c.Facts,
			func(f workflow.Fact) bool { return f.Subject == string(who) },
		) {
		return true
	}
	rs, err := c.Records()
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(rs, func(r workflow.Record) bool {
		switch r := r.(type) {
		case *workflow.Visit:
			return r.Of(who)
		case *workflow.Customer:
			return r.Owner == who
		}
		return false
	})
}

func compact(text json.RawMessage) (json.RawMessage, error) {
	if len(text) == 0 {
		return text, nil
	}
	var b bytes.Buffer
	err := json.Compact(&b, text)
	return b.Bytes(), err
}

// TestOutlinesOfDamagedText: text that is not a page's is an error or outlines whose parts are
// errors, never a panic.
func TestOutlinesOfDamagedText(t *testing.T) {
	text, err := workflow.AppendCommits(nil, played(t)[:3])
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		b := slices.Clone(text)
		for range 1 + r.IntN(3) {
			switch i := r.IntN(len(b)); r.IntN(3) {
			case 0:
				b[i] = byte(r.IntN(256))
			case 1:
				b = b[:i+1]
			case 2:
				b = slices.Delete(b, i, min(len(b), i+1+r.IntN(20)))
			}
			if len(b) == 0 {
				break
			}
		}
		outlines, err := workflow.Outlines(b)
		if err != nil {
			continue
		}
		for _, o := range outlines {
			_, _ = o.Commit()
			_, _ = o.Concerned(nil)
		}
	}
	for _, bad := range []string{
		"", "[", "{}", "[{}", "[{]", `[{"seq":1,"images":[}]`,
		`[{"seq":1}] x`, `[{"seq":"1"}]`, "[{\"a", `[{"a\`,
	} {
		if _, err := workflow.Outlines([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
