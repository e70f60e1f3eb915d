package api

import "github.com/lunpai/lunpai/workflow"

// ApprovalDecision is the answer to a command about an approval.
type ApprovalDecision struct {
	Decided
	// Approval is the request after the command.
	Approval Doc[workflow.Approval] `json:"approval,omitzero"`
}

// ApprovalBody asks for something beyond a consultant's authority.
type ApprovalBody struct {
	// Kind is what is asked for: engineering, discount, delay_signing, payment_method or other.
	Kind string `json:"kind"`
	// By is the consultant who asks. Absent: the owner of the key.
	By workflow.StaffID `json:"by,omitempty"`
	// Note is free text. The request holds its id; GET notes/{note} shows the text to those who may
	// read it.
	Note workflow.NoteID `json:"note,omitempty"`
}

func requestApproval(_ *call, b *ApprovalBody) (*workflow.RequestApproval, error) {
	return &workflow.RequestApproval{Subject: b.Kind, By: b.By, Note: b.Note}, nil
}

// ApprovalView is a request for approval.
type ApprovalView struct {
	// Approval is the request and what became of it.
	Approval *workflow.Approval `json:"approval"`
}

// getApproval reads a request for approval. A consultant may read only their own.
func getApproval(c *call, _ *none) (*ApprovalView, error) {
	r, err := readMatter[*workflow.Approval](c, anApproval)
	return &ApprovalView{r}, err
}

// ApprovalsQuery is the query of the list of approvals.
type ApprovalsQuery struct {
	// State selects requests in these states.
	State []workflow.ApprovalState `query:"state" compares:"state"`
	Paging
}

// ApprovalList is a page of approvals.
type ApprovalList struct {
	// Approvals are the requests on this page that the caller may see.
	Approvals []Doc[workflow.Approval] `json:"approvals"`
	Page
}

// listApprovals lists requests for approval, newest first. A consultant sees only their own.
func listApprovals(c *call, q *ApprovalsQuery) (*ApprovalList, error) {
	p, docs, err := listOf[workflow.Approval](c, workflow.Approvals, q.Paging)
	return &ApprovalList{docs, p}, err
}
