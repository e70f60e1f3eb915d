package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/scenario"
	"github.com/lunpai/lunpai/workflow"
)

// The people of the service desk: customer service, the head of technical service and business.
const (
	customerService = "lin"
	techHead        = "tao"
	business        = "gu"
)

// service is the desk that the office has from its first day. While the head of technical service
// is away, engineering is the shift leader's.
func (m *Morning) service() map[string]any {
	return map[string]any{
		"from": m.Nine.Format(time.DateOnly),
		"areas": []any{
			map[string]any{
				"code": "engineering", "leader": techHead, "deputy": "zhou",
				"department": workflow.TechService,
			},
			map[string]any{
				"code": "billing", "leader": customerService,
				"department": workflow.CustomerService,
			},
		},
	}
}

// colleagues work at the desk.
func colleagues() []any {
	return []any{
		map[string]any{
			"id": customerService, "role": workflow.RoleEmployee,
			"department": workflow.CustomerService,
		},
		map[string]any{
			"id": techHead, "role": workflow.RoleEmployee, "department": workflow.TechService,
			"hats": []any{workflow.TechHead},
		},
		map[string]any{
			"id": business, "role": workflow.RoleEmployee, "department": workflow.Business,
			"hats": []any{workflow.DivisionManager},
		},
	}
}

// building is one that was delivered a year ago: its customer is called today.
const building = "tower-2"

// prepareDesk makes a key for everybody who does something at the desk in his own name, and enters
// the building.
func (m *Morning) prepareDesk(ctx context.Context) error {
	m.own = map[workflow.StaffID]string{"li": m.keys[workflow.RoleConsultant]}
	m.own[customerService] = m.keys[workflow.RoleEmployee]
	for who, role := range map[workflow.StaffID]workflow.Role{
		"wang": workflow.RoleConsultant, "zhao": workflow.RoleConsultant,
		"sun": workflow.RoleConsultant, techHead: workflow.RoleEmployee,
		business: workflow.RoleEmployee,
	} {
		k, err := m.key(ctx, role, who)
		if err != nil {
			return err
		}
		m.own[who] = k
	}
	return m.Client.Call(ctx, m.Nine, m.own[customerService], "POST", "/v1/sites/"+site+"/projects",
		map[string]any{
			"project": building, "delivered_on": m.Nine.AddDate(-1, 0, 0).Format(time.DateOnly),
		}, nil)
}

// matter is something that happens at the desk: at a minute, by whom, told in which words. path and
// the texts of body name records as they are told: T01.
type matter struct {
	minute int
	who    workflow.StaffID
	en, zh string
	path   string
	body   map[string]any
	makes  string // what the new record is called; empty: it makes none
}

// atRoof stands for whoever receives the owner with the leaking roof.
const atRoof = "at the roof"

// matters are what happens at the desk in the morning, in order.
func (m *Morning) matters(roofAt int) []matter {
	note := func(en, zh string) map[string]any { return map[string]any{"note": m.say(en, zh)} }
	nothing := map[string]any{}
	return []matter{
		{
			12, "li", "An owner rings up about his bill; Li happens to answer",
			"业主来电说账单不对，正好李接到", "/tickets",
			map[string]any{
				"kind": "complaint", "channel": "phone", "area": "billing", "in_scope": false,
				"note": m.say("The water is on it twice", "水费收了两遍"),
			},
			"T01",
		},
		{
			30, techHead, "A lock is stuck; the head of technical service takes it on himself",
			"有户门锁卡住，技术服务部主管受理", "/tickets",
			map[string]any{
				"kind": "request", "area": "engineering", "in_scope": true,
				"note": m.say("Flat 2-0901", "2-0901 室"),
			},
			"T02",
		},
		{
			35, techHead, "The lock is mended first; the liaison slip is for later",
			"门锁当场修好，联络单后补", "/tickets/T02/resolve",
			map[string]any{"fix_first": true},
			"",
		},
		{
			36, techHead, "He tries to close the ticket without the slip", "没补单就想办结",
			"/tickets/T02/close", nothing, "",
		},
		{
			38, techHead, "The slip is there, and the ticket is closed", "补了联络单，办结",
			"/tickets/T02/slip", note("Slip 117", "联络单 117"), "",
		},
		{39, techHead, "", "", "/tickets/T02/close", map[string]any{"told": true}, ""},
		{
			65, customerService, "The pump of building 3 stands still: a major fault",
			"3 号楼水泵停了：重大故障", "/faults",
			map[string]any{
				"occurred_at": m.Nine.Add(time.Hour).UTC(), "place": m.say("Pump room", "泵房"),
				"symptoms": m.say("No water", "停水"), "plan": m.say("Tank", "水箱供水"),
			},
			"F01",
		},
		{
			68, business, "The division manager files the fault", "分管经理将故障备案",
			"/faults/F01/file", nothing, "",
		},
		{
			70, business, "He passes it on to the top management", "并转达公司高层",
			"/faults/F01/relay", nothing, "",
		},
		{
			81, "sun", "The owner with the bill rings up again; Sun answers", "账单不对的业主再次来电，孙接到",
			"/tickets/T01/call-again", nothing, "",
		},
		{
			100, business, "Plumbers are at the pump", "水工到场抢修水泵", "/faults/F01/track",
			note("Bearing is worn", "轴承磨损"), "",
		},
		{
			120, techHead, "The head of technical service goes for a new pump",
			"技术服务部主管去取新泵", "/staff/" + techHead + "/leave",
			map[string]any{"reason": "company_duty", "ordered_by": "qian"},
			"",
		},
		{
			roofAt, atRoof, "V30 is a ticket now: the consultant who receives it was asked first",
			"V30 记为事项：接待的销售人员就是首问责任人", "/tickets",
			map[string]any{
				"kind": "request", "area": "engineering", "in_scope": false, "visit": roofVisit,
				"note": m.say("It drips into the bedroom", "漏到卧室"),
			},
			"T03",
		},
		{
			roofAt + 1, atRoof,
			"It is not a consultant's to mend, and the head is away: it goes to his deputy",
			"修屋顶不归销售人员管，主管领导不在，移交分管的其他同志",
			"/tickets/T03/handover", nothing, "",
		},
	}
}

// desk tells what happens at the desk in a minute. It goes on beside reception, and nobody waits
// for it.
func (f *floor) desk(ctx context.Context, minute int, at time.Time) error {
	for _, k := range f.matters(f.roofAt) {
		if k.minute != minute || k.who == atRoof && f.roofAt == 0 {
			continue
		}
		if err := f.see(ctx, at, k); err != nil {
			return err
		}
	}
	return nil
}

// see does one thing at the desk and tells it: the facts, or why it is refused.
func (f *floor) see(ctx context.Context, at time.Time, k matter) error {
	if k.who == atRoof {
		k.who = f.roofBy
	}
	path := k.path
	body := maps.Clone(k.body)
	for called, id := range f.records {
		path = strings.ReplaceAll(path, "/"+called+"/", "/"+id+"/")
		if body["visit"] == called {
			body["visit"] = id
		}
	}
	if k.en != "" {
		fmt.Fprintf(f.Out, "%s  %s\n", at.Format("15:04"), f.say(k.en, k.zh))
	}
	var a struct {
		Facts  []workflow.Fact
		Ticket workflow.Ticket
		Fault  workflow.MajorFault
	}
	err := f.Client.Call(ctx, at, f.own[k.who], "POST", "/v1/sites/"+site+path, body, &a)
	var p *scenario.Problem
	if errors.As(err, &p) && p.Rule != "" {
		said := p.Detail
		for called, id := range f.records {
			said = strings.ReplaceAll(said, id, called)
		}
		fmt.Fprintf(f.Out, f.say("         Refused: %s (%s)\n", "         不行：%s（%s）\n"), said,
			explain.Cite(f.Lang, p.Rule))
		return nil
	}
	if err != nil {
		return err
	}
	if k.makes != "" {
		f.call(k.makes, a.Ticket.ID+a.Fault.ID)
	}
	for _, fact := range a.Facts {
		if fact.Kind != workflow.FactTicketRecorded {
			fmt.Fprintf(f.Out, "         %s\n", explain.Fact(f.Lang, fact, f.name))
		}
	}
	return nil
}

// call gives a record the name that it goes by.
func (f *floor) call(name, id string) { f.records[name], f.names[id] = id, name }

// roofVisit is what the visit of the owner with the leaking roof is called.
const roofVisit = "V30"

// noon prints what waits for whom, without what people were only told.
func (m *Morning) noon(ctx context.Context) error {
	var a struct{ Items []workflow.Item }
	err := m.Client.Call(ctx, m.Noon(), m.keys[workflow.RoleManager], "GET",
		"/v1/sites/"+site+"/agenda?everybody=true", nil, &a)
	if err != nil {
		return err
	}
	fmt.Fprintln(m.Out, m.say("\nThe agenda at noon, of reception and of the desk:",
		"\n中午的待办，接待和服务台在一张单子上："))
	notices := 0
	for _, i := range a.Items {
		if i.What == workflow.ItemNotice {
			notices++
			continue
		}
		var whose []string
		for _, who := range i.For {
			whose = append(whose, m.name(string(who)))
		}
		fmt.Fprintf(m.Out, m.say("  %s: %s\n", "  %s：%s\n"), strings.Join(whose, m.say(", ", "、")),
			explain.Item(m.Lang, i, m.name))
	}
	_, err = fmt.Fprintf(m.Out, m.say("  and %d notices to take note of.\n", "  另有 %d 条通知待知悉。\n"),
		notices)
	return err
}
