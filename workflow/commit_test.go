package workflow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// morning is a short one that touches most records: two visitors, one of them with a companion, a
// call, a deal, a closed day.
func morning(t *testing.T) *office {
	t.Helper()
	o := small(t)
	sale := &workflow.RecordDeal{
		Customer: "K1", Deal: "D1", Unit: "3-201",
		Status: workflow.StatusDeposit, Amount: 5_000_000,
	}
	o.must(t,
		&workflow.IdentifyVisit{Visit: "V1", Identity: workflow.Identity{
			Kind:     workflow.KindNew,
			Customer: "K1", NewCustomer: true, Party: 3,
		}},
		&workflow.AssignVisit{Visit: "V1"},
		&workflow.TakeCall{Call: "call", For: "B"},
		&workflow.IdentifyVisit{Visit: "V2", Identity: workflow.Identity{
			Kind:  workflow.KindNew,
			Named: "B",
		}},
		&workflow.AssignVisit{Visit: "V2"},
		&workflow.ServeVisit{Visit: "V1"},
		&workflow.RegisterVisit{Visit: "V1", Form: &workflow.Form{
			Channel: "online", AreaSqm: 90,
			Intent: "a",
		}},
		sale,
		&workflow.RegisterVisit{
			Visit: "V2", Serve: &workflow.ServeVisit{Visit: "V2"},
			Customer: "K2",
		},
		&workflow.CloseDay{},
	)
	return o
}

// TestCommitGolden keeps the text of commits: what is in journals must stay readable. A change of
// this file is a change of the stored format; a field may be added, none may be renamed or change
// its meaning.
func TestCommitGolden(t *testing.T) {
	var lines []string
	for _, c := range morning(t).commits {
		lines = append(lines, outcome(c, nil))
	}
	golden(t, "testdata/commits.jsonl", strings.Join(lines, "\n")+"\n")
}

// TestCommitRoundTrip: a commit read back from its text is the commit, and rebuilds the board.
func TestCommitRoundTrip(t *testing.T) {
	o := morning(t)
	for _, c := range o.commits {
		d, err := decodeCommit([]byte(outcome(c, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := outcome(c, nil), outcome(d, nil); a != b {
			t.Errorf("commit %d reads back as\n%s\nwas\n%s", c.Seq, b, a)
		}
		if d.At.Location() != time.UTC || d.At.Nanosecond()%int(time.Millisecond) != 0 {
			t.Errorf("commit %d: time %v", c.Seq, d.At)
		}
	}
	if err := o.replay(); err != nil {
		t.Error(err)
	}
}

// TestApplyRefuses: a board folds in only the next commit, and none that a newer program wrote.
func TestApplyRefuses(t *testing.T) {
	o := morning(t)
	b := workflow.NewBoard(site)
	if err := b.Apply(o.commits[1]); err == nil {
		t.Error("a gap was not noticed")
	}
	newer := *o.commits[0]
	newer.MinReader = workflow.MinReader + 1
	if err := b.Apply(&newer); err == nil || b.Seq != 0 {
		t.Errorf("a commit of a newer program was folded in: %v", err)
	}
}
