package api

import (
	"errors"

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
	if id, found, err := c.byPhone(p); err != nil || found {
		return id, false, err
	}
	id = workflow.CustomerID(newID())
	if c.dry {
		return id, true, nil
	}
	return c.keep(id, p)
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
	return id, true, err
}

// note keeps free text apart and returns its id for the command.
func (c *call) note(text string) (workflow.NoteID, error) {
	if text == "" || c.dry {
		return "", nil
	}
	id := workflow.NoteID(newID())
	return id, c.api.cfg.Vault.SaveNote(c.Request().Context(), c.site, id, c.id, text)
}
