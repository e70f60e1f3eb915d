package api

import "github.com/lunpai/lunpai/workflow"

// CallDecision is the answer when a call is noted.
type CallDecision struct {
	Decided
	// Call is the call as it was recorded.
	Call Doc[workflow.Call] `json:"call,omitzero"`
}

// CallBody is a call on the sales telephone.
type CallBody struct {
	// For is the consultant the caller asked for. Absent: nobody in particular.
	For workflow.StaffID `json:"for,omitempty"`
	// Customer is the caller, if known.
	Customer workflow.CustomerID `json:"customer,omitempty"`
	// Callback is how to reach the caller, as free text. The call holds its id; GET notes/{note}
	// shows the text to those who may read it.
	Callback workflow.NoteID `json:"callback,omitempty"`
}

func takeCall(_ *call, b *CallBody) (*workflow.TakeCall, error) {
	return &workflow.TakeCall{For: b.For, Customer: b.Customer, Note: b.Callback}, nil
}

// CallView is a call.
type CallView struct {
	// Call is the call as it was recorded.
	Call *workflow.Call `json:"call"`
}

// getCall reads a call. A consultant may read calls for them and calls they answered.
func getCall(c *call, _ *none) (*CallView, error) {
	r, err := readMatter[*workflow.Call](c, aCall)
	return &CallView{r}, err
}

// MessagesQuery is the query of the list of messages.
type MessagesQuery struct {
	// State selects messages in these states.
	State []workflow.MessageState `query:"state" compares:"state"`
	Paging
}

// MessageList is a page of messages.
type MessageList struct {
	Page
	// Messages are the messages on this page that the caller may see.
	Messages []Doc[workflow.Message] `json:"messages"`
}

// listMessages lists the messages that callers left, newest first. A consultant sees only their
// own.
func listMessages(c *call, q *MessagesQuery) (*MessageList, error) {
	p, docs, err := listOf[workflow.Message](c, workflow.Messages, q.Paging)
	return &MessageList{p, docs}, err
}

// CallsQuery is the query of the list of calls.
type CallsQuery struct {
	// For selects the calls for this consultant.
	For workflow.StaffID `query:"for" compares:"for"`
	// AnsweredBy selects the calls that this consultant answered.
	AnsweredBy workflow.StaffID `query:"answered_by" compares:"answered_by"`
	// Customer selects the calls of this customer.
	Customer workflow.CustomerID `query:"customer" compares:"customer"`
	Paging
}

// CallList is a page of calls.
type CallList struct {
	// Calls are the calls on this page that the caller may see.
	Calls []Doc[workflow.Call] `json:"calls"`
	Page
}

// listCalls lists calls on the sales telephone, newest first. A consultant sees those they answered
// and those for them.
func listCalls(c *call, q *CallsQuery) (*CallList, error) {
	p, docs, err := listOf[workflow.Call](c, workflow.Calls, q.Paging)
	return &CallList{docs, p}, err
}
