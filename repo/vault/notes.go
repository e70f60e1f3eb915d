package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// hook is the lookup of a note: the record that it hangs on, and its own id.
func hook(of workflow.Ref, id workflow.NoteID) string { return under(of) + string(id) }

// under begins the lookups of all notes that hang on a record.
func under(of workflow.Ref) string { return string(of.Collection) + "/" + of.ID + "/" }

// SaveNote writes free text under the id that a command carries, pending until the command is in
// the journal. of is the record that the command is about.
func (v *Vault) SaveNote(
	ctx context.Context, site workflow.SiteID, id workflow.NoteID, of workflow.Ref, command,
	text string,
) error {
	body, err := v.body(string(id), text)
	if err != nil {
		return err
	}
	return repo.Unavailable(v.store.Insert(ctx, repo.Side{
		Collection: repo.Notes, ID: string(id), Site: site, Lookup: hook(of, id), Command: command,
		Pending: command != "", At: v.at(),
		Body: body,
	}))
}

// DropNote removes a note that a request saved ahead of its command, if it is still that command's.
func (v *Vault) DropNote(
	ctx context.Context, site workflow.SiteID, id workflow.NoteID, command string,
) error {
	return v.drop(ctx, repo.Notes, site, string(id), command)
}

// Note reads free text, and says which record it hangs on.
func (v *Vault) Note(
	ctx context.Context, site workflow.SiteID, id workflow.NoteID,
) (text string, of workflow.Ref, err error) {
	doc, err := v.read(ctx, repo.Notes, site, string(id), &text)
	if err != nil {
		return "", workflow.Ref{}, err
	}
	of, err = v.hangsOn(ctx, doc)
	return text, of, err
}

// hangsOn is the record of a note. Notes from before they were hung up say it by their command.
func (v *Vault) hangsOn(ctx context.Context, doc repo.Side) (workflow.Ref, error) {
	if at, ok := strings.CutSuffix(doc.Lookup, "/"+doc.ID); ok {
		c, id, _ := strings.Cut(at, "/")
		return workflow.Ref{Collection: workflow.Collection(c), ID: id}, nil
	}
	p, err := v.store.Find(ctx, doc.Site, doc.Command)
	if err != nil {
		return workflow.Ref{}, err
	}
	cs, err := p.Commits()
	if err != nil {
		return workflow.Ref{}, err
	}
	for _, c := range cs {
		if c.ID == doc.Command {
			return c.Subject, nil
		}
	}
	return workflow.Ref{}, repo.ErrNotFound
}

// EraseNote removes free text for good; ErrNotFound when the site has no such note. Whoever read it
// before cannot put it back.
func (v *Vault) EraseNote(ctx context.Context, site workflow.SiteID, id workflow.NoteID) error {
	if _, _, err := v.Note(ctx, site, id); err != nil {
		return err
	}
	return repo.Unavailable(v.store.Delete(ctx, repo.Notes, string(id)))
}

// eraseNotesOf erases the notes of a customer's records: himself, his visits, calls and disputes,
// and the rulings on those.
func (v *Vault) eraseNotesOf(
	ctx context.Context, site workflow.SiteID, id workflow.CustomerID,
) error {
	if err := v.hangUp(ctx, site); err != nil {
		return err
	}
	refs, err := v.recordsOf(ctx, site, id)
	if err != nil {
		return fmt.Errorf("erase notes: %w", repo.Unavailable(err))
	}
	for _, ref := range refs {
		notes, err := v.store.Under(ctx, repo.Notes, site, under(ref))
		if err != nil {
			return fmt.Errorf("erase notes: %w", repo.Unavailable(err))
		}
		for _, n := range notes {
			if err := v.store.Delete(ctx, repo.Notes, n.ID); err != nil {
				return fmt.Errorf("erase notes: %w", repo.Unavailable(err))
			}
		}
	}
	return nil
}

// recordsOf are the records that notes about a customer hang on, as the journal has them now.
func (v *Vault) recordsOf(
	ctx context.Context, site workflow.SiteID, id workflow.CustomerID,
) ([]workflow.Ref, error) {
	refs := []workflow.Ref{workflow.CustomerRef(id)}
	head, err := v.store.Before(ctx, site, math.MaxInt64, 1)
	if err != nil {
		return nil, err
	}
	if len(head) > 0 { // documents that trail follow first
		if _, err := v.store.Read(ctx, site, head[0].Last, refs); err != nil {
			return nil, err
		}
	}
	visits := repo.Query{
		Collection: workflow.Visits, Site: site, In: map[string][]string{"customer": {string(id)}},
	}
	err = v.each(ctx, visits, func(d repo.Document) error {
		refs = append(refs, d.Ref)
		return nil
	})
	if err != nil {
		return nil, err
	}
	// Erasing is rare: calls, disputes and rulings are gone through.
	disputes := map[workflow.RecordID]bool{}
	for _, c := range []workflow.Collection{workflow.Calls, workflow.Disputes, workflow.Rulings} {
		// disputes before their rulings
		err := v.each(ctx, repo.Query{Collection: c, Site: site}, func(d repo.Document) error {
			var r struct {
				Customer workflow.CustomerID `json:"customer"`
				Dispute  workflow.RecordID   `json:"dispute"`
			}
			if err := json.Unmarshal(d.Doc, &r); err != nil {
				return fmt.Errorf("%w: %s %s: %w", repo.ErrCorrupt, d.Collection, d.ID, err)
			}
			if r.Customer == id || c == workflow.Rulings && disputes[r.Dispute] {
				refs = append(refs, d.Ref)
				disputes[workflow.RecordID(d.ID)] = c == workflow.Disputes
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return refs, nil
}

// listLimit is how many documents are read at once.
const listLimit = 64

// each calls f for every document of a query, page by page.
func (v *Vault) each(ctx context.Context, q repo.Query, f func(repo.Document) error) error {
	q.Limit = listLimit
	for {
		l, err := v.store.List(ctx, q)
		if err != nil {
			return err
		}
		for _, d := range l.Docs {
			if err := f(d); err != nil {
				return err
			}
		}
		if l.Next == (repo.Place{}) {
			return nil
		}
		q.After = l.Next
	}
}

// hungMark is the meta document that says that every note of a site from before notes were hung up
// has been.
func hungMark(site workflow.SiteID) string { return "notes_hung/" + string(site) }

// hangUp gives the notes of a site from before their place in the lookup; once done it is not done
// again.
func (v *Vault) hangUp(ctx context.Context, site workflow.SiteID) error {
	if _, err := v.store.Side(ctx, repo.Meta, hungMark(site)); !errors.Is(err, repo.ErrNotFound) {
		return repo.Unavailable(err)
	}
	notes, err := v.store.Sides(ctx, repo.Notes, site, time.Time{})
	if err != nil {
		return fmt.Errorf("hang notes up: %w", repo.Unavailable(err))
	}
	for _, n := range notes {
		if n.Lookup != "" {
			continue
		}
		of, err := v.hangsOn(ctx, n)
		if errors.Is(err, repo.ErrNotFound) {
			continue // its command never ran: the sweep removes it
		}
		if err == nil {
			hung := n
			hung.Lookup = hook(of, workflow.NoteID(n.ID))
			err = v.store.ReplaceIf(ctx, n, hung)
		}
		if err != nil && !errors.Is(err, repo.ErrChanged) {
			return fmt.Errorf("hang notes up: %w", repo.Unavailable(err))
		}
	}
	err = v.store.Insert(ctx, repo.Side{
		Collection: repo.Meta, ID: hungMark(site), At: v.at(), Body: []byte(`{}`),
	})
	if errors.Is(err, repo.ErrExists) {
		return nil
	}
	return repo.Unavailable(err)
}
