package workflow

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Notice is something that a member of staff was told. It stays on his agenda until he acknowledges
// it, for AgendaDays at most; the record is kept. It is never on the board: there is no end to
// them.
type Notice struct {
	Head
	// Member of staff who is told.
	To StaffID `json:"to"`
	// Record that it is about.
	About Ref `json:"about"`
	// Article behind it; empty where no article speaks.
	Rule string `json:"rule,omitempty"`
	// What was decided, by name: why, and further values that depend on it.
	Detail map[string]string `json:"detail,omitempty"`
	// When the member was told.
	At time.Time `json:"at"`
	// When the member acknowledged it; missing until then.
	AcknowledgedAt time.Time `json:"acknowledged_at,omitzero"`
	// Who has to acknowledge it; missing once it was.
	Next *Next `json:"next,omitempty"`
}

// AgendaDays is for how many days a notice that nobody acknowledges, and what is owed of a closed
// visit, stay on the agenda.
const AgendaDays = 30

// Ref names the record.
func (n *Notice) Ref() Ref { return Ref{Notices, n.ID} }

func (n *Notice) clone() Record {
	k := *n
	k.Detail = maps.Clone(n.Detail)
	return &k
}

func (n *Notice) next() *Next { return n.Next }

// OwnItem are the reasons to tell somebody of a matter that stands on his agenda itself: a notice
// would say it twice, and stay when the matter is settled. Nobody changes it.
var OwnItem = []string{"approval_requested", "fill_the_seat", "waiting_too_long"}

// noticeKind is the kind of item that a notice is: a duplicate is something to look into for those
// who oversee, and a card given to a customer for his owner.
func noticeKind(why string, to *Staff) ItemKind {
	switch {
	case why == "duplicate_customer" && to.Role != RoleConsultant:
		return ItemDuplicate
	case why == "card_given":
		return ItemCard
	}
	return ItemNotice
}

// keepNotices makes a record of every notice among the facts, for those who can acknowledge it:
// active staff. Nobody gets one of what he did himself.
func (d *draft) keepNotices() {
	n := 0
	for _, f := range d.facts {
		to := d.staffMember(StaffID(f.Subject))
		why := f.Detail["why"]
		if f.Kind != FactNotified || to == nil || !to.Active || to.Staff == d.env.By.Staff ||
			slices.Contains(OwnItem, why) {
			continue
		}
		about := d.named(f.Rule, f.Detail["about"])
		if d.waitsFor(about, to.Staff) {
			continue
		}
		n++
		id := fmt.Sprintf("%s:%012d:%02d", d.ID, d.seq, n) // grows with time
		detail := maps.Clone(f.Detail)
		if f.Detail["about"] == about.ID { // else it is a day, a month or the office's own id
			delete(detail, "about")
		}
		if len(detail) == 0 {
			detail = nil
		}
		add(d, &Notice{
			Head: Head{ID: id, Site: d.ID}, To: to.Staff, About: about,
			Rule: f.Rule, Detail: detail, At: d.now,
			Next: &Next{What: noticeKind(why, to), Who: forStaff(to.Staff), At: d.now},
		})
	}
}

// named is the record that a fact names by its id: the command's own, or else one that the command
// changed or looked at. The desk itself stands for what has no record yet.
func (d *draft) named(rule, id string) Ref {
	if id == d.subject.ID {
		return d.subject
	}
	if ref := namedAtDesk(d.ID, rule, id); d.held(ref) {
		return ref
	}
	for _, c := range []Collection{
		Visits, Customers, Appointments, Approvals, Disputes, Cards, Vacancies, Tickets,
		MajorFaults, Arbitrations,
	} {
		if _, ok := look[Record](d, Ref{c, id}); ok {
			return Ref{c, id}
		}
	}
	if d.staffMember(StaffID(id)) != nil {
		return staffRef(d.ID, StaffID(id))
	}
	if d.subject.Collection == ServiceDesks {
		return d.subject
	}
	return Ref{Visits, id}
}

// waitsFor reports whether a record of the service desk stands on somebody's agenda itself.
func (d *draft) waitsFor(about Ref, who StaffID) bool {
	r, ok := look[Record](d, about)
	if n := nextOf(r); ok && n != nil && slices.Contains(deskRecords, about.Collection) {
		return n.Who == forStaff(who) || slices.Contains(d.functions()[n.Who], who)
	}
	return false
}

// namedAtDesk is the record of the service desk that a fact names by a month, a day or the office's
// own id. Which it is says the rule: a watch and a sheet may be of the same day.
func namedAtDesk(site SiteID, rule, id string) Ref {
	switch rule {
	case "P3-1":
		return supervisionRef(site, Month(id))
	case "P3-4":
		return sheetRef(site, Date(id))
	case "P3-5":
		return projectRef(site, ProjectID(id))
	case "P3-8":
		return watchRef(site, Date(id))
	}
	return Ref{}
}

// AcknowledgeNotice takes a notice off the agenda of the one who was told.
type AcknowledgeNotice struct {
	// Id of the notice.
	Notice RecordID `json:"notice"`
}

func (*AcknowledgeNotice) About() About {
	return About{
		Kind: "acknowledge_notice", May: leaders, Own: employees, Scope: ScopePerson, Since: 4,
	}
}

func (c *AcknowledgeNotice) Needs(*Board) []Ref { return []Ref{recordRef(Notices, c.Notice)} }

func (c *AcknowledgeNotice) own(d *draft) bool { return d.addressed(c.Notice) }

// decide lets only the addressee acknowledge: with a key of his own, or signed in at a device.
func (c *AcknowledgeNotice) decide(d *draft) *Fault {
	ref := recordRef(Notices, c.Notice)
	n, ok := look[*Notice](d, ref)
	switch {
	case !ok || n.Site != d.ID:
		return notFound("notice", string(c.Notice))
	case !d.addressed(c.Notice):
		return forbidden("not_addressed", "", "staff", string(d.env.By.Staff))
	case n.Next == nil:
		return refused("acknowledged", "")
	}
	n = edit[*Notice](d, ref)
	n.AcknowledgedAt, n.Next = d.now, nil
	d.subject = ref
	d.fact(FactAcknowledged, "", n.ID, "by", string(n.To))
	return nil
}

// addressed reports whether the actor is the one who was told.
func (d *draft) addressed(id RecordID) bool {
	n, ok := look[*Notice](d, recordRef(Notices, id))
	return ok && n.Site == d.ID && n.To != "" && n.To == d.env.By.Staff
}
