package api

import "github.com/lunpai/lunpai/workflow"

// ConductDecision is the answer to a note on conduct.
type ConductDecision struct {
	Decided
	// Conduct is the note.
	Conduct Doc[workflow.ConductNote] `json:"conduct,omitzero"`
}

// CheckDecision is the answer to an item of a checklist that was ticked.
type CheckDecision struct {
	Decided
	// Check is the item.
	Check Doc[workflow.Check] `json:"check,omitzero"`
}

// CardDecision is the answer to a business card that was given.
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

// listConduct lists the notes on conduct, the newest first.
func listConduct(c *call, q *Paging) (*ConductList, error) {
	p, docs, err := listOf[workflow.ConductNote](c, workflow.Conduct, *q)
	return &ConductList{docs, p}, err
}
