package workflow

import (
	"slices"
	"time"
)

// MessageState says whether a message has reached its consultant.
type MessageState string

// The states of a message.
const (
	MessagePending   MessageState = "pending"
	MessageDelivered MessageState = "delivered"
)

// Message waits until its consultant is on site and in no reception (policy 1, art. 40; A37).
type Message struct {
	Head
	// Consultant for whom the message is.
	To StaffID `json:"to"`
	// Whether the message was delivered.
	State MessageState `json:"state"`
	// Call that left the message.
	Call RecordID `json:"call,omitempty"`
	// Id of the note that holds the caller's contact data.
	Note NoteID `json:"note,omitempty"`
	// When the message was taken.
	At time.Time `json:"at"`
	// When the message was delivered.
	DeliveredAt time.Time `json:"delivered_at,omitzero"`
}

// Ref names the record.
func (m *Message) Ref() Ref { return Ref{Messages, m.ID} }

func (m *Message) clone() Record { k := *m; return &k }

// deliver hands messages to those who are on site and in no running reception.
func (d *draft) deliver() {
	for _, m := range d.pending() {
		if !d.onSite(m.To) || d.inReception(m.To) {
			continue
		}
		k := edit[*Message](d, m.Ref())
		k.State, k.Open, k.DeliveredAt = MessageDelivered, false, d.now
		d.fact(FactMessageDelivered, "P1-40", k.ID, "to", string(k.To))
	}
}

// pending are the messages that wait, in order of id, as they stand in the draft.
func (d *draft) pending() []*Message {
	var ms []*Message
	for ref, r := range d.changed {
		if m, ok := r.(*Message); ok && m.Open && d.records[ref] == nil {
			ms = append(ms, m)
		}
	}
	for _, r := range d.matters {
		if m, ok := r.(*Message); ok {
			if c, ok := d.changed[m.Ref()].(*Message); ok {
				m = c
			}
			if m.Open {
				ms = append(ms, m)
			}
		}
	}
	slices.SortFunc(ms, func(a, b *Message) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return ms
}

func (d *draft) inReception(s StaffID) bool {
	in := false
	d.visits(func(v *Visit) {
		in = in || v.State == Assigned &&
			(v.Server == s || slices.Contains(v.Assistants, s))
	})
	return in
}
