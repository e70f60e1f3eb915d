package workflow

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// HandoverMode says what becomes of somebody who hands on a matter of his own (policy 3, item 2.3).
type HandoverMode string

// The modes of handing on one's own matter.
const (
	HandoverRefuse HandoverMode = "refuse"
	HandoverFlag   HandoverMode = "flag" // it is allowed, and seen
)

// ServiceParameters are the values in which service desks differ. The zero value is no set of
// parameters; DefaultService is.
type ServiceParameters struct {
	// What becomes of somebody who hands on a matter of his own: refuse or flag (A50).
	OwnMatter HandoverMode `json:"own_matter_handover"`
	// When tickets are brought to notice.
	Ticket TicketParameters `json:"ticket"`
	// When slips are brought to notice.
	Slip SlipParameters `json:"slip"`
	// How often customers are called after a delivery.
	FollowUp FollowUpParameters `json:"follow_up"`
	// When the sheet of the week is due.
	Weekly WeeklyParameters `json:"weekly"`
	// When the supervision report is late.
	Supervision SupervisionParameters `json:"supervision"`
	// The round of gifts and needs at the end of the year.
	Campaign CampaignParameters `json:"campaign"`
	// The times of a major fault.
	Fault FaultParameters `json:"fault"`
	// The watch on holidays.
	Holiday HolidayParameters `json:"holiday"`
}

// TicketParameters say when tickets are brought to notice.
type TicketParameters struct {
	// Hours after which a ticket on which nothing is done is brought to notice; 0 means never.
	RemindHours int `json:"remind_hours"`
}

// SlipParameters say when slips are brought to notice.
type SlipParameters struct {
	// Hours after the solving after which a missing slip is brought to notice; 0 means never.
	RemindHours int `json:"remind_hours"`
}

// FollowUpParameters say how often customers are called after a delivery.
type FollowUpParameters struct {
	// Months between the calls of the first year.
	FirstYearMonths int `json:"first_year_months"`
	// Months between the calls of the later years.
	LaterMonths int `json:"later_months"`
	// Days before its day on which a call already counts as the one that is due (A96).
	EarlyDays int `json:"early_days"`
	// Days after its day after which a call that was not made is brought to notice.
	LateDays int `json:"late_days"`
}

// WeeklyParameters say when the sheet of the week is due.
type WeeklyParameters struct {
	// Day of the week, 1 for Monday to 5 for Friday.
	Weekday int `json:"weekday"`
	// Time of that day; what comes at this minute is late.
	At Clock `json:"at"`
}

// SupervisionParameters say when the supervision report is late.
type SupervisionParameters struct {
	// Days after the month's last day on which the report is still in time.
	GraceDays int `json:"grace_days"`
}

// CampaignParameters say when and to whom gifts are sent, and who is asked for his needs.
type CampaignParameters struct {
	// Month of the year, 1 to 12.
	Month int `json:"month"`
	// Customers of these statuses get a gift and are asked (A73).
	Statuses []CustomerStatus `json:"statuses"`
}

// FaultParameters are the times of a major fault.
type FaultParameters struct {
	// Minutes within which a fault is filed, and within which it is passed on after that.
	RelayMin int `json:"relay_min"`
	// Days after its end within which a fault is analysed.
	AnalysisDays int `json:"analysis_days"`
}

// HolidayParameters are those of the watch on holidays.
type HolidayParameters struct {
	// Days before a holiday from which a missing watch is brought to notice.
	RemindDays int `json:"remind_days"`
}

// DefaultService are the parameters that policy 3 says, or that stand for what it leaves open.
func DefaultService() ServiceParameters {
	return ServiceParameters{
		OwnMatter: HandoverRefuse,
		Ticket:    TicketParameters{RemindHours: 24},
		Slip:      SlipParameters{RemindHours: 24},
		FollowUp: FollowUpParameters{
			FirstYearMonths: 1, LaterMonths: 3, EarlyDays: 7, LateDays: 7,
		},
		Weekly: WeeklyParameters{Weekday: 5, At: "12:00"},
		Campaign: CampaignParameters{Month: 12, Statuses: []CustomerStatus{
			StatusRegistered, StatusIntention, StatusHoldingFee, StatusDeposit, StatusSigned,
		}},
		Fault:   FaultParameters{RelayMin: 30, AnalysisDays: 3},
		Holiday: HolidayParameters{RemindDays: 7},
	}
}

// ServiceParameter is one value in which service desks differ, with the article that asks for it.
// Its words stand in package explain.
type ServiceParameter struct {
	Name    string // as in JSON, with dots: ticket.remind_hours
	Article string
	Bounds  string // the values it may take
	admits  func(any) bool
	field   []int // of ServiceParameters, by index
}

// serviceParameters are all of them, in order of the fields.
var serviceParameters = []ServiceParameter{
	serviceParameter("own_matter_handover", "P3-2.3", oneOf(HandoverRefuse, HandoverFlag)),
	serviceParameter("ticket.remind_hours", "P3-2.3", between(0, 168)),
	serviceParameter("slip.remind_hours", "P3-2.6", between(0, 168)),
	serviceParameter("follow_up.first_year_months", "P3-5", between(1, 12)),
	serviceParameter("follow_up.later_months", "P3-5", between(1, 12)),
	serviceParameter("follow_up.early_days", "P3-5", between(0, 27)),
	serviceParameter("follow_up.late_days", "P3-5", between(0, 60)),
	serviceParameter("weekly.weekday", "P3-4", between(1, 5)),
	serviceParameter("weekly.at", "P3-4", timeOfDay),
	serviceParameter("supervision.grace_days", "P3-1", between(0, 10)),
	serviceParameter("campaign.month", "P3-3", between(1, 12)),
	serviceParameter("campaign.statuses", "P3-3", someOf(CustomerStatuses...)),
	serviceParameter("fault.relay_min", "P3-7", between(0, 1440)),
	serviceParameter("fault.analysis_days", "P3-7", between(1, 30)),
	serviceParameter("holiday.remind_days", "P3-8", between(0, 30)),
}

var timeOfDay = bounds{"00:00 to 23:59", func(v any) bool {
	c, ok := v.(Clock)
	return ok && c.Valid() && c != "24:00"
}}

func serviceParameter(name, article string, b bounds) ServiceParameter {
	field := fieldOf(reflect.TypeFor[ServiceParameters](), name)
	return ServiceParameter{name, article, b.text, b.admits, field}
}

// ServiceParametersList returns every parameter of a service desk, in order of the fields.
func ServiceParametersList() []ServiceParameter { return slices.Clone(serviceParameters) }

// Value is what p says for the parameter.
func (m *ServiceParameter) Value(p *ServiceParameters) any {
	return reflect.ValueOf(p).Elem().FieldByIndex(m.field).Interface()
}

// set changes single parameters by name; the values are as in JSON. p is unchanged where it fails.
func (p *ServiceParameters) set(values map[string]any) *Fault {
	for _, name := range sortedNames(values) {
		known := func(m ServiceParameter) bool { return m.Name == name }
		i := slices.IndexFunc(serviceParameters, known)
		if i < 0 {
			return invalidUnder("bad_parameter", "P1-52", "parameter", name)
		}
		q := p.copied()
		m := &serviceParameters[i]
		doc, err := json.Marshal(nested(name, values[name]))
		if err == nil {
			dec := json.NewDecoder(bytes.NewReader(doc))
			dec.DisallowUnknownFields()
			err = dec.Decode(&q)
		}
		if err != nil || !m.admits(m.Value(&q)) {
			return invalidUnder("bad_parameter", m.Article, "parameter", name, "bounds", m.Bounds)
		}
		*p = q
	}
	return nil
}

// copied shares nothing with p.
func (p *ServiceParameters) copied() ServiceParameters {
	q := *p
	q.Campaign.Statuses = nil
	q.Campaign.Statuses = append(q.Campaign.Statuses, p.Campaign.Statuses...)
	return q
}

// nested is a value under a name with dots, as an object of objects.
func nested(name string, v any) map[string]any {
	head, rest, ok := strings.Cut(name, ".")
	if !ok {
		return map[string]any{head: v}
	}
	return map[string]any{head: nested(rest, v)}
}

func sortedNames(values map[string]any) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
