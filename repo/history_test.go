package repo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
	"github.com/lunpai/lunpai/workflow"
)

// history is what clients saw: every call with the numbers between which it took effect. The
// journal is the order that must explain it, so one pass over the journal checks everything.
type history struct {
	mu       sync.Mutex
	acked    int64 // highest commit that was acknowledged or seen
	start    time.Time
	commands map[string]workflow.Command
	calls    []call
}

type call struct {
	began    time.Duration // since the start, by one clock
	ended    time.Duration
	req      repo.Request
	from, to int64 // the journal stood somewhere from … to when it took effect
	out      *repo.Outcome
	err      error
	view     int64 // board number of a view; -1 for a command
}

func (h *history) begin() (from int64, began time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.acked, time.Since(h.start)
}

func (h *history) end(c call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.ended = time.Since(h.start)
	if c.out != nil {
		h.acked = max(h.acked, c.out.Commit.Seq)
	}
	h.acked = max(h.acked, c.view)
	h.calls = append(h.calls, c)
}

// head is the number of the last commit in the journal; every call that has ended took effect
// before.
func head(t testing.TB, s repo.Store) int64 {
	pages, err := s.Before(t.Context(), "s", 1<<60, 1)
	if err != nil || len(pages) == 0 {
		t.Errorf("head: %v", err)
		return 0
	}
	return pages[0].Last
}

// client does visits, and wrong things too, with other clients' ids, and sends again what got no
// answer.
func (h *history) client(
	ctx context.Context, t testing.TB, d *repo.Engine, s repo.Store, r *rand.Rand, steps int,
) {
	for range steps {
		v := workflow.VisitID(fmt.Sprintf("v%d", r.IntN(12)))
		var cmd workflow.Command
		switch r.IntN(8) {
		case 0, 1:
			cmd = &workflow.ArriveVisit{
				Visit: v, Identify: &workflow.Identity{Kind: workflow.KindNew},
				Assign: r.IntN(2) == 0,
			}
		case 2:
			cmd = &workflow.AssignVisit{Visit: v}
		case 3:
			cmd = &workflow.ServeVisit{Visit: v}
		case 4:
			cmd = &workflow.RegisterVisit{Visit: v, Customer: workflow.CustomerID("k-" + v)}
		case 5:
			cmd = &workflow.AbandonVisit{Visit: v, Reason: "left"}
		case 6:
			h.look(ctx, t, d, s)
			continue
		case 7:
			cmd = &workflow.Busy{
				Who: workflow.StaffID([]string{"A", "B"}[r.IntN(2)]), With: workflow.Chores,
			}
			if r.IntN(2) == 0 {
				cmd = &workflow.Free{Who: "A"}
			}
		}
		// keys are used again, also by others, with the same content
		id := fmt.Sprintf("%s-%s-%d", cmd.About().Kind, v, r.IntN(6))
		if cmd.About().Kind == "arrive_visit" {
			id = "arrive-" + string(v) // the id of a visit is made for one arrival
		}
		h.send(ctx, t, d, s, repo.Request{
			ID: id, Fingerprint: "f", By: workflow.Actor{Key: "k", Role: workflow.RoleFrontDesk},
			Command: cmd,
		})
	}
}

func (h *history) send(
	ctx context.Context, t testing.TB, d *repo.Engine, s repo.Store, r repo.Request,
) {
	h.mu.Lock()
	if first, ok := h.commands[r.ID]; ok {
		r.Command = first // what is sent again is the same
	}
	h.commands[r.ID] = r.Command
	h.mu.Unlock()
	var last error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		from, began := h.begin()
		begun := time.Now()
		out, err := d.Do(ctx, "s", r)
		if last = err; time.Since(begun) > 10*time.Second {
			t.Errorf("%s was answered after %v: %v", r.ID, time.Since(begun), err)
		}
		h.end(call{
			req: r, from: from, to: head(t, s), out: out, err: err, view: -1, began: began,
		})
		if errors.Is(err, repo.ErrUnknown) || errors.Is(err, repo.ErrBusy) ||
			errors.Is(err, repo.ErrUnavailable) || errors.Is(err, repo.ErrInProgress) {
			time.Sleep(time.Millisecond)
			continue
		}
		return
	}
	t.Errorf("%s was never answered: %v", r.ID, last)
}

func (h *history) look(ctx context.Context, t testing.TB, d *repo.Engine, s repo.Store) {
	var c call
	c.from, c.began = h.begin()
	c.err = d.View(ctx, "s", nil, func(b *workflow.Board) error { c.view = b.Seq; return nil })
	c.to = head(t, s)
	if c.err == nil {
		h.end(c)
	}
}

// check reads the journal from the start: every commit is what its command gives on the commits
// before it, every answer is in it, and every refusal is right at some moment between the call's
// begin and end.
func (h *history) check(t testing.TB, s repo.Store) {
	t.Helper()
	sound(t, s)
	h.linearizable(t)
	commits := map[int64]*workflow.Commit{}
	last := head(t, s)
	pages, err := s.Since(t.Context(), "s", 1, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		cs, err := p.Commits()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cs {
			commits[c.Seq] = c
		}
	}
	refused := map[int]bool{} // refusals still to be explained
	answers := map[string]int{}
	for i, c := range h.calls {
		var fault *workflow.Fault
		switch {
		case c.out != nil:
			answers["accepted"]++
			if !bytes.Equal(encode(t, c.out.Commit), encode(t, commits[c.out.Commit.Seq])) {
				t.Errorf("acknowledged commit %d is not the one in the journal", c.out.Commit.Seq)
			}
			if c.out.Commit.ID != c.req.ID || !c.out.Replayed && c.out.Commit.Seq <= c.from {
				t.Errorf("%s: answered with commit %d (%s), begun at %d", c.req.ID,
					c.out.Commit.Seq, c.out.Commit.ID, c.from)
			}
		case c.view >= 0:
			answers["viewed"]++
			if c.view < c.from || c.view > c.to {
				t.Errorf("a view between commits %d and %d shows %d", c.from, c.to, c.view)
			}
		case errors.As(c.err, &fault):
			answers["refused"]++
			refused[i] = true
		case errors.Is(c.err, repo.ErrUnknown), errors.Is(c.err, repo.ErrBusy), errors.Is(c.err,
			repo.ErrUnavailable), errors.Is(c.err, repo.ErrInProgress):
			answers["retried"]++
		default:
			t.Errorf("%s: %v", c.req.ID, c.err)
		}
	}
	b := workflow.NewBoard("s")
	for seq := int64(0); ; seq++ {
		for i := range refused {
			if c := h.calls[i]; c.from <= seq && seq <= c.to && refuses(b, c) {
				delete(refused, i)
			}
		}
		if seq == last {
			break
		}
		c := commits[seq+1]
		know(b, h.commands[c.ID])
		again, fault := workflow.Decide(b,
			workflow.Envelope{
				ID: c.ID, By: c.By, At: c.At, Fingerprint: c.Fingerprint,
			}, h.commands[c.ID])
		if fault != nil {
			t.Fatalf("commit %d (%s) is refused on the commits before it: %v", c.Seq, c.ID, fault)
		}
		if got, want := encode(t, again), encode(t, c); !bytes.Equal(got, want) {
			t.Fatalf("commit %d was not decided on the commits before it:\n got %s\nwant %s", c.Seq,
				want, got)
		}
		if err := b.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	for i := range refused {
		c := h.calls[i]
		t.Errorf("%s: refused (%v) although nothing between commits %d and %d refuses it", c.req.ID,
			c.err, c.from, c.to)
	}
	t.Logf("%d commits, answers %v", last, answers)
}

func refuses(b *workflow.Board, c call) bool {
	know(b, c.req.Command)
	var want *workflow.Fault
	errors.As(c.err, &want)
	_, fault := workflow.Decide(b,
		workflow.Envelope{
			ID: c.req.ID, By: c.req.By, At: b.At.Add(time.Second), Fingerprint: c.req.Fingerprint,
		}, c.req.Command)
	return fault != nil && fault.Code == want.Code
}

// know tells a board that was built from the beginning that what it does not hold does not exist.
func know(b *workflow.Board, cmd workflow.Command) {
	for refs := b.Needs(cmd); len(refs) > 0; refs = b.Needs(cmd) {
		b.MarkAbsent(refs...)
	}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	text, err := workflow.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestHistories: clients on two engines over one store that loses answers, writes late and breaks.
// Nothing acknowledged is lost, nothing runs twice, every commit was decided on exactly the commits
// before it, and every refusal was right.
func TestHistories(t *testing.T) {
	seeds := uint64(1)
	if slow.Wanted() {
		seeds = 4
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("sqlite/", seed), func(t *testing.T) {
			s := repotest.SQLite(t)
			live(t, seed, s, s)
		})
		t.Run(fmt.Sprint("mongodb/", seed), func(t *testing.T) {
			uri := mongotest.Standalone(t)
			name := fmt.Sprintf("repo_%d_%d", time.Now().UnixNano(), seed)
			live(t, seed, repotest.MongoDB(t, uri, name), repotest.MongoDB(t, uri, name))
		})
	}
}

// live has clients of an engine on each store work at one site, and checks what they saw.
func live(t *testing.T, seed uint64, stores ...repo.Store) {
	t.Helper()
	h := &history{
		start:    time.Now(),
		commands: map[string]workflow.Command{"create-s": repotest.NewSite("s")},
	}
	found(t, repotest.Engine(t, repo.Config{Store: stores[0]}), "s")
	var wg sync.WaitGroup
	for i, s := range stores {
		d := repotest.Engine(t, repo.Config{
			Store: unreliable(s, 2*seed+uint64(i)), Deadline: 200 * time.Millisecond,
			AppendTimeout: 100 * time.Millisecond,
		})
		for c := range 5 {
			r := rand.New(rand.NewPCG(seed, uint64(100+10*i+c)))
			wg.Go(func() { h.client(t.Context(), t, d, s, r, 40) })
		}
	}
	wg.Wait()
	h.check(t, stores[0])
}
