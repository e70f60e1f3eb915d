package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/workflow"
)

// TestQuick runs what -quick runs: the service is killed three times on SQLite.
func TestQuick(t *testing.T) {
	slow.Test(t, "builds, starts and kills the service, 10 s")
	var out, log bytes.Buffer
	err := run(t.Context(), []string{"-quick"}, &out, &log)
	t.Logf("%s%s", &log, &out)
	if err != nil {
		t.Fatal(err)
	}
}

// TestLine: the judge of the line finds what must not happen, and nothing else.
func TestLine(t *testing.T) {
	assigned := func(visit, who string) workflow.Fact {
		return workflow.Fact{
			Kind: workflow.FactVisitAssigned, Subject: who,
			Detail: map[string]string{"visit": visit, "role": "lead"},
		}
	}
	used := func(visit, unit string) workflow.Fact {
		return workflow.Fact{
			Kind: workflow.FactTurnUsed, Subject: unit,
			Detail: map[string]string{"visit": visit},
		}
	}
	about := func(kind workflow.FactKind, subject string) workflow.Fact {
		return workflow.Fact{Kind: kind, Subject: subject}
	}
	registered, back := about(workflow.FactVisitRegistered, "v1"), about(workflow.FactRejoined, "a")
	for _, test := range []struct {
		name  string
		facts []workflow.Fact
		wrong int
	}{
		{
			"two visits, one after the other",
			[]workflow.Fact{
				assigned("v1", "a"), used("v1", "a"), registered, back,
				assigned("v2", "a"), used("v2", "a"),
			},
			0,
		},
		{"given back", []workflow.Fact{
			used("v1", "a"), about(workflow.FactTurnGivenBack, "a"),
			used("v2", "a"),
		}, 0},
		{"a turn twice", []workflow.Fact{used("v1", "a"), used("v2", "a")}, 1},
		{"a visit twice", []workflow.Fact{assigned("v1", "a"), assigned("v1", "b")}, 1},
		{"two visitors at once", []workflow.Fact{assigned("v1", "a"), assigned("v2", "a")}, 1},
		{"registered twice", []workflow.Fact{assigned("v1", "a"), registered, registered}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var found findings
			l := newLine("s", &found)
			for i, f := range test.facts {
				l.fold(&entry{Seq: int64(i), Facts: []workflow.Fact{f}})
			}
			if n := found.of(); n != test.wrong {
				t.Errorf("%d found, want %d: %q", n, test.wrong, found.shown)
			}
		})
	}
}

// TestDigest: facts are compared by what they say.
func TestDigest(t *testing.T) {
	a, err1 := digestOf(json.RawMessage(`[{"kind":"turn.used","subject":"a"}]`))
	b, err2 := digestOf(json.RawMessage(` [ {"subject":"a","kind":"turn.used"} ]`))
	c, err3 := digestOf(json.RawMessage(`[{"kind":"turn.used","subject":"b"}]`))
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if a != b || a == c {
		t.Error("digests do not follow what the facts say")
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-store", "mysql"},
		{"-clients", "0"},
		{"-d", "0s"},
		{"-kills", "-1"},
		{"extra"},
	} {
		if _, err := parse(args, new(bytes.Buffer)); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}
