package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Person is who a customer is. The phone is kept in the normal form of NormalPhone.
type Person struct {
	// Name of the customer as it was given; empty when it is not known.
	Name string `json:"name,omitempty"`
	// Telephone number of the customer; empty when it is not known.
	Phone string `json:"phone,omitempty"`
	// Whether the customer was told what the data are for.
	Notice bool `json:"notice,omitempty"`
	// What the customer said when asked whether he may be contacted; missing when nobody asked.
	Consent *Consent `json:"consent,omitempty"`
	// When the record is deleted unless somebody makes use of it; missing for good.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Consent is what a customer answered when asked whether he may be contacted: when, to whom, and to
// which wording.
type Consent struct {
	// Whether the customer agreed to be contacted.
	Given bool `json:"given"`
	// When the customer said so.
	At time.Time `json:"at,omitzero"`
	// Member of staff who asked, or id of the key of a device.
	By string `json:"by,omitempty"`
	// Version of the site's wording; missing when the site has none or it is not known.
	Wording int `json:"wording,omitempty"`
}

// UnmarshalJSON reads a consent; older records say only true or false.
func (c *Consent) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &c.Given); err == nil {
		return nil
	}
	type plain Consent
	return json.Unmarshal(text, (*plain)(c))
}

// Masked is what may be shown of a person: 张**, 138****8000.
func (p Person) Masked() Person {
	if first, n := utf8.DecodeRuneInString(p.Name); n > 0 {
		p.Name = string(first) + "**"
	}
	if n := len(p.Phone); n >= 8 {
		p.Phone = p.Phone[:n-8] + "****" + p.Phone[n-4:]
	} else if n > 0 {
		p.Phone = "****"
	}
	return p
}

// Person is who a customer is; ErrNotFound when nothing is kept, or it was erased.
func (v *Vault) Person(
	ctx context.Context, site workflow.SiteID, id workflow.CustomerID,
) (Person, error) {
	var p Person
	_, err := v.read(ctx, repo.People, site, string(id), &p)
	return p, err
}

// SavePerson writes a customer's person, pending until command is in the journal. ErrExists: the
// phone is somebody else's; ErrBadPhone; ErrErased; ErrNotFound: the id belongs to another site.
func (v *Vault) SavePerson(
	ctx context.Context, site workflow.SiteID, id workflow.CustomerID, command string, p Person,
) error {
	return v.writePerson(ctx, site, id, command, func(Person, repo.Side) (Person, error) {
		return p, nil
	})
}

// revised is a person with what a form says about him. Consent that was given stays until it is
// withdrawn explicitly.
func (p Person) revised(form Person, over bool) Person {
	if form.Name != "" && (over || p.Name == "") {
		p.Name = form.Name
	}
	if form.Phone != "" && (over || p.Phone == "") {
		p.Phone = form.Phone
	}
	p.Notice = p.Notice || form.Notice
	if form.Consent != nil && (p.Consent == nil || !p.Consent.Given) {
		p.Consent = form.Consent
	}
	return p
}

// maxChanges limits how often a change is tried while others change the same document.
const maxChanges = 8

// writePerson changes a person: make gets the person and the document as they are, empty when there
// is none. A tombstone is never overwritten, whichever instance set it up.
func (v *Vault) writePerson(
	ctx context.Context, site workflow.SiteID, id workflow.CustomerID, command string,
	make func(Person, repo.Side) (Person, error),
) error {
	for range maxChanges {
		var old Person
		doc, err := v.store.Side(ctx, repo.People, string(id))
		absent := errors.Is(err, repo.ErrNotFound)
		switch {
		case absent:
		case err != nil:
			return repo.Unavailable(err)
		case doc.Site != site:
			return repo.ErrNotFound
		default:
			if err := v.unseal(doc, &old); errors.Is(err, repo.ErrNotFound) {
				return ErrErased
			} else if err != nil {
				return err
			}
		}
		now, err := v.personDoc(ctx, site, id, command, old, doc, make)
		if err != nil {
			return err
		}
		if absent {
			err = v.insertPerson(ctx, now)
		} else {
			err = v.store.ReplaceIf(ctx, doc, now)
		}
		switch {
		case errors.Is(err, repo.ErrChanged):
			continue
		case errors.Is(err, repo.ErrExists):
			return repo.ErrExists
		}
		return repo.Unavailable(err)
	}
	return repo.ErrBusy
}

// personDoc is the document of the person that make returns.
func (v *Vault) personDoc(
	ctx context.Context, site workflow.SiteID, id workflow.CustomerID, command string, old Person,
	doc repo.Side, make func(Person, repo.Side) (Person, error),
) (repo.Side, error) {
	p, err := make(old, doc)
	if err != nil {
		return repo.Side{}, err
	}
	if phone := NormalPhone(p.Phone); phone != "" || p.Phone == "" {
		p.Phone = phone
	} else {
		return repo.Side{}, ErrBadPhone
	}
	if !p.ExpiresAt.IsZero() {
		if err := v.planExpiry(ctx, site, id, p.ExpiresAt); err != nil {
			return repo.Side{}, err
		}
	}
	body, err := v.body(string(id), p)
	return repo.Side{
		Collection: repo.People, ID: string(id), Site: site, Lookup: v.lookup(site, p.Phone),
		Command: command, Pending: command != "",
		At: v.at(), Body: body,
	}, err
}

// insertPerson adds a person; ErrChanged when somebody else has written that customer meanwhile.
func (v *Vault) insertPerson(ctx context.Context, doc repo.Side) error {
	err := v.store.Insert(ctx, doc)
	if !errors.Is(err, repo.ErrExists) {
		return err
	}
	if _, there := v.store.Side(ctx, repo.People, doc.ID); there == nil {
		return repo.ErrChanged
	}
	return repo.ErrExists // it was the phone
}

// Adopt hands a person that is pending for one command to another command, which has found it by
// its phone. ErrChanged: the person has changed; look again.
func (v *Vault) Adopt(
	ctx context.Context, site workflow.SiteID, id workflow.CustomerID, command string,
) error {
	var p Person
	doc, err := v.read(ctx, repo.People, site, string(id), &p)
	switch {
	case errors.Is(err, repo.ErrNotFound):
		return repo.ErrChanged
	case err != nil:
		return err
	case !doc.Pending:
		return nil
	}
	now := doc
	now.Command, now.At = command, v.at()
	if err := v.store.ReplaceIf(ctx, doc, now); errors.Is(err, repo.ErrChanged) {
		return repo.ErrChanged
	} else {
		return repo.Unavailable(err)
	}
}

// Blank writes a pending person of whom nothing is known, which the next sweep removes. It costs as
// much as keeping a person, so that an arrival takes equally long whether or not the phone is
// known.
func (v *Vault) Blank(
	ctx context.Context, site workflow.SiteID, id, command string, p Person,
) error {
	body, err := v.body(id, Person{Name: pad(p.Name), Phone: pad(p.Phone), Notice: p.Notice})
	if err != nil {
		return err
	}
	return repo.Unavailable(v.store.Insert(ctx, repo.Side{
		Collection: repo.People, ID: id, Site: site,
		Lookup: v.ring.sum([]byte("blank"), []byte(id)), Command: "blank/" + command,
		Pending: true, At: v.at(), Body: body,
	}))
}

// pad is a text of the same length that says nothing.
func pad(s string) string {
	b := make([]byte, len(s))
	for i := range b {
		b[i] = '0'
	}
	return string(b)
}

// DropPerson removes a person that a request saved before its command, if it is still pending for
// that command.
func (v *Vault) DropPerson(
	ctx context.Context, site workflow.SiteID, id workflow.CustomerID, command string,
) error {
	return v.drop(ctx, repo.People, site, string(id), command)
}

// drop removes what was saved before a command and is still pending for it.
func (v *Vault) drop(
	ctx context.Context, c repo.SideCollection, site workflow.SiteID, id, command string,
) error {
	doc, err := v.store.Side(ctx, c, id)
	if errors.Is(err, repo.ErrNotFound) || err == nil &&
		(doc.Site != site || doc.Command != command || !doc.Pending) {
		return nil
	}
	if err == nil {
		err = v.store.DeleteIf(ctx, doc)
	}
	if errors.Is(err, repo.ErrChanged) {
		return nil
	}
	return repo.Unavailable(err)
}

// Erase removes for good what is known of a customer: the person, who is replaced by a tombstone,
// and every note that is attached to his records. The journal and the records keep the id, which
// then says nothing. Erasing twice is harmless.
func (v *Vault) Erase(ctx context.Context, site workflow.SiteID, id workflow.CustomerID) error {
	if err := v.bury(ctx, site, id); err != nil {
		return err
	}
	return v.eraseNotesOf(ctx, site, id)
}

// bury replaces a person by a tombstone.
func (v *Vault) bury(ctx context.Context, site workflow.SiteID, id workflow.CustomerID) error {
	body, err := json.Marshal(sealedBody{Erased: true})
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	stone := repo.Side{Collection: repo.People, ID: string(id), Site: site, At: v.at(), Body: body}
	for range maxChanges {
		doc, err := v.store.Side(ctx, repo.People, string(id))
		switch {
		case errors.Is(err, repo.ErrNotFound):
			err = v.insertPerson(ctx, stone)
		case err != nil:
			return repo.Unavailable(err)
		case doc.Site != site:
			return repo.ErrNotFound
		case isTombstone(doc):
			return nil
		default:
			err = v.store.ReplaceIf(ctx, doc, stone)
		}
		if !errors.Is(err, repo.ErrChanged) {
			return repo.Unavailable(err)
		}
	}
	return repo.ErrBusy
}

func isTombstone(doc repo.Side) bool {
	var b sealedBody
	return json.Unmarshal(doc.Body, &b) == nil && b.Erased
}
