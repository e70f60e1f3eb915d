package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lunpai/lunpai/openapi"
	"github.com/lunpai/lunpai/workflow"
)

type handler func(*call) error

// route is a row of the table: address, who may, what happens.
type route struct {
	method, path string
	// kind is the command of the route; whoever may give it may use the route. Reads name their roles.
	kind   workflow.Kind
	roles  []workflow.Role
	public bool
	handle handler
	status int           // of success; zero: 200
	within time.Duration // to answer; zero: answerWithin

	// from the contract
	op     *openapi.Operation
	schema *openapi3.Schema
	query  map[string]bool
	// readable: what the route makes has an address that can be read
	readable bool
}

// admits reports whether a role may use the route at all; what is a consultant's own is decided further on.
func (r *route) admits(role workflow.Role) bool {
	if r.kind != "" {
		ok, _ := workflow.MayCommand(r.kind, role)
		return ok
	}
	return slices.Contains(r.roles, role)
}

// ofSite reports whether the address names a site, which the caller's key must then cover: whatever value came with it.
func (r *route) ofSite() bool { return r.path == site || strings.HasPrefix(r.path, site+"/") }

// about is the record that If-Match speaks of.
func (r *route) about(c *call) workflow.Ref {
	switch {
	case c.Param("visit") != "":
		return workflow.VisitRef(c.visit())
	case c.Param("customer") != "":
		return workflow.CustomerRef(c.customer())
	case c.Param("approval") != "":
		return workflow.RecordRef(workflow.Approvals, workflow.RecordID(c.Param("approval")))
	case strings.Contains(r.path, "/rota/"):
		return workflow.LiveRotaRef(c.site)
	case r.kind == workflow.KindChangeStaff:
		return workflow.StaffRef(c.site, c.staff())
	case r.kind == workflow.KindChangeSite || r.kind == workflow.KindAdoptPolicy:
		return workflow.SiteRef(c.site)
	case c.Param("staff") != "":
		return workflow.LiveRotaRef(c.site)
	}
	return workflow.Ref{}
}

// Sets of roles for reads.
var (
	anyone  = slices.DeleteFunc(slices.Clone(workflow.Roles), func(r workflow.Role) bool { return r == workflow.RoleKiosk })
	atSite  = []workflow.Role{workflow.RoleFrontDesk, workflow.RoleConsultant, workflow.RoleShiftLeader, workflow.RoleSupervisor, workflow.RoleManager}
	readers = append(slices.Clone(atSite), workflow.RoleAnalyst)
	ticket  = append(slices.Clone(atSite), workflow.RoleAnalyst, workflow.RoleKiosk)
	keepers = []workflow.Role{workflow.RoleManager, workflow.RoleAdministrator}
)

const site = "/v1/sites/:site"

// routes is every address of the service.
func (a *API) routes() []*route {
	post, get := http.MethodPost, http.MethodGet
	v, k, s, r := site+"/visits", site+"/customers", site+"/staff", site+"/rota"
	created := http.StatusCreated
	return []*route{
		{method: post, path: "/v1/sites", kind: workflow.KindCreateSite, handle: createSite, status: created},
		{method: get, path: "/v1/sites", roles: anyone, handle: listSites},
		{method: get, path: site, roles: append(slices.Clone(readers), workflow.RoleAdministrator), handle: getSite},
		{method: http.MethodPatch, path: site, kind: workflow.KindChangeSite, handle: command(changeSite)},
		{method: get, path: site + "/policy", roles: append(slices.Clone(readers), workflow.RoleAdministrator), handle: getPolicy},
		{method: post, path: site + "/policy", kind: workflow.KindAdoptPolicy, handle: command(adoptPolicy)},
		{method: get, path: "/v1/policies", roles: anyone, handle: listPolicies},
		{method: get, path: "/v1/policies/:policy", roles: anyone, handle: showPolicy},

		{method: post, path: v, kind: workflow.KindArriveVisit, handle: command(arrive), status: created},
		{method: get, path: v, roles: readers, handle: listVisits},
		{method: get, path: v + "/:visit", roles: ticket, handle: getVisit},
		{method: get, path: v + "/:visit/history", roles: atSite, handle: getHistory},
		{method: post, path: v + "/:visit/identify", kind: workflow.KindIdentifyVisit, handle: command(identify)},
		{method: post, path: v + "/:visit/recognise", kind: workflow.KindRecogniseVisit, handle: command(recognise)},
		{method: post, path: v + "/:visit/assign", kind: workflow.KindAssignVisit, handle: command(assign)},
		{method: post, path: v + "/:visit/serve", kind: workflow.KindServeVisit, handle: command(serve)},
		{method: post, path: v + "/:visit/register", kind: workflow.KindRegisterVisit, handle: command(register)},
		{method: post, path: v + "/:visit/reidentify", kind: workflow.KindReidentifyVisit, handle: command(reidentify)},
		{method: post, path: v + "/:visit/handover", kind: workflow.KindHandOver, handle: command(handOver)},
		{method: post, path: v + "/:visit/change", kind: workflow.KindChangeLead, handle: command(change)},
		{method: post, path: v + "/:visit/assistants", kind: workflow.KindAddAssistant, handle: command(addAssistant)},
		{method: post, path: v + "/:visit/abandon", kind: workflow.KindAbandonVisit, handle: command(abandon)},
		{method: post, path: v + "/:visit/merge", kind: workflow.KindMergeVisit, handle: command(merge)},

		{method: get, path: r, roles: readers, handle: getRota},
		{method: post, path: r + "/open", kind: workflow.KindOpenDay, handle: command(openDay)},
		{method: post, path: r + "/close", kind: workflow.KindCloseDay, handle: command(closeDay)},
		{method: post, path: r + "/reorder", kind: workflow.KindReorder, handle: command(reorder)},
		{method: post, path: r + "/make-ups", kind: workflow.KindGrantMakeUp, handle: command(makeUp)},
		{method: post, path: r + "/event", kind: workflow.KindStartEvent, handle: command(startEvent)},
		{method: http.MethodDelete, path: r + "/event", kind: workflow.KindEndEvent, handle: command(endEvent)},
		{method: post, path: r + "/roster", kind: workflow.KindChangeRoster, handle: command(roster)},
		{method: get, path: site + "/rotas/:date", roles: readers, handle: getDatedRota},
		{method: get, path: site + "/units", roles: readers, handle: listUnits},
		{method: get, path: s, roles: append(slices.Clone(readers), workflow.RoleAdministrator), handle: listStaff},
		{method: post, path: s, kind: workflow.KindAddStaff, handle: command(addStaff), status: created},
		{method: http.MethodPatch, path: s + "/:staff", kind: workflow.KindChangeStaff, handle: command(changeStaff)},
		{method: post, path: s + "/:staff/leave", kind: workflow.KindLeave, handle: command(leave)},
		{method: post, path: s + "/:staff/return", kind: workflow.KindReturn, handle: command(comeBack)},
		{method: post, path: s + "/:staff/busy", kind: workflow.KindBusy, handle: command(busy)},
		{method: post, path: s + "/:staff/free", kind: workflow.KindFree, handle: command(free)},

		{method: get, path: k, roles: atSite, handle: listCustomers},
		{method: post, path: k, kind: workflow.KindImportCustomer, handle: command(importCustomer), status: created},
		{method: post, path: k + "/search", kind: workflow.KindSearchCustomer, handle: search},
		{method: get, path: k + "/:customer", roles: atSite, handle: getCustomer},
		{method: post, path: k + "/:customer/follow-ups", kind: workflow.KindRecordFollowUp, handle: command(followUp)},
		{method: post, path: k + "/:customer/deals", kind: workflow.KindRecordDeal, handle: command(deal)},
		{method: post, path: k + "/:customer/reassign", kind: workflow.KindReassignCustomer, handle: command(reassign)},
		{method: post, path: k + "/:customer/cover", kind: workflow.KindCoverCustomer, handle: command(cover)},
		{method: get, path: k + "/:customer/person", kind: workflow.KindShowPerson, handle: getPerson},
		{method: http.MethodPut, path: k + "/:customer/person", kind: workflow.KindChangePerson, handle: putPerson},
		{method: http.MethodDelete, path: k + "/:customer/person", kind: workflow.KindErasePerson, handle: erasePerson},

		{method: get, path: site + "/notes/:note", kind: workflow.KindShowNote, handle: getNote},
		{method: http.MethodDelete, path: site + "/notes/:note", kind: workflow.KindEraseNote, handle: eraseNote},

		{method: post, path: site + "/calls", kind: workflow.KindTakeCall, handle: command(takeCall), status: created},
		{method: get, path: site + "/calls/:call", roles: atSite, handle: getMatter(workflow.Calls, "call")},
		{method: get, path: site + "/messages", roles: atSite, handle: lister(workflow.Messages)},
		{method: get, path: site + "/approvals", roles: atSite, handle: lister(workflow.Approvals)},
		{method: post, path: site + "/approvals", kind: workflow.KindRequestApproval, handle: command(requestApproval), status: created},
		{method: get, path: site + "/approvals/:approval", roles: atSite, handle: getMatter(workflow.Approvals, "approval")},
		{method: post, path: site + "/approvals/:approval/decide", kind: workflow.KindDecideApproval, handle: command(decideApproval)},
		{method: post, path: site + "/disputes", kind: workflow.KindOpenDispute, handle: command(openDispute), status: created},
		{method: get, path: site + "/disputes/:dispute", roles: atSite, handle: getMatter(workflow.Disputes, "dispute")},
		{method: post, path: site + "/rulings", kind: workflow.KindMakeRuling, handle: command(makeRuling), status: created},
		{method: get, path: site + "/rulings", roles: atSite, handle: lister(workflow.Rulings)},
		{method: post, path: site + "/conduct", kind: workflow.KindNoteConduct, handle: command(noteConduct), status: created},
		{method: get, path: site + "/conduct", roles: []workflow.Role{workflow.RoleSupervisor, workflow.RoleManager}, handle: lister(workflow.Conduct)},
		{method: post, path: site + "/checklists", kind: workflow.KindCompleteCheck, handle: command(completeCheck), status: created},
		{method: post, path: site + "/cards", kind: workflow.KindGiveCard, handle: command(giveCard), status: created},
		{method: get, path: site + "/desk", roles: atSite, handle: getDesk},
		{method: get, path: site + "/desk/vacancies", roles: atSite, handle: lister(workflow.Vacancies)},
		{method: post, path: site + "/desk/vacancies", kind: workflow.KindVacateSeat, handle: command(vacateSeat), status: created},
		{method: post, path: site + "/desk/notices", kind: workflow.KindNotifySeat, handle: command(notifySeat)},
		{method: post, path: site + "/desk/fill", kind: workflow.KindFillSeat, handle: command(fillSeat)},
		{method: post, path: site + "/desk/check", kind: workflow.KindCheckVacancy, handle: command(checkVacancy)},

		{method: get, path: site + "/reports", roles: readers, handle: listReports},
		{method: get, path: site + "/reports/:report", roles: readers, handle: getReport, within: reportWithin},

		{method: get, path: site + "/keys", roles: keepers, handle: listKeys},
		{method: post, path: site + "/keys", kind: workflow.KindMakeKey, handle: createKey, status: created},
		{method: http.MethodDelete, path: site + "/keys/:key", kind: workflow.KindRevokeKey, handle: revokeKey},
		{method: post, path: site + "/keys/:key/rotate", kind: workflow.KindRotateKey, handle: rotateKey},
		{method: get, path: site + "/commits", roles: atSite, handle: getCommits},

		{method: get, path: "/healthz", public: true, handle: healthz},
		{method: get, path: "/readyz", public: true, handle: readyz},
		{method: get, path: "/metrics", public: true, handle: wrap(promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{}))},
		{method: get, path: "/openapi.yaml", public: true, handle: contract},
	}
}

func wrap(h http.Handler) handler {
	return func(c *call) error {
		h.ServeHTTP(c.Response(), c.Request())
		return nil
	}
}

func contract(c *call) error { return c.Blob(http.StatusOK, "application/yaml", openapi.Text) }

// mount ties every route to its operation in the contract; neither may be without the other.
func (a *API) mount() error {
	left := a.spec.Operations()
	routes := a.routes()
	a.steps = stepsOf(routes)
	for _, r := range routes {
		name := r.method + " " + openapi.Path(r.path)
		op, ok := left[name]
		if !ok {
			return fmt.Errorf("route %s is not in the contract", name)
		}
		delete(left, name)
		r.op, r.schema, r.query = op, op.Body, op.Query
		r.readable = slices.ContainsFunc(routes, func(g *route) bool {
			rest, below := strings.CutPrefix(g.path, r.path+"/:")
			return g.method == http.MethodGet && below && !strings.Contains(rest, "/")
		})
		a.echo.Add(r.method, r.path, a.serve(r))
	}
	for name := range left {
		return fmt.Errorf("operation %s of the contract has no route", name)
	}
	return a.mountDocs()
}
