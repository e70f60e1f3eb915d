package workflow

// This file ties each command to its name and to the records beyond the board that it names.

// visitNeeds names a visit, the customers an identity speaks of, and further customers.
func visitNeeds(v VisitID, id *Identity, more ...CustomerID) []Ref {
	var refs []Ref
	if v != "" {
		refs = append(refs, visitRef(v))
	}
	if id != nil {
		more = append(more, id.Customer, id.BroughtBy)
	}
	for _, c := range more {
		if c != "" {
			refs = append(refs, customerRef(c))
		}
	}
	return refs
}

func (*CreateSite) command() {}

// Kind names the command.
func (*CreateSite) Kind() Kind { return KindCreateSite }

// Needs names the records beyond the board.
func (*CreateSite) Needs() []Ref { return nil }

func (*ChangeSite) command() {}

// Kind names the command.
func (*ChangeSite) Kind() Kind { return KindChangeSite }

// Needs names the records beyond the board.
func (*ChangeSite) Needs() []Ref { return nil }

func (*AdoptPolicy) command() {}

// Kind names the command.
func (*AdoptPolicy) Kind() Kind { return KindAdoptPolicy }

// Needs names the records beyond the board.
func (*AdoptPolicy) Needs() []Ref { return nil }

func (*AddStaff) command() {}

// Kind names the command.
func (*AddStaff) Kind() Kind { return KindAddStaff }

// Needs names the records beyond the board.
func (*AddStaff) Needs() []Ref { return nil }

func (*ChangeStaff) command() {}

// Kind names the command.
func (*ChangeStaff) Kind() Kind { return KindChangeStaff }

// Needs names the records beyond the board.
func (*ChangeStaff) Needs() []Ref { return nil }

func (*MakeKey) command() {}

// Kind names the command.
func (*MakeKey) Kind() Kind { return KindMakeKey }

// Needs names the records beyond the board.
func (c *MakeKey) Needs() []Ref { return []Ref{keyRef(c.Key)} }

func (*RotateKey) command() {}

// Kind names the command.
func (*RotateKey) Kind() Kind { return KindRotateKey }

// Needs names the records beyond the board.
func (c *RotateKey) Needs() []Ref { return []Ref{keyRef(c.Key)} }

func (*RevokeKey) command() {}

// Kind names the command.
func (*RevokeKey) Kind() Kind { return KindRevokeKey }

// Needs names the records beyond the board.
func (c *RevokeKey) Needs() []Ref { return []Ref{keyRef(c.Key)} }

func (*OpenDay) command() {}

// Kind names the command.
func (*OpenDay) Kind() Kind { return KindOpenDay }

// Needs names the records beyond the board.
func (*OpenDay) Needs() []Ref { return nil }

func (*CloseDay) command() {}

// Kind names the command.
func (*CloseDay) Kind() Kind { return KindCloseDay }

// Needs names the records beyond the board.
func (*CloseDay) Needs() []Ref { return nil }

func (*Reorder) command() {}

// Kind names the command.
func (*Reorder) Kind() Kind { return KindReorder }

// Needs names the records beyond the board.
func (*Reorder) Needs() []Ref { return nil }

func (*GrantMakeUp) command() {}

// Kind names the command.
func (*GrantMakeUp) Kind() Kind { return KindGrantMakeUp }

// Needs names the records beyond the board.
func (*GrantMakeUp) Needs() []Ref { return nil }

func (*StartEvent) command() {}

// Kind names the command.
func (*StartEvent) Kind() Kind { return KindStartEvent }

// Needs names the records beyond the board.
func (*StartEvent) Needs() []Ref { return nil }

func (*EndEvent) command() {}

// Kind names the command.
func (*EndEvent) Kind() Kind { return KindEndEvent }

// Needs names the records beyond the board.
func (*EndEvent) Needs() []Ref { return nil }

func (*ChangeRoster) command() {}

// Kind names the command.
func (*ChangeRoster) Kind() Kind { return KindChangeRoster }

// Needs names the records beyond the board.
func (*ChangeRoster) Needs() []Ref { return nil }

func (*Leave) command() {}

// Kind names the command.
func (*Leave) Kind() Kind { return KindLeave }

// Needs names the records beyond the board.
func (*Leave) Needs() []Ref { return nil }

func (*Return) command() {}

// Kind names the command.
func (*Return) Kind() Kind { return KindReturn }

// Needs names the records beyond the board.
func (*Return) Needs() []Ref { return nil }

func (*Busy) command() {}

// Kind names the command.
func (*Busy) Kind() Kind { return KindBusy }

// Needs names the records beyond the board.
func (*Busy) Needs() []Ref { return nil }

func (*Free) command() {}

// Kind names the command.
func (*Free) Kind() Kind { return KindFree }

// Needs names the records beyond the board.
func (*Free) Needs() []Ref { return nil }

func (*ArriveVisit) command() {}

// Kind names the command.
func (*ArriveVisit) Kind() Kind { return KindArriveVisit }

// Needs names the records beyond the board.
func (c *ArriveVisit) Needs() []Ref { return visitNeeds("", c.Identify, c.Customer) }

func (*IdentifyVisit) command() {}

// Kind names the command.
func (*IdentifyVisit) Kind() Kind { return KindIdentifyVisit }

// Needs names the records beyond the board.
func (c *IdentifyVisit) Needs() []Ref { return visitNeeds(c.Visit, &c.Identity) }

func (*RecogniseVisit) command() {}

// Kind names the command.
func (*RecogniseVisit) Kind() Kind { return KindRecogniseVisit }

// Needs names the records beyond the board.
func (c *RecogniseVisit) Needs() []Ref { return visitNeeds(c.Visit, nil, c.Customer) }

func (*AssignVisit) command() {}

// Kind names the command.
func (*AssignVisit) Kind() Kind { return KindAssignVisit }

// Needs names the records beyond the board.
func (c *AssignVisit) Needs() []Ref { return visitNeeds(c.Visit, nil) }

func (*ReidentifyVisit) command() {}

// Kind names the command.
func (*ReidentifyVisit) Kind() Kind { return KindReidentifyVisit }

// Needs names the records beyond the board.
func (c *ReidentifyVisit) Needs() []Ref { return visitNeeds(c.Visit, &c.Identity) }

func (*ServeVisit) command() {}

// Kind names the command.
func (*ServeVisit) Kind() Kind { return KindServeVisit }

// Needs names the records beyond the board.
func (c *ServeVisit) Needs() []Ref { return visitNeeds(c.Visit, nil) }

func (*RegisterVisit) command() {}

// Kind names the command.
func (*RegisterVisit) Kind() Kind { return KindRegisterVisit }

// Needs names the records beyond the board.
func (c *RegisterVisit) Needs() []Ref { return visitNeeds(c.Visit, nil, c.Matches) }

func (*AbandonVisit) command() {}

// Kind names the command.
func (*AbandonVisit) Kind() Kind { return KindAbandonVisit }

// Needs names the records beyond the board.
func (c *AbandonVisit) Needs() []Ref { return visitNeeds(c.Visit, nil) }

func (*MergeVisit) command() {}

// Kind names the command.
func (*MergeVisit) Kind() Kind { return KindMergeVisit }

// Needs names the records beyond the board.
func (c *MergeVisit) Needs() []Ref { return append(visitNeeds(c.Visit, nil), visitRef(c.Into)) }

func (*ChangeLead) command() {}

// Kind names the command.
func (*ChangeLead) Kind() Kind { return KindChangeLead }

// Needs names the records beyond the board.
func (c *ChangeLead) Needs() []Ref { return visitNeeds(c.Visit, nil) }

func (*HandOver) command() {}

// Kind names the command.
func (*HandOver) Kind() Kind { return KindHandOver }

// Needs names the records beyond the board.
func (c *HandOver) Needs() []Ref { return visitNeeds(c.Visit, nil) }

func (*AddAssistant) command() {}

// Kind names the command.
func (*AddAssistant) Kind() Kind { return KindAddAssistant }

// Needs names the records beyond the board.
func (c *AddAssistant) Needs() []Ref { return visitNeeds(c.Visit, nil) }

func (*RecordFollowUp) command() {}

// Kind names the command.
func (*RecordFollowUp) Kind() Kind { return KindRecordFollowUp }

// Needs names the records beyond the board.
func (c *RecordFollowUp) Needs() []Ref { return []Ref{customerRef(c.Customer)} }

func (*RecordDeal) command() {}

// Kind names the command.
func (*RecordDeal) Kind() Kind { return KindRecordDeal }

// Needs names the records beyond the board.
func (c *RecordDeal) Needs() []Ref { return []Ref{customerRef(c.Customer)} }

func (*ReassignCustomer) command() {}

// Kind names the command.
func (*ReassignCustomer) Kind() Kind { return KindReassignCustomer }

// Needs names the records beyond the board.
func (c *ReassignCustomer) Needs() []Ref { return []Ref{customerRef(c.Customer)} }

func (*CoverCustomer) command() {}

// Kind names the command.
func (*CoverCustomer) Kind() Kind { return KindCoverCustomer }

// Needs names the records beyond the board.
func (c *CoverCustomer) Needs() []Ref { return []Ref{customerRef(c.Customer)} }

func (*ImportCustomer) command() {}

// Kind names the command.
func (*ImportCustomer) Kind() Kind { return KindImportCustomer }

// Needs names the records beyond the board.
func (c *ImportCustomer) Needs() []Ref { return []Ref{customerRef(c.Customer)} }

func (*SearchCustomer) command() {}

// Kind names the command.
func (*SearchCustomer) Kind() Kind { return KindSearchCustomer }

// Needs names the records beyond the board.
func (c *SearchCustomer) Needs() []Ref { return []Ref{customerRef(c.Customer)} }

func (*ShowPerson) command() {}

// Kind names the command.
func (*ShowPerson) Kind() Kind { return KindShowPerson }

// Needs names the records beyond the board.
func (c *ShowPerson) Needs() []Ref { return []Ref{customerRef(c.Customer)} }

func (*ChangePerson) command() {}

// Kind names the command.
func (*ChangePerson) Kind() Kind { return KindChangePerson }

// Needs names the records beyond the board.
func (c *ChangePerson) Needs() []Ref { return []Ref{customerRef(c.Customer)} }

func (*ErasePerson) command() {}

// Kind names the command.
func (*ErasePerson) Kind() Kind { return KindErasePerson }

// Needs names the records beyond the board.
func (c *ErasePerson) Needs() []Ref { return []Ref{customerRef(c.Customer)} }

func (*ShowNote) command() {}

// Kind names the command.
func (*ShowNote) Kind() Kind { return KindShowNote }

// Needs names the records beyond the board.
func (c *ShowNote) Needs() []Ref { return []Ref{c.Of} }

func (*EraseNote) command() {}

// Kind names the command.
func (*EraseNote) Kind() Kind { return KindEraseNote }

// Needs names the records beyond the board.
func (*EraseNote) Needs() []Ref { return nil }

func (*TakeCall) command() {}

// Kind names the command.
func (*TakeCall) Kind() Kind { return KindTakeCall }

// Needs names the records beyond the board.
func (c *TakeCall) Needs() []Ref { return visitNeeds("", nil, c.Customer) }

func (*RequestApproval) command() {}

// Kind names the command.
func (*RequestApproval) Kind() Kind { return KindRequestApproval }

// Needs names the records beyond the board.
func (*RequestApproval) Needs() []Ref { return nil }

func (*DecideApproval) command() {}

// Kind names the command.
func (*DecideApproval) Kind() Kind { return KindDecideApproval }

// Needs names the records beyond the board.
func (c *DecideApproval) Needs() []Ref { return []Ref{recordRef(Approvals, c.Approval)} }

func (*OpenDispute) command() {}

// Kind names the command.
func (*OpenDispute) Kind() Kind { return KindOpenDispute }

// Needs names the records beyond the board.
func (c *OpenDispute) Needs() []Ref { return []Ref{customerRef(c.Customer)} }

func (*MakeRuling) command() {}

// Kind names the command.
func (*MakeRuling) Kind() Kind { return KindMakeRuling }

// Needs names the records beyond the board.
func (c *MakeRuling) Needs() []Ref { return []Ref{recordRef(Disputes, c.Dispute)} }

func (*NoteConduct) command() {}

// Kind names the command.
func (*NoteConduct) Kind() Kind { return KindNoteConduct }

// Needs names the records beyond the board.
func (*NoteConduct) Needs() []Ref { return nil }

func (*CompleteCheck) command() {}

// Kind names the command.
func (*CompleteCheck) Kind() Kind { return KindCompleteCheck }

// Needs names the records beyond the board.
func (c *CompleteCheck) Needs() []Ref { return []Ref{visitRef(c.Visit)} }

func (*GiveCard) command() {}

// Kind names the command.
func (*GiveCard) Kind() Kind { return KindGiveCard }

// Needs names the records beyond the board.
func (c *GiveCard) Needs() []Ref { return []Ref{customerRef(c.Customer)} }

func (*VacateSeat) command() {}

// Kind names the command.
func (*VacateSeat) Kind() Kind { return KindVacateSeat }

// Needs names the records beyond the board.
func (*VacateSeat) Needs() []Ref { return nil }

func (*NotifySeat) command() {}

// Kind names the command.
func (*NotifySeat) Kind() Kind { return KindNotifySeat }

// Needs names the records beyond the board.
func (*NotifySeat) Needs() []Ref { return nil }

func (*FillSeat) command() {}

// Kind names the command.
func (*FillSeat) Kind() Kind { return KindFillSeat }

// Needs names the records beyond the board.
func (*FillSeat) Needs() []Ref { return nil }

func (*CheckVacancy) command() {}

// Kind names the command.
func (*CheckVacancy) Kind() Kind { return KindCheckVacancy }

// Needs names the records beyond the board.
func (*CheckVacancy) Needs() []Ref { return nil }

func (*RemindWaiting) command() {}

// Kind names the command.
func (*RemindWaiting) Kind() Kind { return KindRemindWaiting }

// Needs names the records beyond the board.
func (c *RemindWaiting) Needs() []Ref { return visitNeeds(c.Visit, nil) }
