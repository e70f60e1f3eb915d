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

// CardsQuery is the query of the list of business cards.
type CardsQuery struct {
	// Customer selects the cards that this customer got.
	Customer workflow.CustomerID `query:"customer" compares:"customer"`
	// By selects the cards that this consultant gave.
	By workflow.StaffID `query:"by" compares:"by"`
	Paging
}

// CardList is a page of business cards.
type CardList struct {
	// Cards are the cards on this page that the caller may see.
	Cards []Doc[workflow.Card] `json:"cards"`
	Page
}

// listCards lists the business cards given, newest first. A consultant sees those they gave and
// those given to their customers.
func listCards(c *call, q *CardsQuery) (*CardList, error) {
	p, docs, err := listOf[workflow.Card](c, workflow.Cards, q.Paging)
	return &CardList{docs, p}, err
}

// ChecksQuery is the query of the list of checklist items.
type ChecksQuery struct {
	// Item selects items of this code.
	Item string `query:"item" compares:"item"`
	// Visit selects the items of this visit.
	Visit workflow.VisitID `query:"visit" compares:"visit"`
	// By selects what this member of staff did.
	By workflow.StaffID `query:"by" compares:"by"`
	Paging
}

// CheckList is a page of checklist items that were done.
type CheckList struct {
	// Checklists are the items on this page that the caller may see.
	Checklists []Doc[workflow.Check] `json:"checklists"`
	Page
}

// listChecks lists the checklist items that were done, newest first. A consultant sees their own.
func listChecks(c *call, q *ChecksQuery) (*CheckList, error) {
	p, docs, err := listOf[workflow.Check](c, workflow.Checks, q.Paging)
	return &CheckList{docs, p}, err
}
