package workflow

import (
	"slices"
	"time"
)

// Department is a department of the office (policy 3): tech_service, business, customer_service,
// office, or a code of the office's own.
type Department string

// The departments that have tasks under policy 3. The office may add its own: they are no closed
// set of words, so the type stands in the values.
const (
	TechService     = Department("tech_service")     // 技术服务部
	Business        = Department("business")         // 业务部
	CustomerService = Department("customer_service") // 客服部
	GeneralOffice   = Department("office")           // 办公室
)

// Hat is a function that a member of staff has beside his role (policy 3).
type Hat string

// The hats.
const (
	DivisionManager Hat = "division_manager" // 分管经理, 分管领导
	ContractSigner  Hat = "contract_signer"  // 业务签单人员
	TechHead        Hat = "tech_head"        // 技术服务部主管
	GeneralManager  Hat = "general_manager"  // 总经理
)

// Groups that are told of something and that nobody belongs to here.
const (
	topManagement = "top_management" // 公司高层
	theCustomer   = "customer"
)

// serviceStaff are the roles whose keys may give the commands of the service desk: any member of
// staff (policy 3, item 2.7). A key that names nobody is refused by me.
var serviceStaff = []Role{
	RoleEmployee, RoleFrontDesk, RoleConsultant, RoleShiftLeader, RoleSupervisor, RoleManager,
}

// me is the member of staff whose key it is; a key that names nobody is refused.
func (d *draft) me(rule string) (*Staff, *Fault) {
	if s := d.staffMember(d.env.By.Staff); s != nil {
		return s, nil
	}
	return nil, forbidden("key_of_nobody", rule)
}

// inDepartment are the active members of a department, in order of id.
func (d *draft) inDepartment(dep Department) []StaffID {
	return d.activeStaff(func(s *Staff) bool { return s.Department == dep })
}

// wearing are the active members of staff with a hat, in order of id.
func (d *draft) wearing(hat Hat) []StaffID {
	return d.activeStaff(func(s *Staff) bool { return slices.Contains(s.Hats, hat) })
}

func (d *draft) activeStaff(match func(*Staff) bool) []StaffID {
	var ids []StaffID
	for _, s := range d.staffAll() {
		if s.Active && match(s) {
			ids = append(ids, s.Staff)
		}
	}
	return ids
}

// isOf reports whether the actor acts for a department: as a member of it, or as the manager where
// it has none (A95).
func (d *draft) isOf(dep Department) bool {
	if m := d.staffMember(d.env.By.Staff); m != nil && m.Department == dep {
		return true
	}
	return d.may(RoleManager) && len(d.inDepartment(dep)) == 0
}

// wears reports whether the actor acts under a hat: his own, or as the manager where nobody has it
// (A95).
func (d *draft) wears(hat Hat) bool {
	if m := d.staffMember(d.env.By.Staff); m != nil && slices.Contains(m.Hats, hat) {
		return true
	}
	return d.may(RoleManager) && len(d.wearing(hat)) == 0
}

// ofDepartment refuses whoever acts for none of the departments.
func (d *draft) ofDepartment(rule string, deps ...Department) *Fault {
	if slices.ContainsFunc(deps, d.isOf) {
		return nil
	}
	return forbidden("function_needed", rule, "function", string(deps[0]))
}

// underHat refuses whoever acts under none of the hats.
func (d *draft) underHat(rule string, hats ...Hat) *Fault {
	if slices.ContainsFunc(hats, d.wears) {
		return nil
	}
	return forbidden("function_needed", rule, "function", string(hats[0]))
}

// tell tells a member of staff about a matter, unless he is who acts.
func (d *draft) tell(rule string, who StaffID, about, why string) {
	if who != "" && who != d.env.By.Staff {
		d.notify(rule, who, about, "why", why)
	}
}

// tellHat tells everybody who wears a hat; where nobody does, the fact names the function.
func (d *draft) tellHat(rule string, hat Hat, about, why string) {
	wearers := d.wearing(hat)
	if len(wearers) == 0 {
		d.notify(rule, StaffID(hat), about, "why", why, "as", "function")
	}
	for _, who := range wearers {
		d.tell(rule, who, about, why)
	}
}

// tellGroup tells a department, the top management or the customer, which the fact names by their
// word.
func (d *draft) tellGroup(rule, group, about, why string) {
	d.notify(rule, StaffID(group), about, "why", why, "as", "group")
}

// present reports whether an active member of staff can be met at the office now. An absence from
// before today that nobody extended is over, also where no day was opened since.
func (d *draft) present(s StaffID) bool {
	m := d.staffMember(s)
	if m == nil || !m.Active {
		return false
	}
	a := d.presenceAt(s, d.now)
	return a == OnSite || a.onSite()
}

// presenceAt is what keeps a member of staff from the office at a moment of today or of a day since
// when no other was opened. What was planned for a day holds before anybody opens it.
func (d *draft) presenceAt(s StaffID, at time.Time) Presence {
	day := dateOf(d.Local(at))
	a := d.absence(s)
	if a != nil && !a.At.After(at) && (a.Until >= day || dateOf(d.Local(a.At)) == day) {
		return a.State
	}
	for _, p := range d.staffMember(s).Planned {
		if p.From <= day && day <= p.Until {
			return p.Reason
		}
	}
	return OnSite
}

// assignFunctions gives a member of staff a department and functions; what is nil stays.
func (d *draft) assignFunctions(s *Staff, dep *Department, hats *[]Hat) *Fault {
	if dep != nil && *dep != s.Department {
		if *dep != "" && !isCode(string(*dep)) {
			return invalid("bad_department", "staff", string(s.Staff))
		}
		d.passCalendar()
		s.Department = *dep
	}
	if hats == nil {
		return nil
	}
	for i, h := range *hats {
		if !contains(h) || slices.Contains((*hats)[:i], h) {
			return invalid("bad_hat", "hat", string(h), "staff", string(s.Staff))
		}
	}
	s.Hats = slices.Clone(*hats)
	if len(s.Hats) == 0 {
		s.Hats = nil
	}
	return nil
}

// wholeDesk reports whether the actor sees all tickets and faults of the site: customer service and
// those who lead (policy 3).
func (d *draft) wholeDesk() bool {
	m := d.staffMember(d.env.By.Staff)
	return m != nil && m.seesDesk()
}

// seesDesk reports whether a member of staff sees all tickets and faults of the site.
func (s *Staff) seesDesk() bool {
	return s.Department == CustomerService ||
		slices.ContainsFunc(s.Hats, func(h Hat) bool { return h != ContractSigner })
}

// noteOfDesk reports whether the acting employee may read the notes of a record of the service
// desk: his own tickets, the opinions and rulings of his department's cases, and by his function
// what he works on.
func (d *draft) noteOfDesk(r Record) bool {
	me := d.staffMember(d.env.By.Staff)
	if me == nil {
		return false
	}
	switch r := r.(type) {
	case *Ticket:
		return r.Of(me.Staff)
	case *MajorFault:
		return r.ReportedBy == me.Staff || d.wholeDesk() || me.Department == TechService
	case *Project:
		return me.Department == CustomerService || me.Department == Business
	case *Arbitration:
		return me.Department != "" &&
			(me.Department == GeneralOffice || r.party(me.Department))
	case *ServiceReport:
		return d.readsReport(r, me)
	case *Watch:
		return slices.Contains(r.Staff, me.Staff) || me.Department == CustomerService
	case *ConductNote:
		return r.By == me.Staff
	}
	return false
}

// readsReport reports whether somebody may read what was written in a report: who wrote in it, the
// head of technical service the sheets, business and the general manager the supervision report.
func (d *draft) readsReport(r *ServiceReport, me *Staff) bool {
	switch {
	case slices.Contains(me.Hats, GeneralManager), r.wrote(me.Staff):
		return true
	case r.Kind == ReportSupervision:
		return me.Department == Business
	}
	return slices.Contains(me.Hats, TechHead)
}

// Of reports whether a ticket is somebody's: he took it, has it or solved it.
func (t *Ticket) Of(s StaffID) bool {
	return s != "" && (t.FirstResponder == s || t.Holder == s || t.ResolvedBy == s)
}
