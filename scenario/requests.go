package scenario

import (
	"fmt"
	"hash/fnv"
	"net/url"

	"github.com/lunpai/lunpai/workflow"
)

// request is a command as the API takes it.
type request struct {
	method, path string
	body         map[string]any
}

// body leaves out what is empty.
func body(kv ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(kv); i += 2 {
		switch v := kv[i+1].(type) {
		case nil:
			continue
		case bool:
			if !v {
				continue
			}
		case int:
			if v == 0 {
				continue
			}
		default:
			if s := fmt.Sprint(v); s == "" || s == "[]" || s == "map[]" {
				continue
			}
		}
		m[kv[i].(string)] = kv[i+1]
	}
	return m
}

// id is the service's id of what the scenario labels; an unknown label is sent as it is, and
// refused.
func id[L ~string](m map[string]string, label L) string {
	if i, ok := m[string(label)]; ok {
		return i
	}
	return string(label)
}

// phone is a number that only this label has.
func phone(label string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(label)) // a hash never fails
	return fmt.Sprintf("139%08d", h.Sum32()%100_000_000)
}

func (r *Remote) identity(i *workflow.Identity) map[string]any {
	b := body("kind", i.Kind, "named", i.Named, "appointment", i.Appointment, "delegate", i.Delegate, "groups", i.Groups,
		"party", i.Party, "purpose", i.Purpose)
	if i.BroughtBy != "" {
		b["brought_by"] = id(r.customers, i.BroughtBy)
	}
	switch {
	case i.Customer == "":
	case i.NewCustomer:
		b["person"] = map[string]any{"phone": phone(r.site + string(i.Customer))}
	default:
		b["customer"] = id(r.customers, i.Customer)
	}
	return b
}

// request translates a command; the labels in it become the service's ids.
func (r *Remote) request(cmd workflow.Command) (request, error) { //nolint:gocyclo // one switch over the commands of the format
	visit := func(v workflow.VisitID, verb string, b map[string]any) (request, error) {
		return request{"POST", "/visits/" + url.PathEscape(id(r.visits, v)) + verb, b}, nil
	}
	staff := func(s workflow.StaffID, verb string, b map[string]any) (request, error) {
		return request{"POST", "/staff/" + url.PathEscape(string(s)) + verb, b}, nil
	}
	cust := func(c workflow.CustomerID, verb string, b map[string]any) (request, error) {
		return request{"POST", "/customers/" + url.PathEscape(id(r.customers, c)) + verb, b}, nil
	}
	post := func(path string, b map[string]any) (request, error) { return request{"POST", path, b}, nil }
	switch c := cmd.(type) {
	case *workflow.ArriveVisit:
		b := body("assign", c.Assign)
		if c.IfFree {
			b["assign"] = "if_free"
		}
		if c.Identify != nil {
			b["identify"] = r.identity(c.Identify)
		}
		return post("/visits", b)
	case *workflow.IdentifyVisit:
		return visit(c.Visit, "/identify", r.identity(&c.Identity))
	case *workflow.ReidentifyVisit:
		return visit(c.Visit, "/reidentify", r.identity(&c.Identity))
	case *workflow.RecogniseVisit:
		b := body("who", c.Who)
		if c.Customer != "" {
			b["customer"] = id(r.customers, c.Customer)
		}
		return visit(c.Visit, "/recognise", b)
	case *workflow.AssignVisit:
		b := body("to", c.To, "reason", c.Reason, "concurrent", c.Concurrent)
		if c.StandIn != nil {
			b["stand_in"] = c.StandIn
		}
		return visit(c.Visit, "/assign", b)
	case *workflow.ServeVisit:
		return visit(c.Visit, "/serve", body("topic", c.Topic, "explained_to", c.ExplainedTo))
	case *workflow.RegisterVisit:
		b := body("topic", c.Topic, "serve", c.Serve != nil)
		if c.Serve != nil {
			b = body("serve", true, "topic", c.Serve.Topic, "explained_to", c.Serve.ExplainedTo)
		}
		if c.Matches != "" {
			b["matches"] = id(r.customers, c.Matches)
		}
		return visit(c.Visit, "/register", b)
	case *workflow.AbandonVisit:
		return visit(c.Visit, "/abandon", body("reason", c.Reason))
	case *workflow.MergeVisit:
		return visit(c.Visit, "/merge", body("into", id(r.visits, c.Into)))
	case *workflow.ChangeLead:
		return visit(c.Visit, "/change", body("to", c.To, "reason", c.Reason))
	case *workflow.HandOver:
		return visit(c.Visit, "/handover", body("to", c.To))
	case *workflow.AddAssistant:
		return visit(c.Visit, "/assistants", body("who", c.Who))
	case *workflow.Leave:
		return staff(c.Who, "/leave", body("reason", c.Reason, "ordered_by", c.OrderedBy))
	case *workflow.Return:
		return staff(c.Who, "/return", nil)
	case *workflow.Busy:
		return staff(c.Who, "/busy", body("with", c.With, "ordered_by", c.OrderedBy))
	case *workflow.Free:
		return staff(c.Who, "/free", nil)
	case *workflow.GrantMakeUp:
		return post("/rota/make-ups", body("unit", c.Unit, "position", c.Position, "reason", c.Reason))
	case *workflow.Reorder:
		return post("/rota/reorder", map[string]any{"line": c.Line, "reason": c.Reason})
	case *workflow.StartEvent:
		return post("/rota/event", body("order", c.Order))
	case *workflow.EndEvent:
		return request{"DELETE", "/rota/event", nil}, nil
	case *workflow.CloseDay:
		return post("/rota/close", nil)
	case *workflow.OpenDay:
		return post("/rota/open", body("date", c.Date, "away", c.Away))
	case *workflow.ChangeRoster:
		return post("/rota/roster", map[string]any{"add": []any{map[string]any{"id": c.Add[0].ID}}})
	case *workflow.RecordFollowUp:
		return cust(c.Customer, "/follow-ups", body("by", c.By, "unreached", c.Unreached))
	case *workflow.RecordDeal:
		return cust(c.Customer, "/deals", body("status", c.Status))
	case *workflow.ReassignCustomer:
		return cust(c.Customer, "/reassign", body("to", c.To))
	case *workflow.CoverCustomer:
		return cust(c.Customer, "/cover", body("to", c.To))
	case *workflow.ImportCustomer:
		b := body("owner", c.Owner, "status", c.Status)
		if !c.LastContactAt.IsZero() {
			b["last_contact_at"] = c.LastContactAt
		}
		b["person"] = map[string]any{"phone": phone(r.site + string(c.Customer))}
		return post("/customers", b)
	default:
		return r.matter(cmd)
	}
}

// matter translates the commands about the telephone, the desk and other records.
func (r *Remote) matter(cmd workflow.Command) (request, error) {
	post := func(path string, b map[string]any) (request, error) { return request{"POST", path, b}, nil }
	switch c := cmd.(type) {
	case *workflow.TakeCall:
		b := body("for", c.For)
		if c.Customer != "" {
			b["customer"] = id(r.customers, c.Customer)
		}
		return post("/calls", b)
	case *workflow.GiveCard:
		return post("/cards", body("customer", id(r.customers, c.Customer), "by", c.By, "requested_by_customer", c.Requested, "consent", c.Consent))
	case *workflow.RequestApproval:
		return post("/approvals", body("kind", c.Subject, "by", c.By))
	case *workflow.DecideApproval:
		return post("/approvals/"+url.PathEscape(id(r.records, c.Approval))+"/decide", map[string]any{"grant": c.Grant})
	case *workflow.OpenDispute:
		return post("/disputes", map[string]any{"customer": id(r.customers, c.Customer), "claimants": c.Claimants})
	case *workflow.MakeRuling:
		return post("/rulings", map[string]any{"text": "as spoken"})
	case *workflow.NoteConduct:
		return post("/conduct", body("rule", c.Rule, "who", c.Who))
	case *workflow.CompleteCheck:
		b := body("item", c.Item, "by", c.By)
		if c.Visit != "" {
			b["visit"] = id(r.visits, c.Visit)
		}
		return post("/checklists", b)
	case *workflow.VacateSeat:
		return post("/desk/vacancies", nil)
	case *workflow.NotifySeat:
		return post("/desk/notices", body("from", c.From, "to", c.To))
	case *workflow.FillSeat:
		return post("/desk/fill", body("by", c.By))
	case *workflow.CheckVacancy:
		return post("/desk/check", nil)
	default:
		return request{}, fmt.Errorf("command %s has no request", cmd.About().Kind)
	}
}
