package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// person is who a customer says he is. It goes to the vault, never into a command.
type person struct {
	Name    string `json:"name,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Notice  bool   `json:"notice,omitempty"`
	Consent *bool  `json:"consent,omitempty"`
}

func (p *person) empty() bool { return p == nil || p.Name == "" && p.Phone == "" }

// record is the person as the vault keeps him: a consent with its time, who heard it, and the wording in force.
func (c *call) record(p *person) (vault.Person, error) {
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

// replay is how a handler leaves when its command ran before: the first answer is all that happens.
type replay struct{ *repo.Outcome }

func (*replay) Error() string { return "the command ran before" }

// once looks whether the command ran before. Whoever looks something up in the vault or puts something in calls it first: what stands
// ahead of a command and behind it is not done twice.
func (c *call) once() error {
	if c.dry || c.asked {
		return nil
	}
	c.asked = true
	out, err := c.api.cfg.Desk.Answered(c.Request().Context(), c.site, c.id, c.fingerprint())
	switch {
	case errors.Is(err, repo.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return &replay{out}
}

// spend takes one look-up from the caller's allowance: one for each phone that a request asks about, on whatever path.
func (c *call) spend(p *person) error {
	if wait := c.api.search.take(c.key.ID, c.api.cfg.Vault.Fingerprint([]byte(c.id), []byte(vault.NormalPhone(p.Phone))), c.now()); wait > 0 {
		return tooMany(wait)
	}
	return nil
}

// byPhone is the one place where phones are looked up for a caller.
func (c *call) byPhone(p *person) (id workflow.CustomerID, found bool, err error) {
	if p.Phone == "" {
		return "", false, nil
	}
	if vault.NormalPhone(p.Phone) == "" {
		return "", false, badRequest("bad_phone", "the phone has fewer than five digits", "send the whole number, or none")
	}
	// Whoever takes the paper book over makes a customer of every phone that is not known: only the others tell him something.
	taking := c.route.kind == workflow.KindImportCustomer && !c.dry
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
func (c *call) customerOf(p *person) (id workflow.CustomerID, fresh bool, err error) {
	if p.empty() {
		return "", false, nil
	}
	c.phoned = c.phoned || p.Phone != "" && c.route.kind != workflow.KindImportCustomer
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
func (c *call) findOrKeep(p *person, r vault.Person) (id workflow.CustomerID, fresh bool, err error) {
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

// note takes free text out of a request and returns its id for the command; it is kept when the command is known.
func (c *call) note(text string) (workflow.NoteID, error) {
	if text == "" || c.dry {
		return "", nil
	}
	if err := c.once(); err != nil {
		return "", err
	}
	c.noteText = text
	return workflow.NoteID(newID()), nil
}

// prepare writes down what stands ahead of a command: its note, and what it intends in the vault.
func (c *call) prepare(cmd workflow.Command) error {
	if c.dry {
		return nil
	}
	ctx := c.Request().Context()
	if id, of := workflow.NoteOf(c.site, cmd); id != "" {
		c.noteID = id
		if err := c.api.cfg.Vault.SaveNote(ctx, c.site, id, of, c.id, c.noteText); err != nil {
			return err
		}
	}
	if c.intent == nil {
		return nil
	}
	if err := c.once(); err != nil {
		return err
	}
	c.intent.Fingerprint = c.fingerprint()
	var err error
	c.plan, err = c.api.cfg.Vault.Intend(ctx, c.site, c.id, *c.intent)
	return err
}

// follow does what stands behind a command: what it intends is carried out, once, by the request that was decided. When that fails
// the sweep does it, and the caller is told that nobody can say yet.
func (c *call) follow(out *repo.Outcome, err error) error {
	if c.plan != nil && err == nil && !out.Replayed {
		err = c.api.cfg.Vault.Carry(context.WithoutCancel(c.Request().Context()), c.plan)
		if err != nil && !errors.Is(err, repo.ErrExists) {
			err = fmt.Errorf("%w: %w", repo.ErrUnknown, err)
		}
		return err
	}
	c.takeBack(err == nil && out.Replayed, err)
	return err
}

// takeBack removes what the request put into the vault when its command was refused, or had run before under other ids. Of a
// refused request a person with a phone, whom another may have found, is left to the sweep; so is what cannot be removed now.
func (c *call) takeBack(replayed bool, err error) {
	var f *workflow.Fault
	var stale *repo.StaleError
	if !replayed && !errors.As(err, &f) && !errors.As(err, &stale) && !errors.Is(err, repo.ErrKeyReused) && !errors.Is(err, repo.ErrInProgress) {
		return
	}
	ctx, v := context.WithoutCancel(c.Request().Context()), c.api.cfg.Vault
	if c.plan != nil {
		_ = v.Forget(ctx, c.plan)
	}
	if c.noteID != "" {
		_ = v.DropNote(ctx, c.site, c.noteID, c.id)
	}
	for _, k := range c.people {
		if replayed || !k.phone {
			_ = v.DropPerson(ctx, c.site, k.id, c.id)
		}
	}
}

// look names a request that reads for the journal: it has no key of its own, and looks anew each time.
func (c *call) look() {
	sum := sha256.Sum256([]byte(c.key.ID + "\x00" + newID()))
	c.id = hex.EncodeToString(sum[:])
}

// reason is why somebody looks at personal data.
func (c *call) reason() (string, error) {
	r := c.QueryParam("reason")
	if !validCode(r) {
		return "", badRequest("reason_missing", "seeing personal data needs a reason", "send reason=call_back or another code of a-z, 0-9 and _")
	}
	return r, nil
}

// getNote shows free text to whoever may read the personal data of the record that it hangs on; who read it stands in the journal.
func getNote(c *call) error {
	reason, err := c.reason()
	if err != nil {
		return err
	}
	id := workflow.NoteID(c.Param("note"))
	text, of, err := c.api.cfg.Vault.Note(c.Request().Context(), c.site, id)
	if err != nil {
		return err
	}
	c.look()
	if _, err := c.do(&workflow.ShowNote{Note: id, Of: of, Reason: reason}); err != nil {
		return err
	}
	c.api.cfg.Log.Info("note shown", "site", c.site, "note", string(id), "key", c.key.ID, "reason", reason)
	return c.JSON(http.StatusOK, map[string]any{"note": map[string]any{"id": id, "text": text}})
}

// eraseNote removes free text for good.
func eraseNote(c *call) error {
	id := workflow.NoteID(c.Param("note"))
	err := c.once()
	var before *replay
	if errors.As(err, &before) {
		return c.done(before.Outcome)
	}
	if err != nil {
		return err
	}
	if _, _, err := c.api.cfg.Vault.Note(c.Request().Context(), c.site, id); err != nil {
		return err
	}
	c.intent = &vault.Intent{Note: id}
	out, err := c.do(&workflow.EraseNote{Note: id})
	if err != nil {
		return err
	}
	c.api.cfg.Log.Info("note erased", "site", c.site, "note", string(id), "key", c.key.ID)
	return c.done(out)
}

// done answers a command that has nothing to say.
func (c *call) done(out *repo.Outcome) error {
	if out.Replayed {
		c.Response().Header().Set("Idempotency-Replayed", "true")
	}
	return c.NoContent(http.StatusNoContent)
}
