package api

import "github.com/lunpai/lunpai/workflow"

type callBody struct {
	For      workflow.StaffID    `json:"for,omitempty"`
	Customer workflow.CustomerID `json:"customer,omitempty"`
	Callback string              `json:"callback,omitempty"` // the caller's contact: kept in the vault
}

func takeCall(c *call, b *callBody) (workflow.Command, error) {
	note, err := c.note(b.Callback)
	return &workflow.TakeCall{Call: workflow.RecordID(newID()), For: b.For, Customer: b.Customer, Note: note}, err
}

type approvalBody struct {
	Kind string           `json:"kind"`
	By   workflow.StaffID `json:"by,omitempty"`
	Note string           `json:"note,omitempty"`
}

func requestApproval(c *call, b *approvalBody) (workflow.Command, error) {
	note, err := c.note(b.Note)
	return &workflow.RequestApproval{Approval: workflow.RecordID(newID()), Subject: b.Kind, By: c.staffOr(b.By), Note: note}, err
}

type grantBody struct {
	Grant bool `json:"grant"`
}

func decideApproval(c *call, b *grantBody) (workflow.Command, error) {
	return &workflow.DecideApproval{Approval: workflow.RecordID(c.Param("approval")), Grant: b.Grant}, nil
}

type disputeBody struct {
	Customer  workflow.CustomerID `json:"customer"`
	Claimants []workflow.StaffID  `json:"claimants"`
	Note      string              `json:"note,omitempty"`
}

func openDispute(c *call, b *disputeBody) (workflow.Command, error) {
	note, err := c.note(b.Note)
	return &workflow.OpenDispute{Dispute: workflow.RecordID(newID()), Customer: b.Customer, Claimants: b.Claimants, Note: note}, err
}

type rulingBody struct {
	Text    string            `json:"text"`
	Dispute workflow.RecordID `json:"dispute,omitempty"`
}

func makeRuling(c *call, b *rulingBody) (workflow.Command, error) {
	note, err := c.note(b.Text)
	return &workflow.MakeRuling{Ruling: workflow.RecordID(newID()), Dispute: b.Dispute, Note: note}, err
}

type conductBody struct {
	Rule string           `json:"rule"`
	Who  workflow.StaffID `json:"who"`
	Note string           `json:"note,omitempty"`
}

func noteConduct(c *call, b *conductBody) (workflow.Command, error) {
	note, err := c.note(b.Note)
	return &workflow.NoteConduct{Conduct: workflow.RecordID(newID()), Rule: b.Rule, Who: b.Who, Note: note}, err
}

type checkBody struct {
	Item  string           `json:"item"`
	Visit workflow.VisitID `json:"visit,omitempty"`
	By    workflow.StaffID `json:"by,omitempty"`
}

func completeCheck(c *call, b *checkBody) (workflow.Command, error) {
	return &workflow.CompleteCheck{Check: workflow.RecordID(newID()), Item: b.Item, Visit: b.Visit, By: c.staffOr(b.By)}, nil
}

type cardBody struct {
	Customer  workflow.CustomerID `json:"customer"`
	By        workflow.StaffID    `json:"by,omitempty"`
	Requested bool                `json:"requested_by_customer,omitempty"`
	Consent   bool                `json:"consent,omitempty"`
}

func giveCard(c *call, b *cardBody) (workflow.Command, error) {
	return &workflow.GiveCard{Card: workflow.RecordID(newID()), Customer: b.Customer, By: c.staffOr(b.By), Requested: b.Requested, Consent: b.Consent}, nil
}

func vacateSeat(*call, *emptyBody) (workflow.Command, error) {
	return &workflow.VacateSeat{Vacancy: workflow.RecordID(newID())}, nil
}

type noticeBody struct {
	From workflow.StaffID `json:"from,omitempty"`
	To   workflow.StaffID `json:"to"`
}

func notifySeat(c *call, b *noticeBody) (workflow.Command, error) {
	return &workflow.NotifySeat{From: c.staffOr(b.From), To: b.To}, nil
}

type fillBody struct {
	By workflow.StaffID `json:"by,omitempty"`
}

func fillSeat(c *call, b *fillBody) (workflow.Command, error) {
	return &workflow.FillSeat{By: c.staffOr(b.By)}, nil
}

func checkVacancy(*call, *emptyBody) (workflow.Command, error) { return &workflow.CheckVacancy{}, nil }
