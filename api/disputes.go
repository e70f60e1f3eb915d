package api

import "github.com/lunpai/lunpai/workflow"

// DisputeDecision is the answer to a dispute that was opened.
type DisputeDecision struct {
	Decided
	// Dispute is the dispute as it stands now.
	Dispute Doc[workflow.Dispute] `json:"dispute,omitzero"`
}

// RulingDecision is the answer to a ruling.
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

// getDispute reads a dispute. A consultant reads those in which he claims the customer.
func getDispute(c *call, _ *none) (*DisputeView, error) {
	r, err := readMatter[*workflow.Dispute](c, aDispute)
	return &DisputeView{r}, err
}

// RulingBody is the manager's word.
type RulingBody struct {
	// Text is the ruling: free text. The ruling carries its id; GET notes/{note} shows it to those who may read it.
	Text workflow.NoteID `json:"text"`
	// Dispute is what the ruling settles; absent: it says what the policy does not.
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

// listRulings lists the rulings of a site, the newest first.
func listRulings(c *call, q *Paging) (*RulingList, error) {
	p, docs, err := listOf[workflow.Ruling](c, workflow.Rulings, *q)
	return &RulingList{p, docs}, err
}
