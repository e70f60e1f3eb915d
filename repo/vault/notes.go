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

// noteLookup is the lookup of a note: the record that it is attached to, and its own id.
func noteLookup(of workflow.Ref, id workflow.NoteID) string { return notesOf(of) + string(id) }

// notesOf begins the lookups of all notes that are attached to a record.
func notesOf(of workflow.Ref) string { return string(of.Collection) + "/" + of.ID + "/" }

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
		Collection: repo.Notes, ID: string(id), Site: site, Lookup: noteLookup(of, id),
		Command: command,
		Pending: command != "", At: v.at(),
		Body: body,
	}))
}

// DropNote removes a note that a request saved before its command, if it is still pending for that
// command.
func (v *Vault) DropNote(
	ctx context.Context, site workflow.SiteID, id workflow.NoteID, command string,
) error {
	return v.drop(ctx, repo.Notes, site, string(id), command)
}

// Note reads free text, and says which record it is attached to.
func (v *Vault) Note(
	ctx context.Context, site workflow.SiteID, id workflow.NoteID,
) (text string, of workflow.Ref, err error) {
	doc, err := v.read(ctx, repo.Notes, site, string(id), &text)
	if err != nil {
		return "", workflow.Ref{}, err
	}
	of, err = v.attachedTo(ctx, doc)
	return text, of, err
}

// attachedTo is the record of a note. A note from before notes were attached tells by its command.
func (v *Vault) attachedTo(ctx context.Context, doc repo.Side) (workflow.Ref, error) {
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

// EraseNote removes free text for good; ErrNotFound when the site has no such note. Nobody who read
// it before can put it back.
func (v *Vault) EraseNote(ctx context.Context, site workflow.SiteID, id workflow.NoteID) error {
	if _, _, err := v.Note(ctx, site, id); err != nil {
		return err
	}
	return repo.Unavailable(v.store.Delete(ctx, repo.Notes, string(id)))
}

// eraseNotesOf erases the notes that are attached to a customer's records: the customer with what
// was noted of his needs, the visits, calls and disputes, the rulings on those, and the tickets and
// projects of the service desk.
func (v *Vault) eraseNotesOf(
	ctx context.Context, site workflow.SiteID, id workflow.CustomerID,
) error {
	if err := v.attachOldNotes(ctx, site); err != nil {
		return err
	}
	refs, err := v.recordsOf(ctx, site, id)
	if err != nil {
		return fmt.Errorf("erase notes: %w", repo.Unavailable(err))
	}
	for _, ref := range refs {
		notes, err := v.store.Under(ctx, repo.Notes, site, notesOf(ref))
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

// recordsOf are the records to which notes about a customer are attached, as the journal has them
// now.
func (v *Vault) recordsOf(
	ctx context.Context, site workflow.SiteID, id workflow.CustomerID,
) ([]workflow.Ref, error) {
	refs := []workflow.Ref{workflow.CustomerRef(id)}
	head, err := v.store.Before(ctx, site, math.MaxInt64, 1)
	if err != nil {
		return nil, err
	}
	if len(head) > 0 { // lets documents that trail catch up
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
	// Erasing is rare, so all of the other records are read, those that others name before them.
	his := map[workflow.Ref]bool{}
	for _, ref := range refs {
		his[ref] = true
	}
	for _, c := range []workflow.Collection{
		workflow.Calls, workflow.Appointments, workflow.Disputes, workflow.Rulings,
		workflow.Tickets, workflow.Projects,
	} {
		err := v.each(ctx, repo.Query{Collection: c, Site: site}, func(d repo.Document) error {
			var r struct {
				Customer workflow.CustomerID `json:"customer"`
				Dispute  string              `json:"dispute"`
				Visit    string              `json:"visit"`
				Call     string              `json:"call"`
			}
			if err := json.Unmarshal(d.Doc, &r); err != nil {
				return fmt.Errorf("%w: %s %s: %w", repo.ErrCorrupt, d.Collection, d.ID, err)
			}
			from := func(c workflow.Collection, id string) bool {
				return his[workflow.Ref{Collection: c, ID: id}]
			}
			of := r.Customer == id || // or it came out of something of his
				c == workflow.Rulings && from(workflow.Disputes, r.Dispute) ||
				c == workflow.Tickets &&
					(from(workflow.Visits, r.Visit) || from(workflow.Calls, r.Call))
			if of {
				refs = append(refs, d.Ref)
				his[d.Ref] = true
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

// attachedMark is the meta document that says that all old notes of a site have been attached.
func attachedMark(site workflow.SiteID) string { return "notes_hung/" + string(site) }

// attachOldNotes attaches the notes of a site from before notes were attached. It is done once.
func (v *Vault) attachOldNotes(ctx context.Context, site workflow.SiteID) error {
	if _, err := v.store.Side(ctx, repo.Meta, attachedMark(site)); !errors.Is(err,
		repo.ErrNotFound) {
		return repo.Unavailable(err)
	}
	notes, err := v.store.Sides(ctx, repo.Notes, site, time.Time{})
	if err != nil {
		return fmt.Errorf("attach notes: %w", repo.Unavailable(err))
	}
	for _, n := range notes {
		if n.Lookup != "" {
			continue
		}
		of, err := v.attachedTo(ctx, n)
		if errors.Is(err, repo.ErrNotFound) {
			continue // its command never ran: the sweep removes it
		}
		if err == nil {
			attached := n
			attached.Lookup = noteLookup(of, workflow.NoteID(n.ID))
			err = v.store.ReplaceIf(ctx, n, attached)
		}
		if err != nil && !errors.Is(err, repo.ErrChanged) {
			return fmt.Errorf("attach notes: %w", repo.Unavailable(err))
		}
	}
	err = v.store.Insert(ctx, repo.Side{
		Collection: repo.Meta, ID: attachedMark(site), At: v.at(), Body: []byte(`{}`),
	})
	if errors.Is(err, repo.ErrExists) {
		return nil
	}
	return repo.Unavailable(err)
}
