package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/lunpai/lunpai/api"
	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/scenario"
	"github.com/lunpai/lunpai/workflow"
)

// demoCmd plays a morning and keeps serving.
type demoCmd struct {
	Lang   string   `help:"zh or en; default from the environment." enum:"zh,en,auto" default:"auto"`
	Listen string   `help:"Address to listen on; port 0 takes a free one." default:"127.0.0.1:8080"`
	Once   bool     `help:"Stop after the morning."`
	Speed  *float64 `help:"Events a second; 0: as fast as it goes. Default: 1 on a terminal, otherwise 0." placeholder:"N"`
	Fast   bool     `help:"Do not wait between events, as with --speed 0."`
}

// Help is printed below the flags.
func (demoCmd) Help() string {
	return `Starts a service on a temporary SQLite store with a clock of its own, which stands on last Saturday 09:00, and plays
a morning with four consultants under policy 1 through the public API: every decision is printed with its article. From
noon the clock runs on, and the service can be tried with the printed keys and commands. Nothing is kept.

Examples:
  lunpai demo                   an event a second: a minute and a half
  lunpai demo --fast --once     the whole morning at once, then end
  lunpai demo --lang zh --listen 127.0.0.1:9000`
}

const demoSite = "riverside"

// Run plays and serves until the context ends.
func (c *demoCmd) Run(w *world) error {
	pause, err := c.pause(onTerminal(w.stdout))
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return fmt.Errorf("zone: %w", err)
	}
	nine := lastSaturday(w.now().In(zone))
	t, err := startTemporary(w, api.NewManualClock(nine, w.now), c.Listen)
	if err != nil {
		return err
	}
	d := &demo{
		out: w.stdout, lang: language(c.Lang, w.env), nine: nine, names: map[string]string{}, pause: pause,
		client: &scenario.Client{Base: t.base, Manual: true}, keys: map[workflow.Role]string{workflow.RoleAdministrator: t.admin},
	}
	d.client.Lang = d.lang.Tag()
	if err := d.play(w.ctx); err != nil {
		if w.ctx.Err() != nil {
			return t.stop() // somebody has seen enough
		}
		return errors.Join(err, t.stop())
	}
	fmt.Fprintf(w.stdout, d.say("\n%d visits, %d decisions.\n", "\n共 %d 批来访，%d 项裁定。\n"), d.visits, d.facts)
	if c.Once {
		return t.stop()
	}
	t.clock.Set(nine.Add(3 * time.Hour))
	t.clock.Run()
	d.invite(t.base)
	return t.wait()
}

// pause is how long an event stands before the next one: a second for people, nothing for programs.
func (c *demoCmd) pause(terminal bool) (time.Duration, error) {
	switch {
	case c.Fast && c.Speed != nil:
		return 0, errors.New("--fast and --speed are two answers to one question: leave one out")
	case c.Fast, c.Speed == nil && !terminal:
		return 0, nil
	case c.Speed == nil:
		return time.Second, nil
	case *c.Speed == 0:
		return 0, nil
	case *c.Speed >= 0.01 && *c.Speed <= 1000:
		return time.Duration(float64(time.Second) / *c.Speed), nil
	}
	return 0, fmt.Errorf("--speed %v: write 0 or a number from 0.01 to 1000, such as 2 for two events a second", *c.Speed)
}

// onTerminal reports whether a person reads along.
func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// lastSaturday is nine o'clock of the last Saturday before now.
func lastSaturday(now time.Time) time.Time {
	back := (int(now.Weekday()) + 1) % 7
	if back == 0 {
		back = 7
	}
	d := now.AddDate(0, 0, -back)
	return time.Date(d.Year(), d.Month(), d.Day(), 9, 0, 0, 0, now.Location())
}

// demo is a morning at the office.
type demo struct {
	out    io.Writer
	lang   explain.Lang
	client *scenario.Client
	nine   time.Time
	pause  time.Duration            // before an event
	keys   map[workflow.Role]string // the token of one key of each role
	names  map[string]string        // id → how it is called here
	events int
	visits int
	facts  int
}

// play founds the office and lets the morning happen, minute by minute.
func (d *demo) play(ctx context.Context) error {
	if err := d.found(ctx); err != nil {
		return err
	}
	fmt.Fprintln(d.out, d.say("A Saturday morning at the Riverside sales office: Li, Wang, Zhao and Sun take turns; policy 1.",
		"滨江售楼处的一个周六上午：李、王、赵、孙四位轮排，执行制度一。"))
	if d.pause > 0 {
		fmt.Fprintf(d.out, d.say("About 100 events, one every %g s; --fast plays them all at once. Ctrl-C ends it.\n",
			"约 100 件事，每 %g 秒一件；加 --fast 一次演完。按 Ctrl-C 结束。\n"), d.pause.Seconds())
	}
	floor := &floor{demo: d}
	for minute := 0; minute <= 180; minute++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := floor.minute(ctx, minute); err != nil {
			return err
		}
	}
	return floor.finish(ctx)
}

func (d *demo) say(en, zh string) string {
	if d.lang == explain.Zh {
		return zh
	}
	return en
}

// found creates the site, its people, a key of every role, and two old customers.
func (d *demo) found(ctx context.Context) error {
	var a struct {
		Keys []struct {
			Role  workflow.Role `json:"role"`
			Token string        `json:"token"`
		} `json:"keys"`
	}
	staff := []any{}
	for _, s := range []string{"li", "wang", "zhao", "sun"} {
		staff = append(staff, map[string]any{"id": s, "role": workflow.RoleConsultant})
	}
	for _, r := range demoRoles {
		if r.staff != "" && r.role != workflow.RoleConsultant {
			staff = append(staff, map[string]any{"id": r.staff, "role": r.role})
		}
	}
	err := d.client.Call(ctx, d.nine, d.keys[workflow.RoleAdministrator], "POST", "/v1/sites", map[string]any{
		"id": demoSite, "policy": "p1", "zone": "Asia/Shanghai", "staff": staff, "hours": []any{map[string]any{"from": "09:00", "to": "18:00"}},
	}, &a)
	if err != nil {
		return err
	}
	for _, key := range a.Keys {
		d.keys[key.Role] = key.Token
	}
	manager := d.keys[workflow.RoleManager]
	for _, r := range demoRoles {
		if d.keys[r.role] != "" {
			continue
		}
		var k struct {
			Key struct{ Token string } `json:"key"`
		}
		body := map[string]any{"role": r.role}
		if r.staff != "" {
			body["staff"] = r.staff
		}
		if err := d.client.Call(ctx, d.nine, manager, "POST", "/v1/sites/"+demoSite+"/keys", body, &k); err != nil {
			return err
		}
		d.keys[r.role] = k.Key.Token
	}
	return d.oldCustomers(ctx, manager)
}

// oldCustomers takes over two customers from before, who will come back this morning.
func (d *demo) oldCustomers(ctx context.Context, manager string) error {
	for _, old := range []struct{ phone, owner, status string }{{"13800000001", "wang", "registered"}, {"13800000002", "zhao", "deposit"}} {
		var c struct{ Customer workflow.Customer }
		if err := d.client.Call(ctx, d.nine, manager, "POST", "/v1/sites/"+demoSite+"/customers", map[string]any{
			"person": map[string]any{"phone": old.phone}, "owner": old.owner, "status": old.status, "last_contact_at": d.nine.AddDate(0, 0, -9).UTC(),
		}, &c); err != nil {
			return err
		}
		d.names[c.Customer.ID] = d.say("a customer of "+d.name(old.owner), d.name(old.owner)+"的老客户")
	}
	return nil
}

// name is how an id is called on the sales floor.
func (d *demo) name(id string) string {
	zh := map[string]string{"li": "李", "wang": "王", "zhao": "赵", "sun": "孙", "zhou": "周", "chen": "陈主管", "qian": "钱经理"}
	if n, ok := d.names[id]; ok {
		return n
	}
	if n, ok := zh[id]; ok {
		if d.lang == explain.Zh {
			return n
		}
		return strings.ToUpper(id[:1]) + id[1:]
	}
	return id
}

// quietFacts are too many to be told in a demo.
var quietFacts = map[workflow.FactKind]bool{
	workflow.FactReminded: true, workflow.FactVisitServed: true, workflow.FactVisitIdentified: true, workflow.FactVisitArrived: true,
	workflow.FactDayOpened: true,
}

// decided is what the service answers to a command.
type decided struct {
	Facts []workflow.Fact `json:"facts"`
	Visit workflow.Visit  `json:"visit"`
}

// event tells what happens, after a pause in which the reader takes in what happened before.
func (d *demo) event(ctx context.Context, at time.Time, what string) error {
	if d.events++; d.events > 1 {
		t := time.NewTimer(d.pause)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
	_, err := fmt.Fprintf(d.out, "%s  %s\n", at.Format("15:04"), what)
	return err
}

// command sends one command and tells what was decided.
func (d *demo) command(ctx context.Context, at time.Time, token, path, what string, body any) (*decided, error) {
	var a decided
	err := d.client.Call(ctx, at, token, "POST", "/v1/sites/"+demoSite+path, body, &a)
	if err != nil {
		return nil, err
	}
	if a.Visit.ID != "" && d.names[a.Visit.ID] == "" {
		d.visits++
		d.names[a.Visit.ID] = fmt.Sprintf("V%02d", d.visits)
	}
	if k := string(a.Visit.Customer); k != "" && d.names[k] == "" {
		d.names[k] = "K" + d.names[a.Visit.ID][1:]
	}
	if what != "" {
		if err := d.event(ctx, at, d.names[a.Visit.ID]+" "+what); err != nil {
			return nil, err
		}
	}
	for _, f := range a.Facts {
		if !quietFacts[f.Kind] {
			fmt.Fprintf(d.out, "         %s\n", explain.Fact(d.lang, f, d.name))
			d.facts++
		}
	}
	return &a, nil
}
