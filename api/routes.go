package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lunpai/lunpai/workflow"
)

// Sets of roles for reads.
var (
	everyone = workflow.Roles
	anyone   = slices.DeleteFunc(slices.Clone(workflow.Roles), func(r workflow.Role) bool {
		return r == workflow.RoleKiosk || r == workflow.RoleBoard
	})
	atSite = []workflow.Role{
		workflow.RoleFrontDesk, workflow.RoleConsultant,
		workflow.RoleShiftLeader, workflow.RoleSupervisor, workflow.RoleManager,
	}
	employed  = append(slices.Clone(atSite), workflow.RoleEmployee)
	readers   = append(slices.Clone(atSite), workflow.RoleAnalyst)
	counters  = append(slices.Clone(readers), workflow.RoleEmployee)
	ticket    = append(slices.Clone(atSite), workflow.RoleAnalyst, workflow.RoleKiosk)
	alsoAdmin = append(slices.Clone(readers), workflow.RoleAdministrator)
	namers    = append(slices.Clone(atSite), workflow.RoleEmployee, workflow.RoleAdministrator)
	referees  = []workflow.Role{workflow.RoleSupervisor, workflow.RoleManager}
	keepers   = []workflow.Role{workflow.RoleManager, workflow.RoleAdministrator}
)

const site = "/v1/sites/:site"

// routes is every address of the service.
func (a *API) routes() []*route {
	post, patch, put, del := http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete
	v, k, s, r := site+"/visits", site+"/customers", site+"/staff", site+"/rota"
	metrics := wrap(promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{}))
	rehearsed := []*route{
		reads(site+"/timers", keepers, fireTimers).posted().takesUpTo(reportWithin),
	}
	if a.cfg.Clock == nil {
		rehearsed = nil
	}
	return append([]*route{
		runs[workflow.CreateSite](post, "/v1/sites", createSite).makes().dry(),
		reads("/v1/sites", anyone, listSites),
		reads(site, alsoAdmin, getSite),
		hears(patch, site, changeSite),
		reads(site+"/names", namers, getNames),
		runs[workflow.ChangeNames](patch, site+"/names", changeNames),
		reads(site+"/policy", alsoAdmin, getSitePolicy),
		hears(post, site+"/policy", adoptPolicy),
		reads("/v1/policies", anyone, listPolicies),
		reads("/v1/articles", anyone, listArticles),
		reads("/v1/policies/:policy", anyone, getPolicy),

		or[Arrival](hears(post, v, arrive, mint("visit")).makes()),
		reads(v, readers, listVisits),
		or[Arrival](reads(v+"/:visit", ticket, getVisit)),
		reads(v+"/:visit/history", atSite, getHistory),
		hears(post, v+"/:visit/identify", identify),
		does[workflow.RecogniseVisit](post, v+"/:visit/recognise", caller("who")),
		does[workflow.AssignVisit](post, v+"/:visit/assign"),
		does[workflow.ServeVisit](post, v+"/:visit/serve"),
		hears(post, v+"/:visit/register", register),
		hears(post, v+"/:visit/reidentify", reidentify),
		does[workflow.HandOver](post, v+"/:visit/handover"),
		does[workflow.ChangeLead](post, v+"/:visit/change"),
		does[workflow.AddAssistant](post, v+"/:visit/assistants"),
		does[workflow.ReleaseAssistant](post, v+"/:visit/release-assistant"),
		does[workflow.WithdrawAssignment](post, v+"/:visit/withdraw"),
		does[workflow.ReturnTurn](post, v+"/:visit/return-turn"),
		does[workflow.AbandonVisit](post, v+"/:visit/abandon"),
		does[workflow.MergeVisit](post, v+"/:visit/merge"),
		does[workflow.ExplainVisit](post, v+"/:visit/explain"),

		reads(r, readers, getRota),
		does[workflow.OpenDay](post, r+"/open", optional("date")),
		does[workflow.CloseDay](post, r+"/close", without("date")),
		does[workflow.Reorder](post, r+"/reorder"),
		does[workflow.GrantMakeUp](post, r+"/make-ups", optional("position")),
		does[workflow.StartEvent](post, r+"/event"),
		does[workflow.EndEvent](del, r+"/event"),
		hears(post, r+"/roster", roster),
		reads(site+"/rotas/:date", readers, getDatedRota),
		reads(site+"/units", readers, listUnits),

		reads(s, alsoAdmin, listStaff),
		hears(post, s, addStaff).makes(),
		does[workflow.ChangeStaff](patch, s+"/:staff").followed(dropFormerPIN),
		runs[workflow.SetPin](put, s+"/:staff/pin", setPIN).dry().anywhere(),
		runs[workflow.ReassignCustomers](post, s+"/:staff/reassign-customers",
			reassignCustomers).dry(),
		does[workflow.Leave](post, s+"/:staff/leave", param("who", "staff")).of(theRota),
		does[workflow.PlanAbsence](post, s+"/:staff/absences", param("who", "staff")),
		does[workflow.CancelAbsence](del, s+"/:staff/absences/:from", param("who", "staff")),
		reads(site+"/absences", atSite, listAbsences),
		does[workflow.Return](post, s+"/:staff/return", param("who", "staff")).of(theRota),
		does[workflow.Busy](post, s+"/:staff/busy", param("who", "staff")).of(theRota),
		does[workflow.Free](post, s+"/:staff/free", param("who", "staff")).of(theRota),

		reads(k, atSite, listCustomers),
		hears(post, k, importCustomer).makes(),
		runs[workflow.ImportCustomer](post, k+"/import", importCustomers).
			called("importCustomers").dry().takesUpTo(importWithin),
		runs[workflow.SearchCustomer](post, k+"/search", search),
		reads(k+"/:customer", atSite, getCustomer),
		does[workflow.RecordFollowUp](post, k+"/:customer/follow-ups"),
		does[workflow.RecordDeal](post, k+"/:customer/deals", mint("deal")),
		does[workflow.ReassignCustomer](post, k+"/:customer/reassign"),
		does[workflow.CoverCustomer](post, k+"/:customer/cover"),
		asks[LookQuery](runs[workflow.ShowPerson](http.MethodGet, k+"/:customer/person",
			getPerson)),
		runs[workflow.ChangePerson](put, k+"/:customer/person", putPerson),
		runs[workflow.ErasePerson](del, k+"/:customer/person", erasePerson),

		asks[LookQuery](runs[workflow.ShowNote](http.MethodGet, site+"/notes/:note", getNote)),
		runs[workflow.EraseNote](del, site+"/notes/:note", eraseNote),

		hears(post, site+"/calls", takeCall, mint("call")).makes(),
		reads(site+"/calls", atSite, listCalls),
		reads(site+"/calls/:call", atSite, getCall),
		reads(site+"/messages", atSite, listMessages),
		does[workflow.MakeAppointment](post, site+"/appointments", mint("appointment")).makes(),
		reads(site+"/appointments", atSite, listAppointments),
		reads(site+"/appointments/:appointment", atSite, getAppointment),
		does[workflow.ChangeAppointment](patch, site+"/appointments/:appointment"),
		does[workflow.CancelAppointment](post, site+"/appointments/:appointment/cancel"),

		reads(site+"/approvals", atSite, listApprovals),
		hears(post, site+"/approvals", requestApproval, mint("approval"), caller("by")).makes(),
		reads(site+"/approvals/:approval", atSite, getApproval),
		does[workflow.DecideApproval](post, site+"/approvals/:approval/decide"),
		does[workflow.OpenDispute](post, site+"/disputes", mint("dispute")).makes(),
		reads(site+"/disputes", atSite, listDisputes),
		reads(site+"/disputes/:dispute", atSite, getDispute),
		hears(post, site+"/rulings", makeRuling, mint("ruling")).makes(),
		reads(site+"/rulings", atSite, listRulings),
		does[workflow.NoteConduct](post, site+"/conduct", mint("conduct")).makes(),
		reads(site+"/conduct", referees, listConduct),
		does[workflow.CompleteCheck](post, site+"/checklists", mint("check"), caller("by")).makes(),
		reads(site+"/checklists", atSite, listChecks),
		does[workflow.GiveCard](post, site+"/cards", mint("card"), caller("by")).makes(),
		reads(site+"/cards", atSite, listCards),

		reads(site+"/agenda", employed, getAgenda),
		does[workflow.AcknowledgeNotice](post, site+"/agenda/notices/:notice/acknowledge"),

		reads(site+"/desk", atSite, getDesk),
		reads(site+"/desk/vacancies", atSite, listVacancies),
		does[workflow.VacateSeat](post, site+"/desk/vacancies", mint("vacancy")).makes(),
		does[workflow.NotifySeat](post, site+"/desk/notices", caller("from")),
		does[workflow.FillSeat](post, site+"/desk/fill", caller("by")),
		does[workflow.CheckVacancy](post, site+"/desk/check"),

		does[workflow.AdoptService](post, site+"/service"),
		reads(site+"/service", employed, getService),
		does[workflow.OpenTicket](post, site+"/tickets", mint("ticket")).makes(),
		reads(site+"/tickets", employed, listTickets),
		reads(site+"/tickets/:ticket", employed, getTicket),
		reads(site+"/tickets/:ticket/history", employed, getTicketHistory),
		does[workflow.RecordTicket](post, site+"/tickets/:ticket/record"),
		does[workflow.HandTicket](post, site+"/tickets/:ticket/handover"),
		does[workflow.EscalateTicket](post, site+"/tickets/:ticket/escalate"),
		does[workflow.CallAgain](post, site+"/tickets/:ticket/call-again"),
		does[workflow.ResolveTicket](post, site+"/tickets/:ticket/resolve"),
		does[workflow.SubmitSlip](post, site+"/tickets/:ticket/slip"),
		does[workflow.CloseTicket](post, site+"/tickets/:ticket/close"),
		does[workflow.DeliverProject](post, site+"/projects").makes(),
		reads(site+"/projects", employed, listProjects),
		reads(site+"/projects/:project", employed, getProject),
		reads(site+"/projects/:project/history", employed, getProjectHistory),
		reads(site+"/projects/:project/schedule", employed, getSchedule),
		does[workflow.FollowUpProject](post, site+"/projects/:project/follow-ups"),
		does[workflow.RetireProject](post, site+"/projects/:project/retire"),
		does[workflow.ReportFault](post, site+"/faults", mint("fault")).makes(),
		reads(site+"/faults", employed, listFaults),
		reads(site+"/faults/:fault", employed, getFault),
		reads(site+"/faults/:fault/history", employed, getFaultHistory),
		does[workflow.FileFault](post, site+"/faults/:fault/file"),
		does[workflow.RelayFault](post, site+"/faults/:fault/relay"),
		does[workflow.TrackFault](post, site+"/faults/:fault/track"),
		does[workflow.EndFault](post, site+"/faults/:fault/end"),
		does[workflow.AnalyseFault](post, site+"/faults/:fault/analysis"),
		does[workflow.FeedBackFault](post, site+"/faults/:fault/feedback"),
		reads(site+"/service-reports", employed, listServiceReports),
		does[workflow.SubmitReport](post, site+"/service-reports"),
		reads(site+"/needs", employed, listNeeds),
		does[workflow.MarkNeed](post, site+"/needs/:customer"),
		does[workflow.OpenArbitration](post, site+"/arbitrations", mint("arbitration")).makes(),
		reads(site+"/arbitrations", employed, listArbitrations),
		reads(site+"/arbitrations/:arbitration", employed, getArbitration),
		reads(site+"/arbitrations/:arbitration/history", employed, getArbitrationHistory),
		does[workflow.AddOpinion](post, site+"/arbitrations/:arbitration/opinions"),
		does[workflow.RuleArbitration](post, site+"/arbitrations/:arbitration/ruling"),
		does[workflow.ConfirmArbitration](post, site+"/arbitrations/:arbitration/executed"),
		reads(site+"/watches", employed, listWatches),
		does[workflow.SetWatch](put, site+"/watches/:date"),
		reads(site+"/watches/:date", employed, getWatch),
		does[workflow.LogWatch](post, site+"/watches/:date/log"),

		reads(site+"/reports", counters, listReports).anywhere(),
		reads(site+"/reports/:report", counters, getReport).also("text/csv",
			"application/x-ndjson").takesUpTo(reportWithin).anywhere(),

		reads(site+"/keys", keepers, listKeys),
		runs[workflow.MakeKey](post, site+"/keys", createKey).makes(),
		runs[workflow.RevokeKey](del, site+"/keys/:key", revokeKey),
		runs[workflow.RotateKey](post, site+"/keys/:key/rotate", rotateKey),
		runs[workflow.PairDevice](post, site+"/pairings", pairDevice).makes().anywhere(),
		acts(post, "/v1/pairings/redeem", nil, redeemPairing).open(),
		acts(post, "/v1/session", nil, signIn).open(),
		acts(post, "/v1/session/switch", everyone, switchPerson),
		acts(post, "/v1/session/lock", everyone, lockSession),
		reads("/v1/session", everyone, getSession),
		acts(del, "/v1/session", everyone, signOut),
		reads(site+"/board", boardReaders, getBoard).unlessKnown().
			also("text/event-stream").anywhere(),
		reads(site+"/commits", atSite, getCommits).also("text/event-stream").anywhere(),

		reads("/healthz", nil, healthz).open(),
		reads("/readyz", nil, readyz).open(),
		serves("/metrics", "text/plain", "metrics", metrics),
		serves("/openapi.yaml", "application/yaml", "getContract", getContract),
	}, rehearsed...)
}

// mount makes every route an address of the service.
func (a *API) mount() error {
	routes := a.routes()
	a.all, a.steps = routes, stepsOf(routes)
	a.ticketSteps = ticketStepsOf(routes)
	for _, r := range routes {
		if err := r.compile(); err != nil {
			return err
		}
		r.addressed = slices.ContainsFunc(routes, func(g *route) bool {
			rest, below := strings.CutPrefix(g.path, r.path+"/:")
			return g.method == http.MethodGet && below && !strings.Contains(rest, "/")
		})
		a.echo.Add(r.method, r.path, a.serve(r))
	}
	return a.mountDocs()
}
