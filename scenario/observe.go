package scenario

import (
	"fmt"
	"slices"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// observe reads what an expectation is about. want says which visits or people a map asks for.
func observe(k string, want any, r *StepResult, v *View, s *Step) (any, error) {
	if got, ok := observeDesk(k, r, v, s); ok {
		return got, nil
	}
	if get, ok := ofVisit[k]; ok {
		visit := v.Visits[s.str("visit")]
		if visit == nil {
			return nil, fmt.Errorf("there is no visit %q", s.str("visit"))
		}
		return get(visit), nil
	}
	if get, ok := ofStep[k]; ok {
		return anys(get(r, v)), nil
	}
	if get, ok := perLabel[k]; ok {
		labels, ok := want.(map[string]any)
		if !ok {
			if s.str("visit") != "" && k == "state" {
				return get(v, s.str("visit")), nil
			}
			return nil, fmt.Errorf("%s expects a map", k)
		}
		out := make(map[string]any, len(labels))
		for l := range labels {
			out[l] = get(v, l)
		}
		return out, nil
	}
	switch k {
	case "next":
		return orNull(string(v.Next)), nil
	case "next_staff":
		return orNull(string(v.NextStaff)), nil
	case "next_first":
		return orNull(string(v.Rota.NextFirst)), nil
	case "answered_by":
		if v.Call == nil {
			return nil, nil
		}
		return orNull(string(v.Call.AnsweredBy)), nil
	case "accountable":
		if v.Vacancy == nil {
			return nil, nil
		}
		return orNull(string(v.Vacancy.Accountable)), nil
	case "evidence":
		if v.Dispute == nil {
			return nil, nil
		}
		return anys(plain(v.Dispute.Evidence)), nil
	case "desk":
		return anys(plain(v.Desk.Seats)), nil
	case "tables":
		return anys(plain(v.Desk.Tables)), nil
	case "agenda":
		return v.agendas(want, s)
	case "recorded":
		return r.Refusal == "" && len(r.Facts) > 0, nil
	}
	return nil, fmt.Errorf("expectation %q is not known", k)
}

var ofVisit = map[string]func(*workflow.Visit) any{
	"receiver": func(v *workflow.Visit) any { return orNull(string(v.Server)) },
	"role":     func(v *workflow.Visit) any { return orNull(string(v.ServerRole)) },
	"for":      func(v *workflow.Visit) any { return orNull(string(v.Principal)) },
	"unit":     func(v *workflow.Visit) any { return orNull(string(v.Unit)) },
	"turn":     func(v *workflow.Visit) any { return orNull(string(v.TurnEffect)) },
	"guide":    func(v *workflow.Visit) any { return orNull(string(v.Guide)) },
	"water":    func(v *workflow.Visit) any { return orNull(string(v.Water)) },
}

var ofStep = map[string]func(*StepResult, *View) []string{
	"line": func(_ *StepResult, v *View) []string { return plain(v.Rota.Order()) },
	"out":  func(_ *StepResult, v *View) []string { return plain(v.Rota.OutUnits()) },
	"makeup_right": func(_ *StepResult, v *View) []string {
		var us []string
		for _, m := range v.Rota.MakeUps {
			us = append(us, string(m.Unit))
		}
		return us
	},
	"voided": func(r *StepResult, _ *View) []string {
		return r.subjects(func(f workflow.Fact) bool {
			return f.Kind == workflow.FactTurnPassed &&
				f.Detail["effect"] != string(workflow.PassHold)
		})
	},
	"judged": func(_ *StepResult, v *View) (whos []string) {
		if v.Vacancy != nil {
			for _, j := range v.Vacancy.Judgements {
				whos = append(whos, string(j.Who))
			}
		}
		return whos
	},
	"notified": func(r *StepResult, _ *View) []string {
		return r.told()
	},
	"flags": func(r *StepResult, _ *View) []string {
		return r.details(workflow.FactFlagged, "flag")
	},
	"remind": func(r *StepResult, _ *View) []string {
		return slices.DeleteFunc(r.details(workflow.FactReminded, "item"), helpItem)
	},
	"asked": func(r *StepResult, _ *View) (all []string) {
		for _, f := range r.Facts {
			if item := f.Detail["item"]; f.Kind == workflow.FactReminded && helpItem(item) {
				all = append(all, item+":"+f.Subject)
			}
		}
		return all
	},
}

// helpItem are the reminders to those who help at the desk.
func helpItem(item string) bool { return item == "guide" || item == "bring_water" }

var perLabel = map[string]func(*View, string) any{
	"counts": func(v *View, who string) any {
		n := 0
		for _, x := range v.Visits {
			if string(x.CountsFor) == who {
				n += x.Count
			}
		}
		return n
	},
	"ranks": func(v *View, u string) any {
		if n, ok := v.Desk.Ranks[workflow.UnitID(u)]; ok {
			return n
		}
		return nil
	},
	"messages": func(v *View, who string) any {
		if m := v.Messages[who]; m != nil {
			return m.State
		}
		return nil
	},
	"appointment": func(v *View, id string) any {
		if a := v.Appointments[id]; a != nil {
			return a.State
		}
		return nil
	},
	"away": func(v *View, who string) any {
		for _, a := range v.Rota.Absent {
			if string(a.Staff) == who {
				return string(a.State)
			}
		}
		return nil
	},
	"approval": func(v *View, id string) any {
		if a := v.Approvals[id]; a != nil {
			return a.State
		}
		return nil
	},
	"owner": func(v *View, k string) any {
		if c := v.Customers[k]; c != nil {
			return orNull(string(c.Owner))
		}
		return nil
	},
	"last_contact": func(v *View, k string) any {
		if c := v.Customers[k]; c != nil && !c.LastContactAt.IsZero() {
			return c.LastContactAt.In(v.Zone).Format(time.DateOnly)
		}
		return nil
	},
	"credit": func(v *View, k string) any {
		if c := v.Customers[k]; c != nil && len(c.Deals) > 0 {
			return orNull(string(c.Deals[len(c.Deals)-1].Credit))
		}
		return nil
	},
	"state": func(v *View, id string) any {
		if x := v.Visits[id]; x != nil {
			return string(x.State)
		}
		return nil
	},
	"lead": func(v *View, id string) any {
		if x := v.Visits[id]; x != nil {
			return orNull(string(x.Server))
		}
		return nil
	},
}

func (r *StepResult) subjects(match func(workflow.Fact) bool) []string {
	seen := map[string]bool{}
	var out []string
	for _, f := range r.Facts {
		if match(f) && !seen[f.Subject] {
			seen[f.Subject] = true
			out = append(out, f.Subject)
		}
	}
	return out
}

func (r *StepResult) details(k workflow.FactKind, key string) []string {
	var out []string
	for _, f := range r.Facts {
		if f.Kind == k {
			out = append(out, f.Detail[key])
		}
	}
	return out
}

func plain[T ~string](us []T) []string {
	out := make([]string, len(us))
	for i, u := range us {
		out[i] = string(u)
	}
	return out
}

func anys(ss []string) any {
	out := make([]any, len(ss))
	for i, s := range ss {
		out[i] = s
	}
	return out
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
