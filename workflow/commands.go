package workflow

import "slices"

// Kind is the name of a command in the journal.
type Kind string

// Words are the names of all commands.
func (Kind) Words() []string {
	words := make([]string, len(commands))
	for i, c := range commands {
		words[i] = string(c.About().Kind)
	}
	return words
}

// Command is something that somebody asks for. The commands of this package are all there are:
// decide is unexported.
type Command interface {
	// About says what the command is called and who may give it: the same for all commands of the
	// type.
	About() About
	// Needs names the records beyond the board's own that deciding looks at. Some are reached only
	// through others (a visit's customer): those are named once the board holds the record that
	// leads to them.
	Needs(*Board) []Ref
	// decide carries the command out on the draft, or refuses it.
	decide(*draft) *Fault
}

// About is what is said of a type of command.
type About struct {
	Kind  Kind
	Event Event  // the event that it puts to a visit; "" when it puts none
	May   []Role // who may give it, whomever it is about; empty: only the system, when it is due
	Own   []Role // who may give it, beside consultants, for what is their own; see owned
	Rule  string // the article behind a refusal by role; "" when none says it
	Scope Scope
	Since int // version of the records that brought the command; 0: there from the beginning
}

// Scope is how far a command reaches.
type Scope int

const (
	// ScopeFloor is the zero: the command opens the business day when it is due, and afterwards
	// whoever is free comes back to the line and gets his messages.
	ScopeFloor Scope = iota
	// ScopeOffice is the setting of the office: it opens no day.
	ScopeOffice
	// ScopePerson is personal data: it opens no day and moves no line.
	ScopePerson
	// ScopeService is the service desk: it opens no day and moves no line (A76).
	ScopeService
)

// owned are commands that a consultant, or a role of About.Own, may give too, for what is his own:
// himself, his visits, his customers.
type owned interface{ own(*draft) bool }

// narrowed are commands that a policy gives to some of the roles only.
type narrowed interface{ narrow(*Policy) []Role }

// worded are commands with short texts that somebody made up and that are no ids of records: none
// may hold a phone.
type worded interface{ texts() []string }

// commands is one of every type.
var commands = []Command{
	new(CreateSite), new(ChangeSite), new(AdoptPolicy), new(AddStaff), new(ChangeStaff),
	new(ChangeNames), new(MakeKey), new(RotateKey), new(RevokeKey), new(PairDevice), new(SetPin),
	new(OpenDay), new(CloseDay), new(Reorder),
	new(GrantMakeUp), new(StartEvent), new(EndEvent), new(ChangeRoster), new(Leave),
	new(PlanAbsence), new(CancelAbsence),
	new(Return), new(Busy), new(Free), new(ArriveVisit), new(IdentifyVisit),
	new(RecogniseVisit), new(AssignVisit), new(ReidentifyVisit), new(ServeVisit),
	new(RegisterVisit), new(AbandonVisit), new(MergeVisit), new(ChangeLead), new(HandOver),
	new(AddAssistant), new(ReleaseAssistant), new(WithdrawAssignment), new(ReturnTurn),
	new(RecordFollowUp), new(RecordDeal), new(ReassignCustomer), new(ReassignCustomers),
	new(MakeAppointment), new(ChangeAppointment), new(CancelAppointment),
	new(CoverCustomer), new(ImportCustomer), new(SearchCustomer), new(ShowPerson),
	new(ChangePerson), new(ErasePerson), new(ShowNote), new(EraseNote), new(TakeCall),
	new(RequestApproval), new(DecideApproval), new(OpenDispute), new(MakeRuling),
	new(NoteConduct), new(CompleteCheck), new(GiveCard), new(VacateSeat), new(NotifySeat),
	new(FillSeat), new(CheckVacancy), new(RemindWaiting), new(ExplainVisit),
	new(AcknowledgeNotice),
	new(AdoptService), new(OpenTicket), new(RecordTicket), new(HandTicket), new(EscalateTicket),
	new(CallAgain), new(ResolveTicket), new(SubmitSlip), new(CloseTicket), new(DeliverProject),
	new(FollowUpProject), new(RetireProject), new(ReportFault), new(FileFault), new(RelayFault),
	new(TrackFault), new(EndFault), new(AnalyseFault), new(FeedBackFault), new(SubmitReport),
	new(MarkNeed), new(OpenArbitration), new(AddOpinion), new(RuleArbitration),
	new(ConfirmArbitration), new(SetWatch), new(LogWatch), new(FallDue), new(RunCalendar),
}

var abouts = func() map[Kind]Command {
	m := make(map[Kind]Command, len(commands))
	for _, c := range commands {
		m[c.About().Kind] = c
	}
	return m
}()

// Commands is one command of every type, empty. Callers must not change them.
func Commands() []Command { return slices.Clone(commands) }

// CommandOf is the empty command of a kind; false when there is none.
func CommandOf(k Kind) (Command, bool) { c, ok := abouts[k]; return c, ok }

// MayCommand reports whether a role may give a command at all, and whether only for what is its
// own.
func MayCommand(k Kind, r Role) (ok, own bool) {
	c, known := abouts[k]
	if !known {
		return false, false
	}
	return may(c, r)
}

func may(c Command, r Role) (ok, own bool) {
	if slices.Contains(c.About().May, r) {
		return true, false
	}
	_, has := c.(owned)
	return has && (r == RoleConsultant || slices.Contains(c.About().Own, r)), true
}

// AuthorityRule is the article behind who may give a command; "" where no article says it.
func AuthorityRule(k Kind) string {
	if c, ok := abouts[k]; ok {
		return c.About().Rule
	}
	return ""
}

// Needs names the records beyond the board that Decide must see for a command and that the board
// neither holds nor knows to be absent. Some are reached only through others (a visit's customer):
// call it again after every load until it names none.
func (b *Board) Needs(cmd Command) []Ref { return b.Missing(cmd.Needs(b)) }
