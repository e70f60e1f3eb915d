package api

import "github.com/lunpai/lunpai/workflow"

// ConductDecision is the answer when conduct is noted.
type ConductDecision struct {
	Decided
	// Conduct is the note.
	Conduct Doc[workflow.ConductNote] `json:"conduct,omitzero"`
}

// CheckDecision is the answer when an item of a checklist is completed.
type CheckDecision struct {
	Decided
	// Check is the item.
	Check Doc[workflow.Check] `json:"check,omitzero"`
}

// CardDecision is the answer when a business card is given.
type CardDecision struct {
	Decided
	// Card is the business card as it was recorded.
	Card Doc[workflow.Card] `json:"card,omitzero"`
}

// ConductList is a page of notes on conduct.
type ConductList struct {
	// Conduct are those of this page.
	Conduct []Doc[workflow.ConductNote] `json:"conduct"`
	Page
}

// listConduct lists notes on conduct, newest first.
func listConduct(c *call, q *Paging) (*ConductList, error) {
	p, docs, err := listOf[workflow.ConductNote](c, workflow.Conduct, *q)
	return &ConductList{docs, p}, err
}
