package workflow

import "slices"

// About describes the command.
func (*CreateSite) About() About {
	return About{Kind: "create_site", May: administrators}
}

// Needs names the records beyond the board.
func (*CreateSite) Needs(*Board) []Ref { return nil }

func (c *CreateSite) texts() []string {
	var all []string
	for _, n := range c.Staff {
		all = append(all, string(n.Staff), string(n.Team))
	}
	return all
}

// About describes the command.
func (*ChangeSite) About() About {
	return About{Kind: "change_site", May: administration, Scope: ScopeOffice}
}

// Needs names the records beyond the board.
func (*ChangeSite) Needs(*Board) []Ref { return nil }

func (c *ChangeSite) texts() []string {
	if c.Consent == nil {
		return nil
	}
	return []string{c.Consent.Zh, c.Consent.En}
}

// About describes the command.
func (*AdoptPolicy) About() About {
	return About{Kind: "adopt_policy", May: managers, Rule: "P1-51", Scope: ScopeOffice}
}

// Needs names the records beyond the board.
func (*AdoptPolicy) Needs(*Board) []Ref { return nil }

// About describes the command.
func (*AddStaff) About() About {
	return About{Kind: "add_staff", May: administration, Scope: ScopeOffice}
}

// Needs names the records beyond the board.
func (*AddStaff) Needs(*Board) []Ref { return nil }

func (c *AddStaff) decide(d *draft) *Fault { return d.addStaff(c.NewStaff) }

func (c *AddStaff) texts() []string { return []string{string(c.Staff), string(c.Team)} }

// About describes the command.
func (*ChangeStaff) About() About {
	return About{Kind: "change_staff", May: administration, Scope: ScopeOffice}
}

// Needs names the records beyond the board.
func (*ChangeStaff) Needs(*Board) []Ref { return nil }

// About describes the command.
func (*MakeKey) About() About {
	return About{Kind: "make_key", May: administration, Scope: ScopeOffice}
}

// Needs names the records beyond the board.
func (c *MakeKey) Needs(*Board) []Ref { return []Ref{keyRef(c.Key)} }

// About describes the command.
func (*RotateKey) About() About {
	return About{Kind: "rotate_key", May: administration, Scope: ScopeOffice}
}

// Needs names the records beyond the board.
func (c *RotateKey) Needs(*Board) []Ref { return []Ref{keyRef(c.Key)} }

// About describes the command.
func (*RevokeKey) About() About {
	return About{
		Kind: "revoke_key", May: keyEnders,
		Scope: ScopeOffice,
	}
}

// Needs names the records beyond the board.
func (c *RevokeKey) Needs(*Board) []Ref { return []Ref{keyRef(c.Key)} }

// About describes the command.
func (*OpenDay) About() About {
	return About{Kind: "open_day", May: receptionists, Scope: ScopeOffice}
}

// Needs names the records beyond the board.
func (*OpenDay) Needs(b *Board) []Ref { return b.tableOfDay() }

// About describes the command.
func (*CloseDay) About() About {
	return About{Kind: "close_day", May: receptionists, Scope: ScopeOffice}
}

// Needs names the records beyond the board.
func (*CloseDay) Needs(b *Board) []Ref { return b.tableOfDay() }

// About describes the command.
func (*Reorder) About() About { return About{Kind: "reorder", May: referees, Rule: "P1-08"} }

// Needs names the records beyond the board.
func (*Reorder) Needs(*Board) []Ref { return nil }

func (c *Reorder) texts() []string { return []string{c.Reason} }

func (c *Reorder) note(site SiteID) (NoteID, Ref) { return c.Note, liveRotaRef(site) }

// About describes the command.
func (*GrantMakeUp) About() About {
	return About{
		Kind: "grant_make_up", May: approvers,
		Rule: "P1-08",
	}
}

// Needs names the records beyond the board.
func (*GrantMakeUp) Needs(*Board) []Ref { return nil }

func (c *GrantMakeUp) texts() []string { return []string{c.Reason} }

// About describes the command.
func (*StartEvent) About() About {
	return About{Kind: "start_event", May: managers, Rule: "P1-05"}
}

// Needs names the records beyond the board.
func (*StartEvent) Needs(*Board) []Ref { return nil }

// About describes the command.
func (*EndEvent) About() About { return About{Kind: "end_event", May: managers, Rule: "P1-05"} }

// Needs names the records beyond the board.
func (*EndEvent) Needs(*Board) []Ref { return nil }

func (*EndEvent) decide(d *draft) *Fault { return d.endEvent() }

// About describes the command.
func (*ChangeRoster) About() About {
	return About{Kind: "change_roster", May: managers, Rule: "P1-02"}
}

// Needs names the records beyond the board.
func (*ChangeRoster) Needs(*Board) []Ref { return nil }

func (c *ChangeRoster) texts() []string {
	var all []string
	for _, u := range c.Add {
		all = append(all, string(u.ID))
	}
	return all
}

// About describes the command.
func (*Leave) About() About { return About{Kind: "leave", May: receptionists} }

// Needs names the records beyond the board.
func (*Leave) Needs(*Board) []Ref { return nil }

func (c *Leave) own(d *draft) bool { return c.Who == d.env.By.Staff }

// About describes the command.
func (*Return) About() About { return About{Kind: "return", May: receptionists} }

// Needs names the records beyond the board.
func (*Return) Needs(*Board) []Ref { return nil }

func (c *Return) decide(d *draft) *Fault { return d.comeBack(c.Who) }

func (c *Return) own(d *draft) bool { return c.Who == d.env.By.Staff }

// About describes the command.
func (*Busy) About() About { return About{Kind: "busy", May: receptionists} }

// Needs names the records beyond the board.
func (*Busy) Needs(*Board) []Ref { return nil }

func (c *Busy) own(d *draft) bool { return c.Who == d.env.By.Staff }

// About describes the command.
func (*Free) About() About { return About{Kind: "free", May: receptionists} }

// Needs names the records beyond the board.
func (*Free) Needs(*Board) []Ref { return nil }

func (c *Free) decide(d *draft) *Fault { return d.freed(c.Who) }

func (c *Free) own(d *draft) bool { return c.Who == d.env.By.Staff }

// About describes the command.
func (*ArriveVisit) About() About {
	return About{Kind: "arrive_visit", May: announcers}
}

// Needs names the records beyond the board.
func (c *ArriveVisit) Needs(b *Board) []Ref {
	refs := append(c.Identify.needs(), customerRef(c.Customer))
	if c.Assign && b.helpMatters() {
		refs = append(refs, b.customersInHouse()...)
	}
	return refs
}

func (c *ArriveVisit) texts() []string {
	if c.Identify == nil {
		return []string{c.Channel}
	}
	return []string{c.Channel, c.Identify.Purpose}
}

// About describes the command.
func (*IdentifyVisit) About() About {
	return About{Kind: "identify_visit", Event: EventIdentify, May: receptionists, Rule: "P1-12a"}
}

// Needs names the records beyond the board.
func (c *IdentifyVisit) Needs(b *Board) []Ref {
	return append(b.visitNeeds(c.Visit), c.Identity.needs()...)
}

func (c *IdentifyVisit) decide(d *draft) *Fault { return d.identify(c.Visit, &c.Identity) }

func (c *IdentifyVisit) texts() []string { return []string{c.Purpose} }

// About describes the command.
func (*RecogniseVisit) About() About {
	return About{Kind: "recognise_visit", Event: EventRecognise, May: receptionists, Rule: "P1-14"}
}

// Needs names the records beyond the board.
func (c *RecogniseVisit) Needs(b *Board) []Ref {
	return append(b.visitNeeds(c.Visit), customerRef(c.Customer))
}

func (c *RecogniseVisit) own(d *draft) bool { return c.Who == d.env.By.Staff }

// About describes the command.
func (*AssignVisit) About() About {
	return About{Kind: "assign_visit", Event: EventAssign, May: receptionists, Rule: "P1-06"}
}

// Needs names the records beyond the board.
func (c *AssignVisit) Needs(b *Board) []Ref {
	refs := b.visitNeeds(c.Visit)
	if b.helpMatters() {
		return append(refs, b.customersInHouse()...)
	}
	for _, v := range b.open { // whether somebody may stand in depends on whom the other one is with
		if c.StandIn != nil && v.Server == c.StandIn.For {
			refs = append(refs, customerRef(v.Customer))
		}
	}
	return refs
}

func (c *AssignVisit) texts() []string { return []string{c.Reason} }

func (c *AssignVisit) note(SiteID) (NoteID, Ref) { return c.Note, visitRef(c.Visit) }

// About describes the command.
func (*ReidentifyVisit) About() About {
	return About{
		Kind: "reidentify_visit", Event: EventReidentify,
		May: receptionists, Rule: "P1-12a",
	}
}

// Needs names the records beyond the board.
func (c *ReidentifyVisit) Needs(b *Board) []Ref {
	return append(b.visitNeeds(c.Visit), c.Identity.needs()...)
}

func (c *ReidentifyVisit) own(d *draft) bool { return d.ownVisit(c.Visit) }

func (c *ReidentifyVisit) texts() []string { return []string{c.Purpose} }

// About describes the command.
func (*ServeVisit) About() About {
	return About{Kind: "serve_visit", Event: EventServe, May: receptionists}
}

// Needs names the records beyond the board.
func (c *ServeVisit) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

func (c *ServeVisit) own(d *draft) bool { return d.ownVisit(c.Visit) }

// About describes the command.
func (*RegisterVisit) About() About {
	return About{Kind: "register_visit", Event: EventRegister, May: receptionists}
}

// Needs names the records beyond the board.
func (c *RegisterVisit) Needs(b *Board) []Ref {
	refs := append(b.visitNeeds(c.Visit), customerRef(c.Matches))
	if v, ok := b.records[visitRef(c.Visit)].(*Visit); ok && v.Customer == "" {
		refs = append(refs, customerRef(c.Customer))
	}
	return refs
}

func (c *RegisterVisit) own(d *draft) bool { return d.ownVisit(c.Visit) }

func (c *RegisterVisit) texts() []string {
	f := c.Form
	if f == nil {
		return nil
	}
	return []string{f.Channel, f.Purpose, f.District, f.Layout, f.BudgetBand, f.Intent}
}

func (c *RegisterVisit) note(SiteID) (NoteID, Ref) {
	if c.Form == nil {
		return "", Ref{}
	}
	return c.Form.Note, visitRef(c.Visit)
}

// About describes the command.
func (*AbandonVisit) About() About {
	return About{Kind: "abandon_visit", Event: EventAbandon, May: receptionists}
}

// Needs names the records beyond the board.
func (c *AbandonVisit) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

func (c *AbandonVisit) texts() []string { return []string{c.Reason} }

func (c *AbandonVisit) note(SiteID) (NoteID, Ref) { return c.Note, visitRef(c.Visit) }

// About describes the command.
func (*MergeVisit) About() About {
	return About{Kind: "merge_visit", Event: EventMerge, May: receptionists}
}

// Needs names the records beyond the board.
func (c *MergeVisit) Needs(b *Board) []Ref {
	return append(b.visitNeeds(c.Visit), b.visitNeeds(c.Into)...)
}

// About describes the command.
func (*ChangeLead) About() About {
	return About{Kind: "change_lead", Event: EventChange, May: referees, Rule: "P1-16a"}
}

// Needs names the records beyond the board.
func (c *ChangeLead) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

func (c *ChangeLead) texts() []string { return []string{c.Reason} }

func (c *ChangeLead) note(SiteID) (NoteID, Ref) { return c.Note, visitRef(c.Visit) }

// About describes the command.
func (*HandOver) About() About {
	return About{Kind: "hand_over", Event: EventHandOver, May: receptionists, Rule: "P1-16a"}
}

// Needs names the records beyond the board.
func (c *HandOver) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

func (c *HandOver) own(d *draft) bool { return d.ownVisit(c.Visit) }

// About describes the command.
func (*AddAssistant) About() About {
	return About{Kind: "add_assistant", Event: EventAddAssistant, May: referees, Rule: "P1-32"}
}

// Needs names the records beyond the board.
func (c *AddAssistant) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

// own: whom he may invite is judged where the article is.
func (*AddAssistant) own(*draft) bool { return true }

// About describes the command.
func (*RecordFollowUp) About() About { return About{Kind: "record_follow_up", May: clerks} }

// Needs names the records beyond the board.
func (c *RecordFollowUp) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

func (c *RecordFollowUp) own(d *draft) bool { return d.ownCustomer(c.Customer) && d.himself(c.By) }

func (c *RecordFollowUp) texts() []string { return []string{c.Channel} }

func (c *RecordFollowUp) note(SiteID) (NoteID, Ref) { return c.Note, customerRef(c.Customer) }

// About describes the command.
func (*RecordDeal) About() About { return About{Kind: "record_deal", May: clerks} }

// Needs names the records beyond the board.
func (c *RecordDeal) Needs(b *Board) []Ref { return b.customerAndVisits(c.Customer) }

func (c *RecordDeal) texts() []string { return []string{c.Unit} }

// About describes the command.
func (*ReassignCustomer) About() About {
	return About{Kind: "reassign_customer", May: managers, Rule: "P1-51"}
}

// Needs names the records beyond the board.
func (c *ReassignCustomer) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

func (c *ReassignCustomer) texts() []string { return []string{c.Reason} }

func (c *ReassignCustomer) note(SiteID) (NoteID, Ref) { return c.Note, customerRef(c.Customer) }

// About describes the command.
func (*CoverCustomer) About() About {
	return About{Kind: "cover_customer", May: referees, Rule: "P1-37"}
}

// Needs names the records beyond the board.
func (c *CoverCustomer) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

func (c *CoverCustomer) texts() []string { return []string{c.Reason} }

// About describes the command.
func (*ImportCustomer) About() About {
	return About{Kind: "import_customer", May: managers, Scope: ScopeOffice}
}

// Needs names the records beyond the board.
func (c *ImportCustomer) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

func (c *ImportCustomer) texts() []string { return []string{string(c.Owner)} }

// About describes the command.
func (*SearchCustomer) About() About {
	return About{Kind: "search_customer", May: everybody, Scope: ScopePerson}
}

// Needs names the records beyond the board.
func (c *SearchCustomer) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

// About describes the command.
func (*ShowPerson) About() About {
	return About{Kind: "show_person", May: clerks, Scope: ScopePerson}
}

// Needs names the records beyond the board.
func (c *ShowPerson) Needs(b *Board) []Ref { return b.customerAndVisits(c.Customer) }

func (c *ShowPerson) own(d *draft) bool { return d.ownCustomer(c.Customer) }

func (c *ShowPerson) texts() []string { return []string{c.Reason} }

// About describes the command.
func (*ChangePerson) About() About {
	return About{Kind: "change_person", May: clerks, Scope: ScopePerson}
}

// Needs names the records beyond the board.
func (c *ChangePerson) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

func (c *ChangePerson) own(d *draft) bool { return d.ownCustomer(c.Customer) }

// About describes the command.
func (*ErasePerson) About() About {
	return About{Kind: "erase_person", May: managers, Scope: ScopePerson}
}

// Needs names the records beyond the board.
func (c *ErasePerson) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

// About describes the command.
func (*ShowNote) About() About {
	return About{Kind: "show_note", May: everybody, Scope: ScopePerson}
}

// Needs names the records beyond the board.
func (c *ShowNote) Needs(b *Board) []Ref {
	switch c.Of.Collection {
	case Visits:
		return b.visitNeeds(VisitID(c.Of.ID))
	case Customers:
		return b.customerAndVisits(CustomerID(c.Of.ID))
	case Disputes:
		return b.disputeNeeds(RecordID(c.Of.ID))
	}
	return []Ref{c.Of}
}

func (c *ShowNote) texts() []string { return []string{c.Reason} }

// About describes the command.
func (*EraseNote) About() About {
	return About{Kind: "erase_note", May: managers, Scope: ScopePerson}
}

// Needs names the records beyond the board.
func (*EraseNote) Needs(*Board) []Ref { return nil }

// About describes the command.
func (*TakeCall) About() About { return About{Kind: "take_call", May: receptionists} }

// Needs names the records beyond the board.
func (c *TakeCall) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

// own: he answers the telephone whoever is asked for.
func (c *TakeCall) own(d *draft) bool { return c.Customer == "" || d.ownCustomer(c.Customer) }

func (c *TakeCall) note(SiteID) (NoteID, Ref) { return c.Note, recordRef(Calls, c.Call) }

// About describes the command.
func (*RequestApproval) About() About {
	return About{Kind: "request_approval", May: receptionists, Rule: "P1-24"}
}

// Needs names the records beyond the board.
func (*RequestApproval) Needs(*Board) []Ref { return nil }

func (c *RequestApproval) own(d *draft) bool { return d.himself(c.By) }

func (c *RequestApproval) texts() []string { return []string{c.Subject} }

func (c *RequestApproval) note(SiteID) (NoteID, Ref) { return c.Note, recordRef(Approvals, c.Approval) }

// About describes the command.
func (*DecideApproval) About() About {
	return About{Kind: "decide_approval", May: referees, Rule: "P1-24"}
}

// Needs names the records beyond the board.
func (c *DecideApproval) Needs(*Board) []Ref { return []Ref{recordRef(Approvals, c.Approval)} }

// About describes the command.
func (*OpenDispute) About() About {
	return About{Kind: "open_dispute", May: referees, Rule: "P1-35"}
}

// Needs names the records beyond the board.
func (c *OpenDispute) Needs(b *Board) []Ref { return b.customerAndVisits(c.Customer) }

func (c *OpenDispute) own(d *draft) bool {
	return slices.Contains(c.Claimants, d.env.By.Staff) && (d.ownCustomer(c.Customer) || d.received(c.Customer))
}

func (c *OpenDispute) note(SiteID) (NoteID, Ref) { return c.Note, recordRef(Disputes, c.Dispute) }

// About describes the command.
func (*MakeRuling) About() About {
	return About{Kind: "make_ruling", May: managers, Rule: "P1-51"}
}

// Needs names the records beyond the board.
func (c *MakeRuling) Needs(b *Board) []Ref { return b.disputeNeeds(c.Dispute) }

func (c *MakeRuling) note(SiteID) (NoteID, Ref) { return c.Note, recordRef(Rulings, c.Ruling) }

// About describes the command.
func (*NoteConduct) About() About {
	return About{Kind: "note_conduct", May: referees, Rule: "P1-31"}
}

// Needs names the records beyond the board.
func (*NoteConduct) Needs(*Board) []Ref { return nil }

func (c *NoteConduct) texts() []string { return []string{c.Rule} }

func (c *NoteConduct) note(SiteID) (NoteID, Ref) { return c.Note, recordRef(Conduct, c.Conduct) }

// About describes the command.
func (*CompleteCheck) About() About { return About{Kind: "complete_check", May: receptionists} }

// Needs names the records beyond the board.
func (c *CompleteCheck) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

func (c *CompleteCheck) own(d *draft) bool {
	return d.himself(c.By) && (c.Visit == "" || d.ownVisit(c.Visit))
}

func (c *CompleteCheck) texts() []string { return []string{c.Item} }

// About describes the command.
func (*GiveCard) About() About {
	return About{Kind: "give_card", May: receptionists, Rule: "P1-33"}
}

// Needs names the records beyond the board.
func (c *GiveCard) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

// own: to a colleague's customer too: the owner is told.
func (c *GiveCard) own(d *draft) bool { return d.himself(c.By) }

// About describes the command.
func (*VacateSeat) About() About {
	return About{Kind: "vacate_seat", May: everybody, Rule: "P2-04"}
}

// Needs names the records beyond the board.
func (*VacateSeat) Needs(*Board) []Ref { return nil }

// About describes the command.
func (*NotifySeat) About() About {
	return About{Kind: "notify_seat", May: receptionists, Rule: "P2-04"}
}

// Needs names the records beyond the board.
func (*NotifySeat) Needs(*Board) []Ref { return nil }

func (c *NotifySeat) own(d *draft) bool { return c.From == d.env.By.Staff }

// About describes the command.
func (*FillSeat) About() About {
	return About{Kind: "fill_seat", May: receptionists, Rule: "P2-04"}
}

// Needs names the records beyond the board.
func (*FillSeat) Needs(*Board) []Ref { return nil }

func (c *FillSeat) own(d *draft) bool { return d.himself(c.By) }

// About describes the command.
func (*CheckVacancy) About() About {
	return About{Kind: "check_vacancy", May: receptionists, Rule: "P2-04"}
}

// Needs names the records beyond the board.
func (*CheckVacancy) Needs(*Board) []Ref { return nil }

func (*CheckVacancy) decide(d *draft) *Fault { return d.checkVacancy() }

// About describes the command.
func (*RemindWaiting) About() About { return About{Kind: "remind_waiting"} }

// Needs names the records beyond the board.
func (c *RemindWaiting) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }
