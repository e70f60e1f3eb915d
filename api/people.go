package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// person is who a customer says he is. It goes to the vault, never into a command.
type person struct {
	Name    string `json:"name,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Notice  bool   `json:"notice,omitempty"`
	Consent bool   `json:"consent,omitempty"`
}

func (p *person) record() repo.Person {
	return repo.Person{Name: p.Name, Phone: p.Phone, Notice: p.Notice, Consent: p.Consent}
}

// customerOf finds the customer whom a person is, by phone, or keeps the person under a fresh id. The answer is the same for
// the caller either way.
func (c *call) customerOf(p *person) (id workflow.CustomerID, fresh bool, err error) {
	if p == nil || p.Name == "" && p.Phone == "" {
		return "", false, nil
	}
	id, found, err := c.byPhone(p)
	if err != nil {
		return "", false, err
	}
	if found {
		fresh, err = c.unrecorded(id)
		return id, fresh, err
	}
	id = workflow.CustomerID(newID())
	if c.dry {
		return id, true, nil
	}
	return c.keep(id, p)
}

// unrecorded reports whether a person belongs to no customer yet: the request that brought it was refused, or is running.
// A document that trails is no harm: the rules take a customer who has a record as he is.
func (c *call) unrecorded(id workflow.CustomerID) (bool, error) {
	docs, err := c.api.cfg.Store.Read(c.Request().Context(), c.site, 0, []workflow.Ref{workflow.CustomerRef(id)})
	return len(docs) == 0, reading(err)
}

func (c *call) byPhone(p *person) (workflow.CustomerID, bool, error) {
	if p.Phone == "" {
		return "", false, nil
	}
	if repo.NormalPhone(p.Phone) == "" {
		return "", false, badRequest("bad_phone", "the phone has fewer than five digits", "send the whole number, or none")
	}
	return c.api.cfg.Vault.FindPhone(c.Request().Context(), c.site, p.Phone)
}

// keep writes a person down; if another request was quicker with the same phone, its customer is the answer.
func (c *call) keep(id workflow.CustomerID, p *person) (workflow.CustomerID, bool, error) {
	err := c.api.cfg.Vault.SavePerson(c.Request().Context(), c.site, id, c.id, p.record())
	if errors.Is(err, repo.ErrExists) {
		id, found, err := c.byPhone(p)
		if err == nil && !found {
			err = repo.ErrBusy
		}
		return id, false, err
	}
	c.people = append(c.people, kept{id, p.Phone != ""})
	return id, true, err
}

// revise writes what a form says into a customer's person: over what is known where it is the visitor's own record, beside it
// where the form only named it. A phone that has become another customer's meanwhile is left out.
func (c *call) revise(id workflow.CustomerID, p *person, over bool) error {
	ctx := c.Request().Context()
	now := p.record()
	old, err := c.api.cfg.Vault.Person(ctx, c.site, id)
	if err != nil && !errors.Is(err, repo.ErrNotFound) {
		return err
	}
	if now.Name == "" || !over && old.Name != "" {
		now.Name = old.Name
	}
	if now.Phone == "" || !over && old.Phone != "" {
		now.Phone = old.Phone
	}
	now.Notice, now.Consent, now.ExpiresAt = now.Notice || old.Notice, now.Consent || old.Consent, old.ExpiresAt
	err = c.api.cfg.Vault.SavePerson(ctx, c.site, id, "", now)
	if errors.Is(err, repo.ErrExists) {
		now.Phone = old.Phone
		err = c.api.cfg.Vault.SavePerson(ctx, c.site, id, "", now)
	}
	return err
}

// kept is a person that the request put into the vault.
type kept struct {
	id    workflow.CustomerID
	phone bool
}

// takeBack removes what the request put into the vault when its command was refused, or had run before under other ids. Of a
// refused request a person with a phone, whom another may have found, is left to the sweep; so is what cannot be removed now.
func (c *call) takeBack(replayed bool, err error) {
	var f *workflow.Fault
	var stale *repo.StaleError
	if !replayed && !errors.As(err, &f) && !errors.As(err, &stale) && !errors.Is(err, repo.ErrKeyReused) && !errors.Is(err, repo.ErrInProgress) {
		return
	}
	ctx := context.WithoutCancel(c.Request().Context())
	for _, id := range c.notes {
		_ = c.api.cfg.Store.Delete(ctx, repo.Notes, string(id))
	}
	for _, k := range c.people {
		if replayed || !k.phone {
			_ = c.api.cfg.Vault.Erase(ctx, c.site, k.id)
		}
	}
}

// note keeps free text apart and returns its id for the command.
func (c *call) note(text string) (workflow.NoteID, error) {
	if text == "" || c.dry {
		return "", nil
	}
	id := workflow.NoteID(newID())
	c.notes = append(c.notes, id)
	return id, c.api.cfg.Vault.SaveNote(c.Request().Context(), c.site, id, c.id, text)
}

// getNote shows free text that a record names; whoever reads it is logged.
func getNote(c *call) error {
	id := workflow.NoteID(c.Param("note"))
	text, err := c.api.cfg.Vault.Note(c.Request().Context(), c.site, id)
	if err != nil {
		return err
	}
	c.api.cfg.Log.Info("note shown", "site", c.site, "note", string(id), "key", c.key.ID)
	return c.JSON(http.StatusOK, map[string]any{"note": map[string]any{"id": id, "text": text}})
}

// eraseNote removes free text for good.
func eraseNote(c *call) error {
	id := workflow.NoteID(c.Param("note"))
	if err := c.api.cfg.Vault.EraseNote(c.Request().Context(), c.site, id); err != nil {
		return err
	}
	c.api.cfg.Log.Info("note erased", "site", c.site, "note", string(id), "key", c.key.ID)
	return c.NoContent(http.StatusNoContent)
}
