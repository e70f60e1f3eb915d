package workflow

import "slices"

// authority is who may give a command at all. own: a consultant only for himself, his own visits and his own customers;
// beyond it each decision adds what its article asks (an assignment against the order, a make-up for oneself …).
type authority struct {
	roles []Role
	own   bool   // consultants too, for what is their own
	rule  string // article behind a refusal
}

var (
	floor     = []Role{RoleFrontDesk, RoleShiftLeader, RoleSupervisor, RoleManager}
	referees  = []Role{RoleSupervisor, RoleManager}
	boss      = []Role{RoleManager}
	everybody = []Role{RoleFrontDesk, RoleConsultant, RoleShiftLeader, RoleSupervisor, RoleManager}
	desk      = []Role{RoleFrontDesk, RoleSupervisor, RoleManager}
)

// authorities is the table of commands and roles; a command without a row is refused to everybody but the system.
var authorities = map[Kind]authority{
	KindCreateSite:   {roles: []Role{RoleAdministrator}},
	KindChangeSite:   {roles: []Role{RoleManager, RoleAdministrator}},
	KindAdoptPolicy:  {roles: boss, rule: "P1-51"},
	KindAddStaff:     {roles: []Role{RoleManager, RoleAdministrator}},
	KindChangeStaff:  {roles: []Role{RoleManager, RoleAdministrator}},
	KindMakeKey:      {roles: []Role{RoleManager, RoleAdministrator}},
	KindRotateKey:    {roles: []Role{RoleManager, RoleAdministrator}},
	KindRevokeKey:    {roles: []Role{RoleSupervisor, RoleManager, RoleAdministrator}},
	KindOpenDay:      {roles: floor},
	KindCloseDay:     {roles: floor},
	KindReorder:      {roles: referees, rule: "P1-08"},
	KindGrantMakeUp:  {roles: []Role{RoleShiftLeader, RoleSupervisor, RoleManager}, rule: "P1-08"},
	KindStartEvent:   {roles: boss, rule: "P1-05"},
	KindEndEvent:     {roles: boss, rule: "P1-05"},
	KindChangeRoster: {roles: boss, rule: "P1-02"},
	KindLeave:        {roles: floor, own: true},
	KindReturn:       {roles: floor, own: true},
	KindBusy:         {roles: floor, own: true},
	KindFree:         {roles: floor, own: true},

	KindArriveVisit:     {roles: append([]Role{RoleKiosk, RoleConsultant}, floor...)},
	KindIdentifyVisit:   {roles: floor, rule: "P1-12a"},
	KindRecogniseVisit:  {roles: floor, own: true, rule: "P1-14"},
	KindAssignVisit:     {roles: floor, rule: "P1-06"},
	KindReidentifyVisit: {roles: floor, own: true, rule: "P1-12a"},
	KindServeVisit:      {roles: floor, own: true},
	KindRegisterVisit:   {roles: floor, own: true},
	KindAbandonVisit:    {roles: floor},
	KindMergeVisit:      {roles: floor},
	KindChangeLead:      {roles: referees, rule: "P1-16a"},
	KindHandOver:        {roles: floor, own: true, rule: "P1-16a"},
	KindAddAssistant:    {roles: referees, own: true, rule: "P1-32"},

	KindRecordFollowUp:   {roles: desk, own: true},
	KindRecordDeal:       {roles: desk},
	KindReassignCustomer: {roles: boss, rule: "P1-51"},
	KindCoverCustomer:    {roles: referees, rule: "P1-37"},
	KindSearchCustomer:   {roles: everybody},
	KindShowPerson:       {roles: desk, own: true},
	KindChangePerson:     {roles: desk, own: true},
	KindErasePerson:      {roles: boss},
	KindShowNote:         {roles: everybody}, // showNote judges by the record
	KindEraseNote:        {roles: boss},
	KindTakeCall:         {roles: floor, own: true},
	KindRequestApproval:  {roles: floor, own: true, rule: "P1-24"},
	KindDecideApproval:   {roles: referees, rule: "P1-24"},
	KindOpenDispute:      {roles: referees, own: true, rule: "P1-35"},
	KindMakeRuling:       {roles: boss, rule: "P1-51"},
	KindNoteConduct:      {roles: referees, rule: "P1-31"},
	KindCompleteCheck:    {roles: floor, own: true},
	KindGiveCard:         {roles: floor, own: true, rule: "P1-33"},
	KindVacateSeat:       {roles: everybody, rule: "P2-04"},
	KindNotifySeat:       {roles: floor, own: true, rule: "P2-04"},
	KindFillSeat:         {roles: floor, own: true, rule: "P2-04"},
	KindCheckVacancy:     {roles: floor, rule: "P2-04"},
	KindImportCustomer:   {roles: boss},
}

// MayCommand reports whether a role may give a command at all, and whether only for its own.
func MayCommand(k Kind, r Role) (ok, own bool) {
	a := authorities[k]
	if slices.Contains(a.roles, r) {
		return true, false
	}
	return a.own && r == RoleConsultant, true
}

// may reports whether the actor has one of the roles.
func (d *draft) may(rs ...Role) bool { return slices.Contains(rs, d.env.By.Role) }

// authorise refuses an actor whose role may not give the command, or gives it for what is not his own.
func (d *draft) authorise(cmd Command) *Fault {
	by := d.env.By
	if by.Role == RoleSystem {
		return nil
	}
	a := authorities[cmd.Kind()]
	ok, own := MayCommand(cmd.Kind(), by.Role)
	switch {
	case !ok:
		return forbidden("role", a.rule, "role", string(by.Role))
	case own && !d.isOwn(cmd):
		return forbidden("not_own", a.rule, "staff", string(by.Staff))
	}
	return nil
}

func join(rs []Role) string {
	s := ""
	for i, r := range rs {
		if i > 0 {
			s += ", "
		}
		s += string(r)
	}
	return s
}

// isOwn: the command is about the acting consultant himself, a visit he takes part in, or a customer he owns. Inviting an
// assistant is judged where the article is (addAssistant).
func (d *draft) isOwn(cmd Command) bool {
	me := d.env.By.Staff
	switch c := cmd.(type) {
	case *Leave:
		return c.Who == me
	case *Return:
		return c.Who == me
	case *Busy:
		return c.Who == me
	case *Free:
		return c.Who == me
	case *RecogniseVisit:
		return c.Who == me
	case *ReidentifyVisit:
		return d.ownVisit(c.Visit)
	case *ServeVisit:
		return d.ownVisit(c.Visit)
	case *RegisterVisit:
		return d.ownVisit(c.Visit)
	case *HandOver:
		return d.ownVisit(c.Visit)
	case *AddAssistant:
		return true
	case *RecordFollowUp:
		return d.ownCustomer(c.Customer) && d.himself(c.By)
	case *ShowPerson:
		return d.ownCustomer(c.Customer)
	case *ChangePerson:
		return d.ownCustomer(c.Customer)
	case *TakeCall: // he answers the telephone whoever is asked for
		return c.Customer == "" || d.ownCustomer(c.Customer)
	case *RequestApproval:
		return d.himself(c.By)
	case *OpenDispute:
		return slices.Contains(c.Claimants, me) && (d.ownCustomer(c.Customer) || d.received(c.Customer))
	case *CompleteCheck:
		return d.himself(c.By) && (c.Visit == "" || d.ownVisit(c.Visit))
	case *GiveCard: // to a colleague's customer too: the owner is told
		return d.himself(c.By)
	case *NotifySeat:
		return c.From == me
	case *FillSeat:
		return d.himself(c.By)
	default:
		return false
	}
}

func (d *draft) ownVisit(id VisitID) bool {
	v, ok := look[*Visit](d, visitRef(id))
	return ok && v.Of(d.env.By.Staff)
}

func (d *draft) ownCustomer(id CustomerID) bool {
	k := d.customer(id)
	return k != nil && k.Owner != "" && k.Owner == d.env.By.Staff
}

// himself: a body names the one whose key it is, or nobody.
func (d *draft) himself(named StaffID) bool { return named == "" || named == d.env.By.Staff }

// received: the consultant takes part in a visit of the customer that is on the floor, or that the customer's record counts as
// his first or last.
func (d *draft) received(id CustomerID) bool {
	me, found := d.env.By.Staff, false
	d.visits(func(v *Visit) { found = found || v.Customer == id && v.Of(me) })
	if k := d.customer(id); k != nil && !found {
		found = d.ownVisit(k.FirstVisit) || d.ownVisit(k.LastVisit)
	}
	return found
}

// asker is who asks for something in whose name: the key's own staff. The front desk, which has none, may name somebody else.
func (d *draft) asker(named StaffID, rule string) (StaffID, *Fault) {
	if !d.himself(named) && !d.may(RoleFrontDesk, RoleSystem) {
		return "", forbidden("other_named", rule, "staff", string(named))
	}
	if f := d.colleague(named); f != nil {
		return "", f
	}
	return d.actor(named), nil
}

// Of reports whether a visit is a consultant's own: he receives, assists, or it is his customer's.
func (v *Visit) Of(s StaffID) bool {
	return s != "" && (v.Server == s || v.Principal == s || slices.Contains(v.Assistants, s))
}

// AuthorityRule is the article behind who may give a command; "" where no article says it.
func AuthorityRule(k Kind) string { return authorities[k].rule }
