package workflow

// Decide is the one decision function: what the board and the policy in force say to a command. It is pure: the same
// board, envelope and command give the same commit, byte for byte, and the board is not changed. A refusal is a *Fault.
// The board must hold every record that b.Needs(cmd) names.
func Decide(b *Board, env Envelope, cmd Command) (*Commit, *Fault) {
	d := newDraft(b, env)
	if f := d.ready(cmd); f != nil {
		return nil, f
	}
	if f := d.authorise(cmd); f != nil {
		return nil, f
	}
	if f := checkShort(cmd); f != nil {
		return nil, f
	}
	d.openByItself(cmd)
	if f := d.run(cmd); f != nil {
		return nil, f
	}
	if f := d.refuseNote(cmd); f != nil {
		return nil, f
	}
	if d.rota() != nil && !aboutPersons(cmd) {
		d.rejoin()
		d.deliver()
	}
	c, err := d.commit(cmd)
	if err != nil {
		return nil, invalid("unencodable")
	}
	return c, nil
}

// ready: a site is created once, before anything else.
func (d *draft) ready(cmd Command) *Fault {
	_, create := cmd.(*CreateSite)
	switch {
	case create && d.site() != nil:
		return refused("site_exists", "", "id", string(d.ID))
	case !create && d.site() == nil:
		return notFound("site", string(d.ID))
	}
	return nil
}

// run carries a command out on the draft.
func (d *draft) run(cmd Command) *Fault { //nolint:gocyclo // one switch over the closed set of commands
	switch c := cmd.(type) {
	case *CreateSite:
		return d.createSite(c)
	case *ChangeSite:
		return d.changeSite(c)
	case *AdoptPolicy:
		return d.adoptPolicy(c)
	case *AddStaff:
		return d.addStaff(c.NewStaff)
	case *ChangeStaff:
		return d.changeStaff(c)
	case *MakeKey:
		return d.makeKey(c)
	case *RotateKey:
		return d.rotateKey(c)
	case *RevokeKey:
		return d.revokeKey(c)
	case *OpenDay:
		return d.openDay(c)
	case *CloseDay:
		return d.closeDay(c)
	case *Reorder:
		return d.reorder(c)
	case *GrantMakeUp:
		return d.grantMakeUp(c)
	case *StartEvent:
		return d.startEvent(c)
	case *EndEvent:
		return d.endEvent()
	case *ChangeRoster:
		return d.changeRoster(c)
	case *Leave:
		return d.leave(c)
	case *Return:
		return d.comeBack(c.Who)
	case *Busy:
		return d.busy(c)
	case *Free:
		return d.freed(c.Who)
	case *ArriveVisit:
		return d.arrive(c)
	case *IdentifyVisit:
		return d.identify(c.Visit, &c.Identity)
	case *RecogniseVisit:
		return d.recognise(c)
	case *AssignVisit:
		return d.assignVisit(c)
	case *ReidentifyVisit:
		return d.reidentify(c)
	case *ServeVisit:
		return d.serve(c)
	case *RegisterVisit:
		return d.register(c)
	case *AbandonVisit:
		return d.abandon(c)
	case *MergeVisit:
		return d.merge(c)
	case *ChangeLead:
		return d.changeLead(c)
	case *HandOver:
		return d.handOver(c)
	case *AddAssistant:
		return d.addAssistant(c)
	case *RecordFollowUp:
		return d.followUp(c)
	case *RecordDeal:
		return d.recordDeal(c)
	case *ReassignCustomer:
		return d.reassign(c)
	case *CoverCustomer:
		return d.cover(c)
	case *ImportCustomer:
		return d.importCustomer(c)
	case *SearchCustomer:
		return d.searched(c)
	case *ShowPerson:
		return d.showPerson(c)
	case *ChangePerson:
		return d.changePerson(c)
	case *ErasePerson:
		return d.erasePerson(c)
	case *ShowNote:
		return d.showNote(c)
	case *EraseNote:
		return d.eraseNote(c)
	case *TakeCall:
		return d.takeCall(c)
	case *RequestApproval:
		return d.requestApproval(c)
	case *DecideApproval:
		return d.decideApproval(c)
	case *OpenDispute:
		return d.openDispute(c)
	case *MakeRuling:
		return d.makeRuling(c)
	case *NoteConduct:
		return d.noteConduct(c)
	case *CompleteCheck:
		return d.completeCheck(c)
	case *GiveCard:
		return d.giveCard(c)
	case *VacateSeat:
		return d.vacateSeat(c)
	case *NotifySeat:
		return d.notifySeat(c)
	case *FillSeat:
		return d.fillSeat(c)
	case *RemindWaiting:
		return d.remindWaiting(c)
	case *CheckVacancy:
		return d.checkVacancy()
	}
	return invalid("unknown_command")
}
