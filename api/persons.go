package api

import (
	"errors"
	"net/http"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// Person is who a customer says he is. It is kept apart and never stands in a record, a fact or the journal.
type Person struct {
	// Name is his name; absent: not known.
	Name string `json:"name,omitempty"`
	// Phone is his number, however it is written; absent: not known.
	Phone string `json:"phone,omitempty"`
	// Notice says that he was told what the data are for.
	Notice bool `json:"notice,omitempty"`
	// Consent says whether he agreed to be contacted; false takes it back. When, who heard it and the wording in force are noted.
	// Absent: he was not asked.
	Consent *bool `json:"consent,omitempty"`
}

func (p *Person) empty() bool { return p == nil || p.Name == "" && p.Phone == "" }

// record is the person as the vault keeps him: a consent with its time, who heard it, and the wording in force.
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

// spend takes one look-up from the caller's allowance: one for each phone that a request asks about, on whatever path.
func (c *call) spend(p *Person) error {
	if wait := c.api.search.take(c.key.ID, c.api.cfg.Vault.Fingerprint([]byte(c.id), []byte(vault.NormalPhone(p.Phone))), c.now()); wait > 0 {
		return tooMany("too_many", wait)
	}
	return nil
}

// byPhone is the one place where phones are looked up for a caller.
func (c *call) byPhone(p *Person) (id workflow.CustomerID, found bool, err error) {
	if p.Phone == "" {
		return "", false, nil
	}
	if vault.NormalPhone(p.Phone) == "" {
		return "", false, bad("bad_phone")
	}
	// Whoever takes the paper book over makes a customer of every phone that is not known: only the others tell him something.
	taking := c.route.kind == "import_customer" && !c.dry
	if !taking {
		if err := c.spend(p); err != nil {
			return "", false, err
		}
	}
	id, found, err = c.api.cfg.Vault.FindPhone(c.Request().Context(), c.site, p.Phone)
	if err == nil && found && taking {
		err = c.spend(p)
	}
	return id, found, err
}

// maxFinds bounds how often a request looks again for a person whom others are writing.
const maxFinds = 8

// customerOf finds the customer whom a person is, by phone, or keeps the person under a fresh id. The answer is the same for
// the caller either way. fresh: he has no record yet.
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

// findOrKeep tries it once; ErrChanged: somebody else was quicker with the same phone, so he will be found.
func (c *call) findOrKeep(p *Person, r vault.Person) (id workflow.CustomerID, fresh bool, err error) {
	id, found, err := c.byPhone(p)
	if err != nil {
		return "", false, err
	}
	if !found {
		id = workflow.CustomerID(newID())
	}
	fresh, err = c.unrecorded(id)
	switch {
	case err != nil || c.dry:
		return id, fresh, err
	case !found:
		return id, true, c.keep(id, r)
	case fresh: // the request that brought him is running, or was refused
		return id, true, c.api.cfg.Vault.Adopt(c.Request().Context(), c.site, id, c.id)
	case c.key.Role == workflow.RoleKiosk || c.own():
		return id, false, c.api.cfg.Vault.Blank(c.Request().Context(), c.site, newID(), c.id, r)
	}
	return id, false, nil
}

// unrecorded reports whether a person belongs to no customer yet. A document that trails is no harm: the rules take a customer who
// has a record as he is.
func (c *call) unrecorded(id workflow.CustomerID) (bool, error) {
	docs, err := c.api.cfg.Store.Read(c.Request().Context(), c.site, 0, []workflow.Ref{workflow.CustomerRef(id)})
	return len(docs) == 0, reading(err)
}

// keep writes a person down under a fresh id; ErrChanged when another request was quicker with the same phone.
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

// kept is a person that the request put into the vault.
type kept struct {
	id    workflow.CustomerID
	phone bool
}

// PersonView is a person in full.
type PersonView struct {
	// Person is what is known of him.
	Person *vault.Person `json:"person"`
}

// LookQuery says why somebody looks at personal data.
type LookQuery struct {
	// Reason is a code of a-z, 0-9 and _, such as call_back. It stands in the journal and in the log.
	Reason string `query:"reason"`
}

// getPerson shows a person in full. Who looked, at whom and why stands in the journal before anything is shown.
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
	c.api.cfg.Log.Info("person shown", "site", c.site, "customer", k.ID, "key", c.key.ID, "reason", reason)
	return &PersonView{&p}, nil
}

// putPerson writes who a customer is.
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

// erasePerson removes for good what is known of a customer: name, phone, and the notes that hang on his records. The journal says it
// first; whoever asks again finishes what was left half done, and so does the sweep.
func erasePerson(c *call, _ *none) (*none, error) {
	id := c.customer()
	c.intent = &vault.Intent{Customer: id, Erase: true}
	out, err := c.do(&workflow.ErasePerson{Customer: id})
	if err == nil && out.Replayed {
		err = c.api.cfg.Vault.Erase(c.Request().Context(), c.site, id) // nothing comes back by it, nothing that was corrected is undone
	}
	if err != nil {
		return nil, err
	}
	c.api.cfg.Log.Info("person erased", "site", c.site, "customer", string(id), "key", c.key.ID)
	return c.done(out)
}
