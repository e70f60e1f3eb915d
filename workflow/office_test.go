package workflow_test

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Short names, so that the tests read like the rules.
type (
	board   = workflow.Board
	command = workflow.Command
	commit  = workflow.Commit
	fault   = workflow.Fault
	visit   = workflow.Visit
	rota    = workflow.Rota
	ref     = workflow.Ref
)

// office plays commands against the core the way a service does, and holds every decision against
// the promises of Decide. Each decision is taken on two boards: one that forgets whatever is not
// open after every command, and one that forgets nothing. Both must decide the same, byte for byte.
type office struct {
	lean, full *board
	all        map[ref]workflow.Record // the documents
	before     map[ref]workflow.Record // the documents before the last commit
	commits    []*commit
	now        time.Time
	ledger     ledger
	concurrent map[string]bool // visits that were ever assigned to somebody who was busy
	changed    bool            // a policy with a changed parameter was ever adopted
}

const site = workflow.SiteID("office")

func newOffice() *office {
	return &office{
		lean: workflow.NewBoard(site), full: workflow.NewBoard(site),
		now: time.Date(2024, 3, 4, 0, 50, 0, 0, time.UTC),
		all: map[ref]workflow.Record{}, before: map[ref]workflow.Record{},
		ledger: newLedger(), concurrent: map[string]bool{},
	}
}

func actor(role workflow.Role, who workflow.StaffID) workflow.Actor {
	return workflow.Actor{Key: "key", Role: role, Staff: who}
}

// load gives a board what the command needs, as a store would.
func (o *office) load(b *board, cmd command) {
	for refs := b.Needs(cmd); len(refs) > 0; refs = b.Needs(cmd) {
		for _, r := range refs {
			if rec, ok := o.all[r]; ok {
				b.Put(rec)
			} else {
				b.MarkAbsent(r)
			}
		}
	}
}

// do decides a command and folds the commit in; the error is the first promise that was broken.
func (o *office) do(s step) (*commit, *fault, error) {
	o.now = s.at
	c, f, err := o.decide(s)
	if err != nil || f != nil {
		return nil, f, err
	}
	return c, nil, o.fold(c)
}

// decide asks twice on the lean board and once on the full one; nothing may change by asking. A
// trial, which is never done, is asked only once on each.
func (o *office) decide(s step) (*commit, *fault, error) {
	env := workflow.Envelope{ID: fmt.Sprintf("command-%d", len(o.commits)+1), By: s.by, At: s.at}
	o.load(o.lean, s.cmd)
	o.load(o.full, s.cmd)
	if s.trial {
		c, f := workflow.Decide(o.lean, env, s.cmd)
		return c, f, o.fullAgrees(env, s.cmd, outcome(c, f))
	}
	asked, _ := workflow.Encode(s.cmd)
	held := workflow.Dump(o.lean)
	c, f := workflow.Decide(o.lean, env, s.cmd)
	first := outcome(c, f)
	again, f2 := workflow.Decide(o.lean, env, s.cmd)
	if now := workflow.Dump(o.lean); now != held {
		return nil, nil, fmt.Errorf("deciding changed the board:\n%s\nbecame\n%s", held, now)
	}
	if now, _ := workflow.Encode(s.cmd); !bytes.Equal(asked, now) {
		return nil, nil, fmt.Errorf("deciding changed the command: %s became %s", asked, now)
	}
	if second := outcome(again, f2); first != second {
		return nil, nil, fmt.Errorf("the same board decided twice and differently:\n%s\n%s", first,
			second)
	}
	return c, f, o.fullAgrees(env, s.cmd, first)
}

// fullAgrees: a board that holds more records decides the same.
func (o *office) fullAgrees(env workflow.Envelope, cmd command, want string) error {
	c, f := workflow.Decide(o.full, env, cmd)
	if got := outcome(c, f); got != want {
		return fmt.Errorf("a board that holds more records decided differently:\n%s\n%s", want, got)
	}
	return nil
}

func outcome(c *commit, f *fault) string {
	var v any = c
	if f != nil {
		v = f
	}
	text, err := workflow.Encode(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// fold applies a commit everywhere and checks that its images decode to what was decided.
func (o *office) fold(c *commit) error {
	live, err := c.Records()
	if err != nil {
		return err
	}
	for i, img := range c.Images {
		r, err := workflow.Decode(img)
		if err != nil {
			return err
		}
		doc, _ := workflow.Encode(r)
		was, _ := workflow.Encode(live[i])
		if !bytes.Equal(doc, img.Doc) || !bytes.Equal(was, img.Doc) || r.Ref() != img.Ref {
			return fmt.Errorf("image %v does not decode to the record decided: %s, %s, %s", img.Ref,
				img.Doc, doc, was)
		}
	}
	if err := o.lean.Apply(c); err != nil {
		return err
	}
	if err := o.full.Apply(c); err != nil {
		return err
	}
	clear(o.before)
	for _, r := range live {
		o.before[r.Ref()] = o.all[r.Ref()]
		o.all[r.Ref()] = r
		if s, ok := r.(*workflow.Site); ok {
			o.changed = o.changed || !presets(s)
		}
	}
	o.commits = append(o.commits, c)
	o.lean.Trim(0)
	if v, ok := o.all[c.Subject].(*visit); ok && v.Route == workflow.RouteConcurrent {
		o.concurrent[v.ID] = true
	}
	return o.check(c)
}

// visits are the visits on record that match.
func (o *office) visits(match func(*visit) bool) []*visit {
	var vs []*visit
	for _, r := range o.all {
		if v, ok := r.(*visit); ok && match(v) {
			vs = append(vs, v)
		}
	}
	return vs
}

// oldRota is the live rota as it was before the last commit, if that commit changed it.
func (o *office) oldRota() *rota {
	r, _ := o.before[workflow.LiveRotaRef(site)].(*rota)
	return r
}

func facts(c *commit, kind workflow.FactKind) []workflow.Fact {
	var fs []workflow.Fact
	for _, f := range c.Facts {
		if f.Kind == kind {
			fs = append(fs, f)
		}
	}
	return fs
}

func ids[T ~string](xs []T) string {
	ss := make([]string, len(xs))
	for i, x := range xs {
		ss[i] = string(x)
	}
	return strings.Join(ss, ", ")
}
