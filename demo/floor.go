package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/scenario"
	"github.com/lunpai/lunpai/workflow"
)

// floor is the sales floor: who waits, and who is being received until when.
type floor struct {
	*Morning
	waiting []reception // visits that found nobody free
	running []reception
	known   []string        // phones of customers registered this morning
	inLine  map[string]bool // consultants who came back into the line by the last registration
	sent    int             // the minute at which Zhao was sent away; 0: not yet
	left    int             // the minute at which Li left; 0: not yet
	// records are the visits, tickets and faults that the desk is about: what they are called → id.
	records map[string]string
	roofBy  workflow.StaffID // who receives the owner with the leaking roof
	roofAt  int              // the minute at which he takes the matter down; 0: not yet
}

type reception struct {
	visit string
	until int            // minute
	body  map[string]any // what is registered at the end
	end   string         // what is told of the end
}

// About one group arrives every four and a half minutes, the last one at minute 171. A reception
// takes 11 to 19 minutes.
const (
	round    = 9 // minutes with two groups
	last     = 171
	shortest = 11
)

// minute plays everything that belongs to a minute: receptions end, waiting visitors are
// received, new ones arrive.
func (f *floor) minute(ctx context.Context, m int) error {
	at := f.Nine.Add(time.Duration(m) * time.Minute)
	if err := f.end(ctx, m, at); err != nil {
		return err
	}
	if err := f.absences(ctx, m, at); err != nil {
		return err
	}
	for len(f.waiting) > 0 {
		w := f.waiting[0]
		ok, err := f.receive(ctx, m, at, "/visits/"+w.visit+"/assign",
			f.say("waited and is received", "等候后获接待"), map[string]any{}, w)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		f.waiting = f.waiting[1:]
	}
	if m <= last && (m%round == 1 || m%round == 5) {
		if err := f.arrive(ctx, m, at); err != nil {
			return err
		}
	}
	return f.desk(ctx, m, at)
}

// arrive brings the next group to the door.
func (f *floor) arrive(ctx context.Context, m int, at time.Time) error {
	n := f.visits + 1
	what, id, phone := f.visitor(n)
	r := reception{body: form(phone), end: f.say("is over and registered", "接待结束并登记")}
	switch n {
	case headOffice:
		r.body["topic"] = "other"
	case leakingRoof:
		r.body["topic"] = "other"
		r.end = f.say("is over: it was about the roof", "接待结束：说的是屋顶漏水")
	case asksForFlats:
		r.end = f.say("is over and registered: they asked about flats after all",
			"接待结束并登记：后来还是问了房")
	}
	body := map[string]any{"identify": id, "assign": true}
	ok, err := f.receive(ctx, m, at, "/visits", what, body, r)
	if err == nil && ok && n == misclick {
		return f.withdraw(ctx, at)
	}
	if err != nil || ok {
		return err
	}
	what += f.say("; nobody is free, it waits", "；无人空闲，等候")
	a, err := f.command(ctx, at, workflow.RoleFrontDesk, "/visits", what,
		map[string]any{"identify": id})
	if err != nil {
		return err
	}
	r.visit = a.Visit.ID
	f.waiting = append(f.waiting, r)
	return nil
}

// The groups, as they come, that do what the others do not.
const (
	asksForFlats = 9  // comes to ask the way, and asks about flats
	misclick     = 16 // is assigned by a click too many, and waits for the next minute
	headOffice   = 24 // company people, who are no customers
	leakingRoof  = 30 // an owner with a matter for the service desk
)

// withdraw takes back the assignment that was made last: the visit waits again.
func (f *floor) withdraw(ctx context.Context, at time.Time) error {
	last := len(f.running) - 1
	r := f.running[last]
	_, err := f.command(ctx, at, workflow.RoleFrontDesk, "/visits/"+r.visit+"/withdraw",
		f.say("was assigned by a click too many; that is withdrawn", "点错了，撤回安排"),
		map[string]any{})
	if err != nil {
		return err
	}
	f.running, f.waiting = f.running[:last], append(f.waiting, r)
	return nil
}

// visitor is who comes as the nth group: what is told, how the front desk identifies it, and the
// phone that is registered at the end; empty: none.
func (f *floor) visitor(n int) (what string, id map[string]any, phone string) {
	id = map[string]any{"kind": "new", "party": 1 + n%4}
	switch n {
	case 3, 21:
		return f.say("an old customer comes back", "老客户再访"), returning("13800000001"), ""
	case 6:
		id["named"] = "sun"
		return f.say("a new group asks for Sun", "新客户指名找孙"), id, newPhone(n)
	case asksForFlats:
		return f.say("somebody asks the way", "有人来问路"), kind("unrelated"), ""
	case leakingRoof:
		return f.say("an owner comes about a leaking roof", "业主来说屋顶漏水"), kind("unrelated"), ""
	case 12:
		return f.say("people of the trade look around", "同行来踩盘"), kind("peer"), ""
	case 15:
		return f.say("a customer who has paid a deposit comes back",
			"已下定的老客户再访"), returning("13800000002"), ""
	case 18, 33:
		return f.say("a group does not say why it came", "来访目的不明"), kind("unstated"), newPhone(n)
	case headOffice:
		return f.say("somebody from head office", "总部同事来访"), kind("company_staff"), ""
	case 27, 36:
		if len(f.known) > 0 {
			return f.say("a customer of this morning is back",
				"上午来过的客户又来了"), returning(f.known[0]), ""
		}
	}
	return f.say("a new group", "新客户"), id, newPhone(n)
}

func kind(k string) map[string]any { return map[string]any{"kind": k} }

func returning(phone string) map[string]any {
	return map[string]any{"kind": "returning", "person": map[string]any{"phone": phone}}
}

func newPhone(n int) string { return fmt.Sprintf("139%08d", n) }

// form is what is registered when the reception is over.
func form(phone string) map[string]any {
	b := map[string]any{
		"serve": true, "topic": "sales",
		"form": map[string]any{"channel": "walk_in", "layout": "3br", "intent": "b"},
	}
	if phone != "" {
		b["person"] = map[string]any{"phone": phone, "notice": true}
	}
	return b
}

// receive asks for a reception; false when nobody is free. r says how it ends.
func (f *floor) receive(
	ctx context.Context, m int, at time.Time, path, what string, body map[string]any, r reception,
) (bool, error) {
	a, err := f.command(ctx, at, workflow.RoleFrontDesk, path, what, body)
	var p *scenario.Problem
	if errors.As(err, &p) && p.Code == "nobody_free" {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r.visit, r.until = a.Visit.ID, m+shortest+(7*f.visits)%9
	if f.names[r.visit] == roofVisit {
		f.records[roofVisit], f.roofBy, f.roofAt = r.visit, a.Visit.Server, m+2
	}
	f.running = append(f.running, r)
	return true, nil
}

// end registers the receptions that are over.
func (f *floor) end(ctx context.Context, m int, at time.Time) error {
	left := f.running[:0]
	for _, r := range f.running {
		if r.until > m {
			left = append(left, r)
			continue
		}
		a, err := f.command(ctx, at, workflow.RoleFrontDesk, "/visits/"+r.visit+"/register",
			r.end, r.body)
		if err != nil {
			return err
		}
		f.inLine = map[string]bool{}
		for _, fact := range a.Facts {
			if fact.Kind == workflow.FactRejoined {
				f.inLine[fact.Subject] = true
			}
		}
		if p, ok := r.body["person"].(map[string]any); ok {
			f.known = append(f.known, p["phone"].(string))
		}
	}
	f.running = left
	return nil
}

// absences sends two consultants away as soon as they are in the line. The company sends Zhao to
// the bank after ten: he misses his turn, and it is made up. Later Li leaves on her own account,
// and what she misses is lost.
func (f *floor) absences(ctx context.Context, m int, at time.Time) error {
	switch {
	case f.sent == 0 && m >= 60 && f.inLine["zhao"]:
		f.sent = m
		return f.move(ctx, at, "zhao", "leave",
			map[string]any{"reason": "company_duty", "ordered_by": "chen"},
			"Zhao is sent to the bank by the company", "公司派赵去银行")
	case f.sent > 0 && m == f.sent+35:
		err := f.move(ctx, at, "zhao", "return", map[string]any{}, "Zhao is back", "赵回来了")
		if err != nil {
			return err
		}
		return f.makeUp(ctx, at)
	case f.left == 0 && f.sent > 0 && m >= f.sent+40 && f.inLine["li"]:
		f.left = m
		return f.move(ctx, at, "li", "leave", map[string]any{"reason": "personal"},
			"Li leaves for a private matter", "李因私外出")
	case f.left > 0 && m == f.left+15:
		return f.move(ctx, at, "li", "return", map[string]any{}, "Li is back", "李回来了")
	}
	return nil
}

// makeUp gives Zhao the turn that he missed. If it never came there is nothing to make up.
func (f *floor) makeUp(ctx context.Context, at time.Time) error {
	_, err := f.command(ctx, at, workflow.RoleSupervisor, "/rota/make-ups", "",
		map[string]any{"unit": "zhao", "position": 1, "reason": "sent_to_the_bank"})
	if p := (*scenario.Problem)(nil); errors.As(err, &p) {
		return nil
	}
	return err
}

// move sends a consultant away or lets him come back.
func (f *floor) move(
	ctx context.Context, at time.Time, who, how string, body map[string]any, en, zh string,
) error {
	if err := f.event(ctx, at, f.say(en, zh)); err != nil {
		return err
	}
	_, err := f.command(ctx, at, workflow.RoleFrontDesk, "/staff/"+who+"/"+how, "", body)
	return err
}

// finish ends the receptions that still run at noon.
func (f *floor) finish(ctx context.Context) error {
	for m := length + 1; len(f.running) > 0; m++ {
		if err := f.end(ctx, m, f.Noon()); err != nil {
			return err
		}
	}
	return nil
}
