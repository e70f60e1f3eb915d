package api

import (
	"errors"

	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// NoteView is a note.
type NoteView struct {
	// Note is the note that was asked for.
	Note Note `json:"note"`
}

// Note is free text about a record. It is stored apart from the records.
type Note struct {
	// ID is the note's id, as records name it.
	ID workflow.NoteID `json:"id"`
	// Text is what was written, word for word.
	Text string `json:"text"`
}

// getNote shows a note to those who may read the personal data of its record. Every read is in the
// journal.
func getNote(c *call, _ *none) (*NoteView, error) {
	reason, err := c.reason()
	if err != nil {
		return nil, err
	}
	id := workflow.NoteID(c.Param("note"))
	text, of, err := c.api.cfg.Vault.Note(c.Request().Context(), c.site, id)
	if err != nil {
		return nil, err
	}
	c.look()
	if _, err := c.do(&workflow.ShowNote{Note: id, Of: of, Reason: reason}); err != nil {
		return nil, err
	}
	c.api.cfg.Log.Info("note shown", "site", c.site, "note", string(id),
		"key", c.key.ID, "reason", reason)
	return &NoteView{Note{ID: id, Text: text}}, nil
}

// eraseNote erases a note for good.
func eraseNote(c *call, _ *none) (*none, error) {
	id := workflow.NoteID(c.Param("note"))
	err := c.once()
	var before *replay
	if errors.As(err, &before) {
		return c.done(before.Outcome)
	}
	if err != nil {
		return nil, err
	}
	if _, _, err := c.api.cfg.Vault.Note(c.Request().Context(), c.site, id); err != nil {
		return nil, err
	}
	c.intent = &vault.Intent{Note: id}
	out, err := c.do(&workflow.EraseNote{Note: id})
	if err != nil {
		return nil, err
	}
	c.api.cfg.Log.Info("note erased", "site", c.site, "note", string(id), "key", c.key.ID)
	return c.done(out)
}
