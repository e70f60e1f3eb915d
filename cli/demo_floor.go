package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/scenario"
	"github.com/lunpai/lunpai/workflow"
)

// floor is the sales floor of the demo: who waits, and who is being received until when.
type floor struct {
	*demo
	waiting []string // visits that found nobody free
	running []reception
	known   []string // phones of customers registered this morning
	inLine  map[string]bool
	sent    int // the minute at which Zhao was sent away; 0: not yet
	left    int // the minute at which Li left; 0: not yet
}

type reception struct {
	visit string
	until int
	body  map[string]any // what is registered at the end
}

// arrivals of the morning: about one group every four and a half minutes.
const (
	every    = 9 // two groups in nine minutes
	busiest  = 171
	shortest = 11
)

// minute lets everything happen that belongs to a minute: receptions end, waiting visitors are received, new ones arrive.
func (f *floor) minute(ctx context.Context, m int) error {
	at := f.nine.Add(time.Duration(m) * time.Minute)
	if err := f.end(ctx, m, at); err != nil {
		return err
	}
	if err := f.absences(ctx, m, at); err != nil {
		return err
	}
	for len(f.waiting) > 0 {
		visit := f.waiting[0]
		ok, err := f.receive(ctx, m, at, "/visits/"+visit+"/assign", f.say("waited and is received", "等候后获接待"), map[string]any{}, f.form(m, ""))
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		f.waiting = f.waiting[1:]
	}
	if m > busiest || (m%every != 1 && m%every != 5) {
		return nil
	}
	return f.arrive(ctx, m, at)
}

// arrive brings the next group to the door.
func (f *floor) arrive(ctx context.Context, m int, at time.Time) error {
	what, id, phone := f.visitor(f.visits + 1)
	ok, err := f.receive(ctx, m, at, "/visits", what, map[string]any{"identify": id, "assign": true}, f.form(m, phone))
	if err != nil || ok {
		return err
	}
	a, err := f.command(ctx, at, f.keys[workflow.RoleFrontDesk], "/visits", what+f.say("; nobody is free, it waits", "；无人空闲，等候"), map[string]any{"identify": id})
	if err != nil {
		return err
	}
	f.waiting = append(f.waiting, a.Visit.ID)
	return nil
}

// visitor is who comes as the nth group.
func (f *floor) visitor(n int) (what string, id map[string]any, phone string) {
	id = map[string]any{"kind": "new", "party": 1 + n%4}
	switch n {
	case 3, 21:
		id = map[string]any{"kind": "returning", "person": map[string]any{"phone": "13800000001"}}
		return f.say("an old customer comes back", "老客户再访"), id, ""
	case 6:
		id["named"] = "sun"
		return f.say("a new group asks for Sun", "新客户指名找孙"), id, f.newPhone(n)
	case 9, 30:
		return f.say("somebody asks the way", "有人来问路"), map[string]any{"kind": "unrelated"}, ""
	case 12:
		return f.say("people of the trade look around", "同行来踩盘"), map[string]any{"kind": "peer"}, ""
	case 15:
		id = map[string]any{"kind": "returning", "person": map[string]any{"phone": "13800000002"}}
		return f.say("a customer who has paid a deposit comes back", "已下定的老客户再访"), id, ""
	case 18, 33:
		return f.say("a group does not say why it came", "来访目的不明"), map[string]any{"kind": "unstated"}, f.newPhone(n)
	case 24:
		return f.say("somebody from head office", "总部同事来访"), map[string]any{"kind": "company_staff"}, ""
	case 27, 36:
		if len(f.known) > 0 {
			id = map[string]any{"kind": "returning", "person": map[string]any{"phone": f.known[0]}}
			return f.say("a customer of this morning is back", "上午来过的客户又来了"), id, ""
		}
	}
	return f.say("a new group", "新客户"), id, f.newPhone(n)
}

func (f *floor) newPhone(n int) string { return fmt.Sprintf("139%08d", n) }

// form is what is registered when the reception is over.
func (f *floor) form(_ int, phone string) map[string]any {
	b := map[string]any{"serve": true, "topic": "sales", "form": map[string]any{"channel": "walk_in", "layout": "3br", "intent": "b"}}
	if phone != "" {
		b["person"] = map[string]any{"phone": phone, "notice": true}
	}
	return b
}

// receive asks for a reception; false when nobody is free.
func (f *floor) receive(ctx context.Context, m int, at time.Time, path, what string, body, form map[string]any) (bool, error) {
	a, err := f.command(ctx, at, f.keys[workflow.RoleFrontDesk], path, what, body)
	var p *scenario.Problem
	if errors.As(err, &p) && p.Code == "nobody_free" {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	f.running = append(f.running, reception{a.Visit.ID, m + shortest + (7*f.visits)%9, form})
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
		a, err := f.command(ctx, at, f.keys[workflow.RoleFrontDesk], "/visits/"+r.visit+"/register", f.say("is over and registered", "接待结束并登记"), r.body)
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

// absences: as soon as Zhao is back in the line after ten he is sent to the bank by the company, misses his turn and gets it
// made up; Li is away on her own account later, and what she misses is lost.
func (f *floor) absences(ctx context.Context, m int, at time.Time) error {
	switch {
	case f.sent == 0 && m >= 60 && f.inLine["zhao"]:
		f.sent = m
		return f.move(ctx, at, "zhao", "leave", map[string]any{"reason": "company_duty", "ordered_by": "chen"},
			"Zhao is sent to the bank by the company", "公司派赵去银行")
	case f.sent > 0 && m == f.sent+35:
		if err := f.move(ctx, at, "zhao", "return", map[string]any{}, "Zhao is back", "赵回来了"); err != nil {
			return err
		}
		_, err := f.command(ctx, at, f.keys[workflow.RoleSupervisor], "/rota/make-ups", "", map[string]any{"unit": "zhao", "position": 1, "reason": "sent_to_the_bank"})
		var p *scenario.Problem
		if errors.As(err, &p) { // his turn never came, so there is nothing to make up
			return nil
		}
		return err
	case f.left == 0 && f.sent > 0 && m >= f.sent+40 && f.inLine["li"]:
		f.left = m
		return f.move(ctx, at, "li", "leave", map[string]any{"reason": "personal"}, "Li leaves for a private matter", "李因私外出")
	case f.left > 0 && m == f.left+15:
		return f.move(ctx, at, "li", "return", map[string]any{}, "Li is back", "李回来了")
	}
	return nil
}

// move sends a consultant away or lets him come back.
func (f *floor) move(ctx context.Context, at time.Time, who, how string, body map[string]any, en, zh string) error {
	if err := f.event(ctx, at, f.say(en, zh)); err != nil {
		return err
	}
	_, err := f.command(ctx, at, f.keys[workflow.RoleFrontDesk], "/staff/"+who+"/"+how, "", body)
	return err
}

// finish ends the receptions that run at noon.
func (f *floor) finish(ctx context.Context) error {
	for m := 181; len(f.running) > 0; m++ {
		at := f.nine.Add(180 * time.Minute)
		if err := f.end(ctx, m, at); err != nil {
			return err
		}
	}
	return nil
}
