package mongostore

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/tools/mongod"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// TestDirectConnectionIsRefused: a single member of a set is refused even if it is the primary: it
// may become a secondary, and would go on answering.
func TestDirectConnectionIsRefused(t *testing.T) {
	_, rs := mongotest.ReplicaSet(t)
	for _, member := range rs.Members {
		s, err := Open(t.Context(), Config{
			URI: "mongodb://" + member.Addr() + "/direct?directConnection=true",
		})
		if err == nil {
			_ = s.Close()
		}
		if !errors.Is(err, ErrDirect) {
			t.Fatalf("%s: %v, want %v", member.Addr(), err, ErrDirect)
		}
		for _, word := range []string{
			member.Addr() + " belongs to", "replicaSet=", rs.Members[0].Addr(),
			rs.Members[2].Addr(),
		} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("the error does not name %q: %v", word, err)
			}
		}
	}
}

// refused is a command that the rules refuse: there is no such visit.
func refused(id string) repo.Request {
	return repo.Request{
		ID: id, By: workflow.Actor{Role: workflow.RoleFrontDesk}, Command: &workflow.ServeVisit{
			Visit: "nobody",
		},
	}
}

// TestRefusalNeedsAMajority: a primary that has lost its majority may have been replaced, and a
// command that it does not hold may have been carried out elsewhere. So it gives no definite answer
// until the majority is back.
func TestRefusalNeedsAMajority(t *testing.T) {
	needTime(t)
	uri, rs := mongotest.ReplicaSet(t)
	cfg := testDatabase(t, uri).config()
	cfg.PointTimeout = 500 * time.Millisecond
	s := open(t, cfg)
	d := repo.NewEngine(repo.Config{Store: s})
	if _, err := d.Do(t.Context(), "s00", newSite("s00")); err != nil {
		t.Fatal(err)
	}
	var fault *workflow.Fault
	if _, err := d.Do(t.Context(), "s00", refused("before")); !errors.As(err, &fault) {
		t.Fatalf("with a majority: %v, want a refusal", err)
	}
	primary, err := rs.Primary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	others := func(f func(*mongod.Server) error) {
		t.Helper()
		for _, m := range rs.Members {
			if m != primary {
				if err := f(m); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	others((*mongod.Server).Pause)
	_, err = d.Do(t.Context(), "s00", refused("cut off"))
	others((*mongod.Server).Resume)
	if errors.As(err, &fault) || !errors.Is(err, repo.ErrUnknown) &&
		!errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("cut off: %v, want no definite answer", err)
	}
	eventually(t, "a refusal again", func() bool {
		_, err := d.Do(t.Context(), "s00", refused("cut off"))
		return errors.As(err, &fault)
	})
	if err := d.Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestConfirm sees a later page and a command that was carried out.
func TestConfirm(t *testing.T) {
	uri, _ := mongotest.ReplicaSet(t)
	s := open(t, testDatabase(t, uri).config())
	a := &author{t: t, site: "a"}
	first, second := a.next(), a.next()
	mustAppend(t, s, first, second)
	for _, c := range []struct {
		seq  int64
		ids  []string
		want bool
	}{
		{2, []string{"new", "newer"}, true},
		{2, nil, true},
		{1, []string{"new"}, false},
		{2, []string{"new", first.Entries[0].ID}, false},
	} {
		if ok, err := s.Confirm(t.Context(), "a", c.seq, c.ids); ok != c.want || err != nil {
			t.Errorf("%v at %d: %t, %v; want %t", c.ids, c.seq, ok, err, c.want)
		}
	}
	if ok, err := s.Confirm(t.Context(), "b", 0, []string{first.Entries[0].ID}); !ok || err != nil {
		t.Errorf("at another site: %t, %v", ok, err)
	}
}

// BenchmarkRefusal is what a refused command costs, one client, nothing else: go test
// ./repo/mongostore -run '^$' -bench Refusal
func BenchmarkRefusal(b *testing.B) {
	for _, server := range []string{"standalone", "set"} {
		b.Run(server, func(b *testing.B) {
			var uri string
			if server == "set" {
				uri, _ = mongotest.ReplicaSet(b)
			} else {
				uri = mongotest.Standalone(b)
			}
			d := repo.NewEngine(repo.Config{Store: open(b, testDatabase(b, uri).config())})
			if _, err := d.Do(b.Context(), "s00", newSite("s00")); err != nil {
				b.Fatal(err)
			}
			var fault *workflow.Fault
			for b.Loop() {
				if _, err := d.Do(b.Context(), "s00", refused("x")); !errors.As(err, &fault) {
					b.Fatal(err)
				}
			}
			if err := d.Drain(b.Context()); err != nil {
				b.Error(err)
			}
		})
	}
}
