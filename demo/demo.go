// Package demo plays a busy morning of a sales office through the API of a running service and
// tells every decision with its article.
package demo

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/scenario"
	"github.com/lunpai/lunpai/workflow"
)

const (
	site = "riverside"
	zone = "Asia/Shanghai"
)

// Config says where a morning is played and how it is told.
type Config struct {
	// Client reaches a service with a manual clock and no site named riverside.
	Client *scenario.Client
	// Admin is the token of an administrator's key of that service.
	Admin string
	Lang  explain.Lang
	// Nine is when the morning begins: nine o'clock at the site (LastSaturday).
	Nine time.Time
	// Pause is the time between two events, for somebody who reads along; 0: none.
	Pause time.Duration
	Out   io.Writer
}

// Morning is a morning at the office.
type Morning struct {
	Config
	keys   map[workflow.Role]string    // the token of one key of each role
	own    map[workflow.StaffID]string // tokens of those who do something at the desk
	names  map[string]string           // id → what people call it
	events int
	visits int
	facts  int
}

// New is a morning that has not begun.
func New(c Config) *Morning {
	return &Morning{
		Config: c,
		keys:   map[workflow.Role]string{workflow.RoleAdministrator: c.Admin},
		names:  map[string]string{},
	}
}

// LastSaturday is nine o'clock at the site on the last Saturday before today.
func LastSaturday(now time.Time) (time.Time, error) {
	z, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("zone: %w", err)
	}
	now = now.In(z)
	back := (int(now.Weekday()) + 1) % 7
	if back == 0 {
		back = 7
	}
	d := now.AddDate(0, 0, -back)
	return time.Date(d.Year(), d.Month(), d.Day(), 9, 0, 0, 0, z), nil
}

// Noon is when the morning is over.
func (m *Morning) Noon() time.Time { return m.Nine.Add(length * time.Minute) }

// length is how many minutes are played.
const length = 180

// Play founds the office and plays the morning, minute by minute.
func (m *Morning) Play(ctx context.Context) error {
	if err := m.found(ctx); err != nil {
		return err
	}
	fmt.Fprintln(m.Out, m.say(
		"A Saturday morning at the Riverside sales office: Li, Wang, Zhao and Sun take turns; "+
			"policy 1.",
		"滨江售楼处的一个周六上午：李、王、赵、孙四位轮排，执行制度一。"))
	if m.Pause > 0 {
		fmt.Fprintf(m.Out, m.say(
			"About 100 events, one every %g s; --fast plays them all at once. Ctrl-C ends it.\n",
			"约 100 件事，每 %g 秒一件；加 --fast 一次演完。按 Ctrl-C 结束。\n"), m.Pause.Seconds())
	}
	f := &floor{Morning: m, records: map[string]string{}}
	for minute := 0; minute <= length; minute++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f.minute(ctx, minute); err != nil {
			return err
		}
	}
	if err := f.finish(ctx); err != nil {
		return err
	}
	fmt.Fprintf(m.Out, m.say("\n%d visits, %d decisions.\n", "\n共 %d 批来访，%d 项裁定。\n"), m.visits,
		m.facts)
	return m.noon(ctx)
}

func (m *Morning) say(en, zh string) string {
	if m.Lang == explain.Zh {
		return zh
	}
	return en
}

// quietFacts are too many to be told.
var quietFacts = map[workflow.FactKind]bool{
	workflow.FactReminded:        true,
	workflow.FactVisitServed:     true,
	workflow.FactVisitIdentified: true,
	workflow.FactVisitArrived:    true,
	workflow.FactDayOpened:       true,
}

// decided is what the service answers to a command.
type decided struct {
	Facts []workflow.Fact `json:"facts"`
	Visit workflow.Visit  `json:"visit"`
}

// event tells what happens, after a pause in which the reader takes in what happened before.
func (m *Morning) event(ctx context.Context, at time.Time, what string) error {
	if m.events++; m.events > 1 {
		t := time.NewTimer(m.Pause)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
	_, err := fmt.Fprintf(m.Out, "%s  %s\n", at.Format("15:04"), what)
	return err
}

// command sends a command of the site and tells what was decided. what is told of the visit
// before that; empty: nothing.
func (m *Morning) command(
	ctx context.Context, at time.Time, role workflow.Role, path, what string, body any,
) (*decided, error) {
	var a decided
	if err := m.post(ctx, at, role, path, body, &a); err != nil {
		return nil, err
	}
	if a.Visit.ID != "" && m.names[a.Visit.ID] == "" {
		m.visits++
		m.names[a.Visit.ID] = fmt.Sprintf("V%02d", m.visits)
	}
	if k := string(a.Visit.Customer); k != "" && m.names[k] == "" {
		m.names[k] = "K" + m.names[a.Visit.ID][1:]
	}
	if what != "" {
		if err := m.event(ctx, at, m.names[a.Visit.ID]+" "+what); err != nil {
			return nil, err
		}
	}
	for _, f := range a.Facts {
		if !quietFacts[f.Kind] {
			fmt.Fprintf(m.Out, "         %s\n", explain.Fact(m.Lang, f, m.name))
			m.facts++
		}
	}
	return &a, nil
}

// post sends a request below the site with the key of a role.
func (m *Morning) post(
	ctx context.Context, at time.Time, role workflow.Role, path string, body, into any,
) error {
	return m.Client.Call(ctx, at, m.keys[role], "POST", "/v1/sites/"+site+path, body, into)
}
