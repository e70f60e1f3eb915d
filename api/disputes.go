package api

import "github.com/lunpai/lunpai/workflow"

// DisputeDecision is the answer when a dispute is opened.
type DisputeDecision struct {
	Decided
	// Dispute is the dispute as it stands now.
	Dispute Doc[workflow.Dispute] `json:"dispute,omitzero"`
}

// RulingDecision is the answer when a ruling is made.
type RulingDecision struct {
	Decided
	// Ruling is the ruling as it was recorded.
	Ruling Doc[workflow.Ruling] `json:"ruling,omitzero"`
}

// DisputeView is a dispute.
type DisputeView struct {
	// Dispute is the dispute and what became of it.
	Dispute *workflow.Dispute `json:"dispute"`
}

// getDispute reads a dispute. A consultant may read disputes in which they claim the customer.
func getDispute(c *call, _ *none) (*DisputeView, error) {
	r, err := readMatter[*workflow.Dispute](c, aDispute)
	return &DisputeView{r}, err
}

// DisputesQuery is the query of the list of disputes.
type DisputesQuery struct {
	// State selects disputes in these states.
	State []workflow.DisputeState `query:"state" compares:"state"`
	// Customer selects disputes about this customer.
	Customer workflow.CustomerID `query:"customer" compares:"customer"`
	Paging
}

// DisputeList is a page of disputes.
type DisputeList struct {
	// Disputes are the disputes on this page that the caller may see.
	Disputes []Doc[workflow.Dispute] `json:"disputes"`
	Page
}

// listDisputes lists disputes, newest first. A consultant sees those in which they claim the
// customer.
func listDisputes(c *call, q *DisputesQuery) (*DisputeList, error) {
	p, docs, err := listOf[workflow.Dispute](c, workflow.Disputes, q.Paging)
	return &DisputeList{docs, p}, err
}

// RulingBody is a ruling of the manager.
type RulingBody struct {
	// Text is the ruling, as free text. The ruling holds its id; GET notes/{note} shows the text to
	// those who may read it.
	Text workflow.NoteID `json:"text"`
	// Dispute is the dispute that the ruling settles. Absent: it is about what the policy leaves
	// open.
	Dispute workflow.RecordID `json:"dispute,omitempty"`
}

func makeRuling(_ *call, b *RulingBody) (*workflow.MakeRuling, error) {
	return &workflow.MakeRuling{Dispute: b.Dispute, Note: b.Text}, nil
}

// RulingList is a page of rulings.
type RulingList struct {
	Page
	// Rulings are those of this page.
	Rulings []Doc[workflow.Ruling] `json:"rulings"`
}

// listRulings lists the rulings of a site, newest first.
func listRulings(c *call, q *Paging) (*RulingList, error) {
	p, docs, err := listOf[workflow.Ruling](c, workflow.Rulings, *q)
	return &RulingList{p, docs}, err
}
