package main

import (
	"context"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// journal is one page of three commits: the founding, and two commands.
type journal struct{ repo.Journal }

func (journal) Since(
	_ context.Context, site workflow.SiteID, seq int64, _ int,
) ([]*repo.Page, error) {
	p, err := repo.NewPage(site, "",
		[]*workflow.Commit{{Seq: 1, ID: "founded"}, {Seq: 2, ID: "a"}, {Seq: 3, ID: "b"}})
	if err != nil || seq > 3 {
		return nil, err
	}
	return []*repo.Page{p}, nil
}

// TestIDs: the journal is compared with what was acknowledged, in both directions.
func TestIDs(t *testing.T) {
	for _, test := range []struct {
		name          string
		acks          []ack
		left, doubled int
	}{
		{"all is well", []ack{{id: "a", seq: 2}, {id: "b", seq: 3}}, 0, 0},
		{"one is lost", []ack{{id: "a", seq: 2}, {id: "b", seq: 3}, {id: "c", seq: 4}}, 1, 0},
		{"another number", []ack{{id: "a", seq: 2}, {id: "b", seq: 2}}, 0, 1},
		{"acknowledged to nobody", []ack{{id: "a", seq: 2}}, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			acked := map[string]*ack{}
			for i, k := range test.acks {
				acked["s "+k.id] = &test.acks[i]
			}
			var r report
			if err := ids(t.Context(), journal{}, "s", acked, &r); err != nil {
				t.Fatal(err)
			}
			if len(acked) != test.left || r.of(doubled) != test.doubled {
				t.Errorf("%d lost, %d doubled: %q", len(acked), r.of(doubled), r.shown)
			}
		})
	}
}
