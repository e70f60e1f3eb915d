package api

import (
	"bytes"
	"slices"
	"strings"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// streams reports whether the caller wants an event stream.
func (c *call) streams() bool {
	return slices.Contains(c.route.media, "text/event-stream") &&
		strings.Contains(c.Request().Header.Get("Accept"), "text/event-stream")
}

const (
	// feedPages is how many pages of the journal are read at a time.
	feedPages = 64
	// scanBudget is how many commits one request looks at to find those that its caller may see.
	scanBudget = 500
)

// CommitsQuery is the query of the journal.
type CommitsQuery struct {
	// After is the seq of the last commit the caller has seen. Absent: from the beginning.
	After After `query:"after"`
	Limit Limit `query:"limit"`
	Explaining
}

// CommitList is a page of the journal.
type CommitList struct {
	// Commits are the commits of this page that the caller may see, oldest first.
	Commits []Doc[Entry] `json:"commits"`
	// NextAfter is the value of after for the next page. Absent at the end of the journal.
	NextAfter int64 `json:"next_after,omitempty"`
	// Seq is the number of the last commit that was looked at.
	Seq int64 `json:"seq"`
}

// getCommits reads the journal: a page of JSON, or a stream of server-sent events that continues as
// commits are written. A consultant sees commits about themselves, their visits and their
// customers.
func getCommits(c *call, q *CommitsQuery) (*CommitList, error) {
	after := int64(q.After)
	if c.streams() {
		return nil, c.stream(after)
	}
	leave, err := c.api.pages.pass(c.Request().Context(), c.key.ID, 1)
	if err != nil {
		return nil, reading(err)
	}
	entries, last, more, err := c.entries(after, q.Limit.orUsual())
	leave()
	if err != nil {
		return nil, err
	}
	c.looked(int(last - after))
	a := &CommitList{Commits: make([]Doc[Entry], len(entries)), Seq: last}
	for i, e := range entries {
		a.Commits[i] = Doc[Entry]{e.text}
	}
	if more {
		a.NextAfter = last
	}
	return a, nil
}

// entries returns up to limit commits after a number that the caller may see, the number up to
// which it looked, and whether there is more. It looks at a limited number of commits, so it may
// return none although there is more.
func (c *call) entries(after int64, limit int) (
	out []shownEntry, last int64, more bool, err error,
) {
	out, last = []shownEntry{}, after
	var id []byte
	if c.own() {
		if id, err = workflow.Encode(c.key.Staff); err != nil {
			return nil, 0, false, err
		}
	}
	end := after + int64(c.api.scan)
	for {
		pages, err := c.api.cfg.Store.Since(c.Request().Context(), c.site, last+1, feedPages)
		if err != nil {
			return nil, 0, false, reading(err)
		}
		for _, p := range pages {
			if last == end || len(out) == limit {
				return out, last, true, nil
			}
			if out, last, err = c.pick(out, p, last, end, limit, id); err != nil {
				return nil, 0, false, err
			}
			if last < p.Last {
				return out, last, true, nil
			}
		}
		if len(pages) < feedPages {
			return out, last, false, nil
		}
	}
}

// pick adds the commits of a page that the caller may see, after last and up to end, until there
// are enough. With an id, these are the commits about that consultant, their visits and their
// customers. A page whose text does not contain the id is not decoded.
func (c *call) pick(
	out []shownEntry, p *repo.Page, last, end int64, limit int, id []byte,
) ([]shownEntry, int64, error) {
	if id != nil {
		if may, err := p.MayConcern(id); err != nil || !may {
			return out, min(p.Last, end), err
		}
	}
	ks, err := p.Outlines()
	if err != nil {
		return nil, 0, err
	}
	for _, k := range ks {
		if k.Seq <= last {
			continue
		}
		if len(out) == limit || last == end {
			break
		}
		last = k.Seq
		if id == nil {
			e, err := c.anyEntry(k)
			if err != nil {
				return nil, 0, err
			}
			out = append(out, e)
		} else if e, ok, err := c.ownEntry(k, id); err != nil {
			return nil, 0, err
		} else if ok {
			out = append(out, e)
		}
	}
	return out, last, nil
}

// anyEntry is a commit as callers see it who may see all.
func (c *call) anyEntry(k *workflow.Outline) (shownEntry, error) {
	if !c.explain {
		return asItStands(k)
	}
	e, err := shownOutline(k)
	if err != nil {
		return shownEntry{}, err
	}
	c.say(e.Facts)
	return e.written()
}

// ownEntry is a commit as the calling consultant may see it, if it concerns them.
func (c *call) ownEntry(k *workflow.Outline, id []byte) (_ shownEntry, ok bool, err error) {
	who, err := k.Concerned(func(text []byte) bool { return bytes.Contains(text, id) })
	if err != nil || !slices.Contains(who, c.key.Staff) {
		return shownEntry{}, false, err
	}
	e, err := shownOutline(k)
	if err != nil {
		return shownEntry{}, false, err
	}
	of, err := k.Of(e.Subject)
	if err != nil {
		return shownEntry{}, false, err
	}
	mine, ok := e.shownTo(slices.Contains(of, c.key.Staff))
	if !ok {
		return shownEntry{}, false, nil
	}
	c.say(mine.Facts)
	text, err := mine.written()
	return text, true, err
}
