package api

import (
	"errors"
	"net/http"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// Person is a customer's personal data. It is stored apart from records, facts and the journal.
type Person struct {
	// Name is the name. Absent: unknown.
	Name string `json:"name,omitempty"`
	// Phone is the phone number, in any notation. Absent: unknown.
	Phone string `json:"phone,omitempty"`
	// Notice says that the person was told what the data are used for.
	Notice bool `json:"notice,omitempty"`
	// Consent says whether the person agreed to be contacted; false withdraws it. The time, who
	// heard it and the current wording are stored with it. Absent: the person was not asked.
	Consent *bool `json:"consent,omitempty"`
}

func (p *Person) empty() bool { return p == nil || p.Name == "" && p.Phone == "" }

// record is the person as the vault stores it: a consent has its time, who heard it, and the
// current wording.
func (c *call) record(p *Person) (vault.Person, error) {
	r := vault.Person{Name: p.Name, Phone: p.Phone, Notice: p.Notice}
	if p.Consent == nil {
		return r, nil
	}
	by := string(c.key.Staff)
	if by == "" {
		by = c.key.ID
	}
	r.Consent = &vault.Consent{Given: *p.Consent, At: c.now(), By: by}
	return r, c.view(nil, func(b *workflow.Board) error {
		if w := b.Site().Consent; w != nil {
			r.Consent.Wording = w.Version
		}
		return nil
	})
}

// spend takes one look-up from the caller's allowance, for each phone a request asks about.
func (c *call) spend(p *Person) error {
	phone := []byte(vault.NormalPhone(p.Phone))
	use := c.api.cfg.Vault.Fingerprint([]byte(c.id), phone)
	if wait := c.api.search.take(c.key.ID, use, c.now()); wait > 0 {
		return tooMany("too_many", wait)
	}
	return nil
}

// byPhone looks up a phone for a caller. Nothing else does.
func (c *call) byPhone(p *Person) (id workflow.CustomerID, found bool, err error) {
	if p.Phone == "" {
		return "", false, nil
	}
	if vault.NormalPhone(p.Phone) == "" {
		return "", false, bad("bad_phone")
	}
	// An import makes a customer of every unknown phone, so only known phones tell the caller
	// something. A dry run of many has an allowance of its own for unknown ones.
	taking := c.route.kind == "import_customer" && (!c.dry || c.row)
	if !taking {
		if err := c.spend(p); err != nil {
			return "", false, err
		}
	}
	id, found, err = c.api.cfg.Vault.FindPhone(c.Request().Context(), c.site, p.Phone)
	switch {
	case err != nil || !taking:
	case found:
		if c.row { // which was perhaps taken over before, and then costs nothing
			out, err := c.ranBefore()
			if err == nil && out != nil {
				err = &replay{out}
			}
			if err != nil {
				return id, true, err
			}
		}
		err = c.spend(p)
	case c.dry:
		if _, wait := c.api.rows.take(c.key.ID); wait > 0 {
			err = tooMany("too_many", wait)
		}
	}
	return id, found, err
}

// maxFinds limits how often a request looks again for a person that others are writing.
const maxFinds = 8

// customerOf finds the customer with a person's phone, or stores the person under a new id. The
// caller's answer is the same either way. fresh: the customer has no record yet.
func (c *call) customerOf(p *Person) (id workflow.CustomerID, fresh bool, err error) {
	if p.empty() {
		return "", false, nil
	}
	c.phoned = c.phoned || p.Phone != "" && c.route.kind != "import_customer"
	if err := c.once(); err != nil {
		return "", false, err
	}
	r, err := c.record(p)
	for range maxFinds {
		if err != nil {
			return "", false, err
		}
		id, fresh, err = c.findOrKeep(p, r)
		if !errors.Is(err, repo.ErrChanged) {
			return id, fresh, err
		}
		err = nil
	}
	return "", false, repo.ErrBusy
}

// findOrKeep tries once. ErrChanged: another request stored the same phone first, so the next try
// finds it.
func (c *call) findOrKeep(p *Person, r vault.Person) (
	id workflow.CustomerID, fresh bool, err error,
) {
	if c.row && !c.dry && !c.tried { // most phones of a table are unknown
		c.tried = true
		id = workflow.CustomerID(newID())
		return id, true, c.keep(id, r)
	}
	id, found, err := c.byPhone(p)
	if err != nil {
		return "", false, err
	}
	if !found {
		id = workflow.CustomerID(newID())
	}
	fresh = true
	if found || !c.row { // an arrival takes equally long either way
		fresh, err = c.unrecorded(id)
	}
	switch {
	case err != nil || c.dry:
		return id, fresh, err
	case !found:
		return id, true, c.keep(id, r)
	case fresh: // stored by a request that is still running, or was refused
		return id, true, c.api.cfg.Vault.Adopt(c.Request().Context(), c.site, id, c.id)
	case c.key.Role == workflow.RoleKiosk || c.own():
		return id, false, c.api.cfg.Vault.Blank(c.Request().Context(), c.site, newID(), c.id, r)
	}
	return id, false, nil
}

// unrecorded reports whether a person has no customer record yet. The document may lag behind; the
// rules still recognise a customer who has a record.
func (c *call) unrecorded(id workflow.CustomerID) (bool, error) {
	docs, err := c.api.cfg.Store.Read(c.Request().Context(), c.site, 0,
		[]workflow.Ref{workflow.CustomerRef(id)})
	return len(docs) == 0, reading(err)
}

// keep stores a person under a new id. ErrChanged: another request stored the same phone first.
func (c *call) keep(id workflow.CustomerID, r vault.Person) error {
	err := c.api.cfg.Vault.SavePerson(c.Request().Context(), c.site, id, c.id, r)
	if errors.Is(err, repo.ErrExists) {
		return repo.ErrChanged
	}
	if err == nil {
		c.people = append(c.people, kept{id, r.Phone != ""})
	}
	return err
}

// kept is a person the request wrote to the vault.
type kept struct {
	id    workflow.CustomerID
	phone bool
}

// PersonView is a person, not masked.
type PersonView struct {
	// Person is what is known about the customer.
	Person *vault.Person `json:"person"`
}

// LookQuery says why personal data is read.
type LookQuery struct {
	// Reason is why, as a code of a-z, 0-9 and _, such as call_back. It is written to the journal
	// and the log.
	Reason string `query:"reason"`
}

// getPerson shows a person, not masked. Who looked, at whom and why is in the journal before
// anything is shown.
func getPerson(c *call, _ *none) (*PersonView, error) {
	reason, err := c.reason()
	if err != nil {
		return nil, err
	}
	k, err := c.ownCustomer()
	if err != nil {
		return nil, err
	}
	id := workflow.CustomerID(k.ID)
	p, err := c.api.cfg.Vault.Person(c.Request().Context(), c.site, id)
	if err != nil {
		return nil, err
	}
	c.look()
	if _, err := c.do(&workflow.ShowPerson{Customer: id, Reason: reason}); err != nil {
		return nil, err
	}
	c.api.cfg.Log.Info("person shown", "site", c.site, "customer", k.ID,
		"key", c.key.ID, "reason", reason)
	return &PersonView{&p}, nil
}

// putPerson replaces a customer's personal data.
func putPerson(c *call, b *Person) (*none, error) {
	k, err := c.ownCustomer()
	if err != nil {
		return nil, err
	}
	id := workflow.CustomerID(k.ID)
	err = c.once()
	var before *replay
	if errors.As(err, &before) {
		return c.done(before.Outcome)
	}
	if err != nil {
		return nil, err
	}
	other, found, err := c.byPhone(b)
	if err == nil && found && other != id {
		err = phoneTaken()
	}
	if err != nil {
		return nil, err
	}
	r, err := c.record(b)
	if err != nil {
		return nil, err
	}
	c.intent = &vault.Intent{Customer: id, Person: &r, Whole: true}
	out, err := c.do(&workflow.ChangePerson{Customer: id})
	if errors.Is(err, repo.ErrExists) {
		return nil, phoneTaken()
	}
	if err != nil {
		return nil, err
	}
	return c.done(out)
}

func phoneTaken() *Problem {
	return problem(http.StatusConflict, "phone_taken")
}

// erasePerson erases a customer's personal data for good: name, phone, and the notes on their
// records. The journal records it first. Asking again finishes an interrupted erasure, and so does
// the sweep.
func erasePerson(c *call, _ *none) (*none, error) {
	id := c.customer()
	c.intent = &vault.Intent{Customer: id, Erase: true}
	out, err := c.do(&workflow.ErasePerson{Customer: id})
	if err == nil && out.Replayed {
		// safe to repeat: it brings nothing back
		err = c.api.cfg.Vault.Erase(c.Request().Context(), c.site, id)
	}
	if err != nil {
		return nil, err
	}
	c.api.cfg.Log.Info("person erased", "site", c.site, "customer", string(id), "key", c.key.ID)
	return c.done(out)
}
