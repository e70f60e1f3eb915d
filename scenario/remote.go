package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/lunpai/lunpai/workflow"
)

// Remote is an Office at a running service with a manual clock: it has its own site and one key per
// actor, and translates the service's ids to the scenario's labels.
type Remote struct {
	Client *Client
	// Admin is an administrator's key.
	Admin string

	site      string
	tokens    map[actor]string
	manager   string
	visits    map[string]string // label → id
	customers map[string]string
	phones    map[string]string // of customers that the scenario names before they have a record
	records   map[string]string // label → id of calls, approvals, …
	labels    map[string]string // id → label
	seq       int64             // of the newest commit: lists may lag behind it
	facts     struct{ messages, appointments, approvals, vacancies, calls, disputes []string }
	desk      struct{ tickets, faults, arbitrations, projects []string }
}

// NewRemote is an office at a service; nothing is created before the first command.
func NewRemote(c *Client, admin string) *Remote {
	return &Remote{
		Client: c, Admin: admin, site: "play-" + uuid.NewString()[:13],
		tokens: map[actor]string{}, visits: map[string]string{}, customers: map[string]string{},
		phones:  map[string]string{},
		records: map[string]string{}, labels: map[string]string{},
	}
}

// actor is who acts, and the role in which his key does.
type actor struct {
	by   string
	role workflow.Role
}

// answer is the service's answer to any command.
type answer struct {
	Facts    []workflow.Fact    `json:"facts"`
	Visit    *visitAnswer       `json:"visit"`
	Customer *workflow.Customer `json:"customer"`
	Call     *workflow.Call     `json:"call"`
	Approval *workflow.Approval `json:"approval"`

	Appointment *workflow.Appointment `json:"appointment"`
	Dispute     *workflow.Dispute     `json:"dispute"`
	Ticket      *workflow.Ticket      `json:"ticket"`
	Fault       *workflow.MajorFault  `json:"fault"`
	Arbitration *workflow.Arbitration `json:"arbitration"`
	Project     *workflow.Project     `json:"project"`
	Ruling      *workflow.Ruling      `json:"ruling"`
	Card        *workflow.Card        `json:"card"`
	Vacancy     *workflow.Vacancy     `json:"vacancy"`
	Key         *keyAnswer            `json:"key"`
	Keys        []keyAnswer           `json:"keys"`
	Seq         int64                 `json:"seq"`
}

// visitAnswer is a visit, or only its id, which is all that a kiosk is told.
type visitAnswer struct{ workflow.Visit }

func (v *visitAnswer) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &v.ID); err == nil {
		return nil
	}
	return json.Unmarshal(text, &v.Visit)
}

type keyAnswer struct {
	Token string        `json:"token"`
	Role  workflow.Role `json:"role"`
}

// Do sends a command to the service.
func (r *Remote) Do(
	ctx context.Context, at time.Time, by string, role workflow.Role, cmd workflow.Command,
) (Answer, error) {
	if c, ok := cmd.(*workflow.CreateSite); ok {
		return Answer{}, r.found(ctx, at, c)
	}
	token, err := r.token(ctx, at, by, role)
	if err != nil {
		return Answer{}, err
	}
	if a, ok := cmd.(*workflow.AcknowledgeNotice); ok {
		id, err := r.notice(ctx, at, a.Notice)
		if err != nil {
			return Answer{}, err
		}
		cmd = &workflow.AcknowledgeNotice{Notice: id}
	}
	req, err := r.request(cmd)
	if err != nil {
		return Answer{}, err
	}
	var a answer
	err = r.Client.Call(ctx, at, token, req.method, "/v1/sites/"+r.site+req.path, req.body, &a)
	var p *Problem
	if errors.As(err, &p) && p.Status < 500 && p.Status != 401 {
		return Answer{Refusal: p.Code, Rule: p.Rule, Detail: p.Detail}, nil
	}
	if err != nil {
		return Answer{}, err
	}
	r.seq = max(r.seq, a.Seq)
	r.learn(cmd, &a)
	return Answer{Facts: r.translate(a.Facts)}, nil
}

// found creates the site, with an extra manager if the scenario has none.
func (r *Remote) found(ctx context.Context, at time.Time, c *workflow.CreateSite) error {
	staff := make([]map[string]any, 0, len(c.Staff)+1)
	r.manager = ""
	for _, s := range c.Staff {
		staff = append(staff, map[string]any{
			"id": s.Staff, "role": s.Role, "team": s.Team,
			"off_roster": s.OffRoster,
		})
		functions(staff[len(staff)-1], s)
		if s.Role == workflow.RoleManager && r.manager == "" {
			r.manager = string(s.Staff)
		}
	}
	if r.manager == "" {
		r.manager = "manager-of-the-play"
		staff = append(staff, map[string]any{"id": r.manager, "role": workflow.RoleManager})
	}
	for _, s := range staff {
		if s["team"] == workflow.UnitID("") {
			delete(s, "team")
		}
	}
	body := map[string]any{
		"id": r.site, "policy": c.Policy.Preset, "parameters": changed(&c.Policy), "zone": c.Zone,
		"staff": staff,
		"hours": []any{c.Hours[0]},
	}
	if len(c.Holidays) > 0 {
		body["holidays"] = c.Holidays
	}
	if len(c.Duty) > 0 {
		body["duty"] = c.Duty
	}
	if c.Service != nil {
		body["service"] = c.Service
	}
	var a answer
	if err := r.Client.Call(ctx, at, r.Admin, "POST", "/v1/sites", body, &a); err != nil {
		return fmt.Errorf("create site: %w", err)
	}
	for _, k := range a.Keys {
		switch k.Role {
		case workflow.RoleManager:
			r.tokens[actor{r.manager, k.Role}] = k.Token
		case workflow.RoleFrontDesk:
			r.tokens[actor{"", k.Role}] = k.Token
		default:
		}
	}
	return nil
}

// changed are the parameters in which a policy differs from its preset.
func changed(p *workflow.Policy) map[string]any {
	base, _ := workflow.Preset(p.Preset)
	out := map[string]any{}
	for _, m := range workflow.Parameters() {
		if a, b := fmt.Sprint(m.Value(p)), fmt.Sprint(m.Value(&base)); a != b {
			out[m.Name] = m.Value(p)
		}
	}
	return out
}

// token is the key with which a label acts; it is made when first needed.
func (r *Remote) token(
	ctx context.Context, at time.Time, by string, role workflow.Role,
) (string, error) {
	if role == workflow.RoleManager && by == "" { // the office is set up
		by = r.manager
	}
	if t, ok := r.tokens[actor{by, role}]; ok {
		return t, nil
	}
	body := map[string]any{"role": role, "label": "play"}
	if role.StaffRole() {
		body["staff"] = by
	}
	var a answer
	if err := r.Client.Call(ctx, at, r.keyOfTheManager(), "POST", "/v1/sites/"+r.site+"/keys",
		body, &a); err != nil {
		return "", fmt.Errorf("make a key for %s: %w", by, err)
	}
	r.tokens[actor{by, role}] = a.Key.Token
	return a.Key.Token, nil
}

func (r *Remote) keyOfTheManager() string {
	return r.tokens[actor{r.manager, workflow.RoleManager}]
}

// learn records which id the service gave to what the scenario names.
func (r *Remote) learn(cmd workflow.Command, a *answer) {
	note := func(m map[string]string, label, id string) {
		if label != "" && id != "" {
			m[label], r.labels[id] = id, label
		}
	}
	switch c := cmd.(type) {
	case *workflow.ArriveVisit:
		note(r.visits, string(c.Visit), a.Visit.ID)
		if c.Identify != nil {
			note(r.customers, string(c.Identify.Customer), string(a.Visit.Customer))
		}
	case *workflow.IdentifyVisit:
		note(r.customers, string(c.Customer), string(a.Visit.Customer))
	case *workflow.ReidentifyVisit:
		note(r.customers, string(c.Customer), string(a.Visit.Customer))
	case *workflow.RegisterVisit:
		if _, known := r.labels[string(a.Visit.Customer)]; !known {
			note(r.customers, string(c.Customer), string(a.Visit.Customer))
		}
	case *workflow.ImportCustomer:
		note(r.customers, string(c.Customer), a.Customer.ID)
	case *workflow.TakeCall:
		note(r.records, string(c.Call), a.Call.ID)
		r.facts.calls = append(r.facts.calls, a.Call.ID)
	case *workflow.MakeAppointment:
		note(r.records, string(c.Appointment), a.Appointment.ID)
		r.facts.appointments = append(r.facts.appointments, a.Appointment.ID)
	case *workflow.RequestApproval:
		note(r.records, string(c.Approval), a.Approval.ID)
		r.facts.approvals = append(r.facts.approvals, a.Approval.ID)
	case *workflow.OpenDispute:
		note(r.records, string(c.Dispute), a.Dispute.ID)
		r.facts.disputes = append(r.facts.disputes, a.Dispute.ID)
	case *workflow.GiveCard:
		note(r.records, string(c.Card), a.Card.ID)
	case *workflow.MakeRuling:
		note(r.records, string(c.Ruling), a.Ruling.ID)
	default:
		r.learnDesk(cmd, a, note)
	}
}

// label is what the scenario calls an id; an id may be part of a longer word.
func (r *Remote) label(s string) string {
	if l, ok := r.labels[s]; ok {
		return l
	}
	if head, tail, ok := strings.Cut(s, ":"); ok {
		if l, ok := r.labels[tail]; ok {
			return head + ":" + l
		}
	}
	return s
}

func (r *Remote) translate(fs []workflow.Fact) []workflow.Fact {
	for i := range fs {
		fs[i].Subject = r.label(fs[i].Subject)
		for k, v := range fs[i].Detail {
			fs[i].Detail[k] = r.label(v)
		}
	}
	return fs
}

// View reads everything that an expectation may be about.
func (r *Remote) View(ctx context.Context, at time.Time) (*View, error) {
	v := &View{
		Visits: map[string]*workflow.Visit{}, Customers: map[string]*workflow.Customer{},
		Appointments: map[string]*workflow.Appointment{},
		Messages:     map[string]*workflow.Message{}, Approvals: map[string]*workflow.Approval{},
	}
	get := func(path string, into any) error {
		return r.Client.Call(ctx, at, r.keyOfTheManager(), "GET", "/v1/sites/"+r.site+path, nil,
			into)
	}
	var rota struct {
		Rota      *workflow.Rota   `json:"rota"`
		Next      workflow.UnitID  `json:"next"`
		NextStaff workflow.StaffID `json:"next_staff"`
	}
	if err := get("/rota", &rota); err != nil {
		return nil, err
	}
	v.Rota, v.Next, v.NextStaff = rota.Rota, rota.Next, rota.NextStaff
	var desk struct {
		Desk workflow.Desk `json:"desk"`
	}
	if err := get("/desk", &desk); err != nil {
		return nil, err
	}
	v.Desk = desk.Desk
	v.Agenda = func(label string) ([]string, error) { return r.agenda(ctx, at, label) }
	for label, id := range r.visits {
		var a answer
		if err := get("/visits/"+url.PathEscape(id), &a); err != nil {
			return nil, err
		}
		v.Visits[label] = &a.Visit.Visit
	}
	for label, id := range r.customers {
		var a answer
		if err := get("/customers/"+url.PathEscape(id), &a); err != nil {
			return nil, err
		}
		v.Customers[label] = a.Customer
	}
	if err := r.viewDesk(get, v); err != nil {
		return nil, err
	}
	return v, r.viewMatters(get, v)
}

// upToDate reads a list until it reflects the newest commit: lists come from documents, which may
// lag behind the journal.
func (r *Remote) upToDate(seq *int64, read func() error) error {
	for try := 0; ; try++ {
		if err := read(); err != nil || *seq >= r.seq || try == 100 {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// viewMatters reads messages, approvals, the newest call, dispute and vacancy.
func (r *Remote) viewMatters(get func(string, any) error, v *View) error {
	var ms struct {
		Messages []*workflow.Message `json:"messages"`
		Seq      int64               `json:"seq"`
	}
	if err := r.upToDate(&ms.Seq, func() error {
		return get("/messages?limit=200", &ms)
	}); err != nil {
		return err
	}
	for _, m := range ms.Messages {
		if old := v.Messages[string(m.To)]; old == nil || old.At.Before(m.At) {
			v.Messages[string(m.To)] = m
		}
	}
	for _, id := range r.facts.appointments {
		var a answer
		if err := get("/appointments/"+id, &a); err != nil {
			return err
		}
		v.Appointments[r.label(id)] = a.Appointment
	}
	for _, id := range r.facts.approvals {
		var a answer
		if err := get("/approvals/"+id, &a); err != nil {
			return err
		}
		v.Approvals[r.label(id)] = a.Approval
	}
	var vs struct {
		Vacancies []*workflow.Vacancy `json:"vacancies"`
		Seq       int64               `json:"seq"`
	}
	if err := r.upToDate(&vs.Seq, func() error {
		return get("/desk/vacancies?limit=1", &vs)
	}); err != nil {
		return err
	}
	if len(vs.Vacancies) > 0 {
		v.Vacancy = vs.Vacancies[0]
	}
	if n := len(r.facts.calls); n > 0 {
		var a answer
		if err := get("/calls/"+r.facts.calls[n-1], &a); err != nil {
			return err
		}
		v.Call = a.Call
	}
	if n := len(r.facts.disputes); n > 0 {
		var a answer
		if err := get("/disputes/"+r.facts.disputes[n-1], &a); err != nil {
			return err
		}
		v.Dispute = a.Dispute
		for i, e := range v.Dispute.Evidence {
			v.Dispute.Evidence[i] = workflow.VisitID(r.label(string(e)))
		}
	}
	return nil
}
