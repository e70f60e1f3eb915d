package workflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Actor is who asks, taken from the credential and never from the body.
type Actor struct {
	// Id of the key; empty for the system.
	Key string `json:"key,omitempty"`
	// Role in which the key acts.
	Role Role `json:"role"`
	// Member of staff to whom the key belongs; empty for a device or a program.
	Staff StaffID `json:"staff,omitempty"`
}

// Envelope goes around every command.
type Envelope struct {
	// ID names the command for ever; the same ID runs once per site.
	ID string
	By Actor
	// At is when it is decided: UTC, whole milliseconds, never before the site's last commit.
	At time.Time
	// Clock is what the clock says, when that is earlier than At: see Site.ClockUntil. Zero: nobody
	// needs to know.
	Clock time.Time
	// Fingerprint tells two contents sent under one ID apart.
	Fingerprint string
}

// Fact is one thing that was decided and the article that says so.
type Fact struct {
	// What was decided.
	Kind FactKind `json:"kind"`
	// Article of the policy whose value applied; empty where no article speaks.
	Rule string `json:"rule,omitempty"`
	// What it is about: the id of a member of staff, unit, visit or customer.
	Subject string `json:"subject,omitempty"`
	// Further values by name; which ones depends on the kind.
	Detail map[string]string `json:"detail,omitempty"`
}

// Image is a record as it stands after the commit, complete.
type Image struct {
	Ref
	// Whether the record is still in play.
	Open bool `json:"open"`
	// The record, complete.
	Doc json.RawMessage `json:"doc"`
}

// Commit is one immutable record: who asked for what, what was decided and why, and every record it
// changed.
type Commit struct {
	// Number of the commit within the site, without gaps.
	Seq int64 `json:"seq"`
	// Id of the command; it runs once per site.
	ID string `json:"id"`
	// When it was decided.
	At time.Time `json:"at"`
	// What the clock said, when that was earlier than the time of the decision and is noted.
	ClockAt time.Time `json:"clock_at,omitzero"`
	// Key and member of staff who asked.
	By Actor `json:"by"`
	// Name of the command.
	Kind Kind `json:"kind"`
	// The command with its members.
	Command json.RawMessage `json:"command"`
	// Tells two contents sent under one id apart.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Record that the command was about.
	Subject Ref `json:"subject"`
	// What was decided, each with its article.
	Facts []Fact `json:"facts"`
	// Lowest version of the program that can read the commit.
	MinReader int `json:"min_reader"`
	// Every record that the commit changed, as it stands after it. Last: see AppendCommits.
	Images []Image `json:"images"`

	// records are the decoded images, when this process made them.
	records []Record
}

// AppendCommits appends the canonical JSON text of commits to b: the same bytes as Encode of the
// slice, without parsing the images again, which are canonical already.
func AppendCommits(b []byte, cs []*Commit) ([]byte, error) {
	b = append(b, '[')
	for i, c := range cs {
		if i > 0 {
			b = append(b, ',')
		}
		head := *c
		head.Images = nil
		var err error
		if b, err = appendValue(b, &head, true); err != nil {
			return nil, fmt.Errorf("encode commit %d: %w", c.Seq, err)
		}
		b = append(bytes.TrimSuffix(b, []byte("null}")), '[')
		for k, im := range c.Images {
			if k > 0 {
				b = append(b, ',')
			}
			if b, err = im.append(b); err != nil {
				return nil, err
			}
		}
		b = append(b, "]}"...)
	}
	return append(b, ']'), nil
}

// append appends the image's JSON text to b.
func (i *Image) append(b []byte) ([]byte, error) {
	b, err := appendValue(b, &i.Ref, true)
	if err != nil {
		return nil, err
	}
	b = bytes.TrimSuffix(b, []byte("}"))
	b = append(b, `,"open":`...)
	b = strconv.AppendBool(b, i.Open)
	b = append(b, `,"doc":`...)
	return append(append(b, i.Doc...), '}'), nil
}

// Record is a record the commit changed, decoded; nil when it did not change it. Callers must not
// change it: it may stand on the board of the site.
func (c *Commit) Record(ref Ref) (Record, error) {
	for k, i := range c.Images {
		switch {
		case i.Ref != ref:
		case c.records != nil:
			return c.records[k], nil
		default:
			return Decode(i)
		}
	}
	return nil, nil
}

// Records are the records the commit changed, decoded.
func (c *Commit) Records() ([]Record, error) {
	if c.records == nil {
		for _, i := range c.Images {
			r, err := Decode(i)
			if err != nil {
				return nil, fmt.Errorf("commit %d: %w", c.Seq, err)
			}
			c.records = append(c.records, r)
		}
	}
	return c.records, nil
}
