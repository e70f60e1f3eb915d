package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/lunpai/lunpai/api"
	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/scenario"
	"github.com/lunpai/lunpai/workflow"
)

// demoCmd plays a morning and keeps serving.
type demoCmd struct {
	Lang   string `help:"zh or en; default from the environment." enum:"zh,en,auto" default:"auto"`
	Listen string `help:"Address to listen on; port 0 takes a free one." default:"127.0.0.1:8080"`
	Once   bool   `help:"Stop after the morning."`
}

// Help is printed below the flags.
func (demoCmd) Help() string {
	return `Starts a service on a temporary SQLite store with a clock of its own, which stands on last Saturday 09:00, and plays
a morning with four consultants under policy 1 through the public API: every decision is printed with its article. From
noon the clock runs on, and the service can be tried with the printed key.

Examples:
  lunpai demo
  lunpai demo --lang zh --listen 127.0.0.1:9000`
}

const demoSite = "riverside"

// Run plays and serves until the context ends.
func (c *demoCmd) Run(w *world) error {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return fmt.Errorf("zone: %w", err)
	}
	nine := lastSaturday(time.Now().In(zone))
	t, err := startTemporary(w, api.NewManualClock(nine, time.Now), c.Listen)
	if err != nil {
		return err
	}
	d := &demo{
		out: w.stdout, lang: language(c.Lang, w.env), nine: nine, names: map[string]string{},
		client: &scenario.Client{Base: t.base, Manual: true}, admin: t.admin,
	}
	d.client.Lang = d.lang.Tag()
	if err := d.play(w.ctx); err != nil {
		return errors.Join(err, t.stop())
	}
	t.clock.Set(nine.Add(3 * time.Hour))
	t.clock.Run()
	d.next(t.base)
	if c.Once {
		return t.stop()
	}
	return t.wait()
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
	admin  string
	nine   time.Time
	token  string            // front desk
	boss   string            // supervisor
	names  map[string]string // id → how it is called here
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

// found creates the site, its people and the keys the morning needs.
func (d *demo) found(ctx context.Context) error {
	var a struct {
		Keys []struct {
			Role  workflow.Role `json:"role"`
			Token string        `json:"token"`
		} `json:"keys"`
	}
	staff := []any{}
	for _, s := range []string{"li", "wang", "zhao", "sun"} {
		staff = append(staff, map[string]any{"id": s, "role": "consultant"})
	}
	staff = append(staff, map[string]any{"id": "chen", "role": "supervisor"}, map[string]any{"id": "qian", "role": "manager"})
	err := d.client.Call(ctx, d.nine, d.admin, "POST", "/v1/sites", map[string]any{
		"id": demoSite, "policy": "p1", "zone": "Asia/Shanghai", "staff": staff, "hours": []any{map[string]any{"from": "09:00", "to": "18:00"}},
	}, &a)
	if err != nil {
		return err
	}
	var k struct {
		Key struct{ Token string } `json:"key"`
	}
	manager := ""
	for _, key := range a.Keys {
		if key.Role == workflow.RoleFrontDesk {
			d.token = key.Token
		} else {
			manager = key.Token
		}
	}
	if err := d.client.Call(ctx, d.nine, manager, "POST", "/v1/sites/"+demoSite+"/keys", map[string]any{"role": "supervisor", "staff": "chen"}, &k); err != nil {
		return err
	}
	d.boss = k.Key.Token
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
	zh := map[string]string{"li": "李", "wang": "王", "zhao": "赵", "sun": "孙", "chen": "陈主管", "qian": "钱经理"}
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
		fmt.Fprintf(d.out, "%s  %s %s\n", at.Format("15:04"), d.names[a.Visit.ID], what)
	}
	for _, f := range a.Facts {
		if !quietFacts[f.Kind] {
			fmt.Fprintf(d.out, "         %s\n", explain.Fact(d.lang, f, d.name))
			d.facts++
		}
	}
	return &a, nil
}

// next tells what to try.
func (d *demo) next(base string) {
	site := base + "/v1/sites/" + demoSite
	fmt.Fprintf(d.out, d.say("\n%d visits, %d decisions. The service goes on at %s (API page: %s/docs)\n",
		"\n共 %d 批来访，%d 项裁定。服务继续运行于 %s（接口页面：%s/docs）\n"), d.visits, d.facts, base, base)
	fmt.Fprintf(d.out, "\nKEY=%s\n", d.token)
	fmt.Fprintln(d.out, d.say("\n# a new group walks in and is received at once", "\n# 来了一批新客户，立即接待"))
	fmt.Fprintf(d.out, "curl -s -H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json' -H \"Idempotency-Key: $(date +%%s%%N)\" -d '{\"identify\":{\"kind\":\"new\"},\"assign\":true}' %s/visits\n", site)
	fmt.Fprintln(d.out, d.say("\n# whose turn it is", "\n# 现在轮到谁"))
	fmt.Fprintf(d.out, "curl -s -H \"Authorization: Bearer $KEY\" %s/rota\n", site)
}
