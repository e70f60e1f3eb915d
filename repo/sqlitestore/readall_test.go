package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// everything reads what a service reads: boards, journals, commands, documents by id, lists, side
// documents. By what was asked.
func everything(t *testing.T, s *Store, sites []*office) map[string]string {
	t.Helper()
	got, err := readAll(t.Context(), s, sites, nil)
	must(t, err)
	return got
}

// readAll goes on after an error, and returns the first. With truth it asks for the same things
// again.
func readAll(
	ctx context.Context, s *Store, sites []*office, truth map[string]string,
) (map[string]string, error) {
	got, first := map[string]string{}, error(nil)
	note := func(what string, v any, err error) {
		if err != nil && !errors.Is(err, repo.ErrNotFound) {
			if first == nil {
				first = fmt.Errorf("%s: %w", what, err)
			}
			return
		}
		got[what] = fmt.Sprintf("%v %s", errors.Is(err, repo.ErrNotFound), v)
	}
	for _, o := range sites {
		docs, mark, err := s.Load(ctx, o.id)
		note(fmt.Sprintf("load %s", o.id), fmt.Sprint(mark, asTexts(docs)), err)
		pages, err := s.Since(ctx, o.id, 1, 1000)
		var commits []*workflow.Commit
		for _, p := range pages { // as every caller does
			cs, bad := p.Commits()
			err, commits = errors.Join(err, bad), append(commits, cs...)
		}
		note(fmt.Sprintf("journal %s", o.id), fmt.Sprint(len(commits), len(pages)), err)
		for _, c := range []workflow.Collection{workflow.Visits, workflow.Customers} {
			l, err := s.List(ctx, repo.Query{Collection: c, Site: o.id, Limit: 1000})
			note(fmt.Sprintf("list %s %s", c, o.id), asTexts(l.Docs), err)
		}
	}
	ask := slices.Sorted(maps.Keys(truth))
	if truth == nil {
		for _, o := range sites {
			pages, err := s.Since(ctx, o.id, 1, 1000)
			if err != nil {
				return nil, err
			}
			for _, p := range pages {
				for _, e := range p.Entries {
					ask = append(ask, fmt.Sprintf("find\x00%s\x00%s", o.id, e.ID))
				}
			}
		}
		for round := range 12 {
			for n := range 30 {
				id := fmt.Sprintf("note-%d-%d", round, n)
				ask = append(ask, "note\x00\x00"+id, "lookup\x00\x00"+id)
			}
		}
	}
	for _, what := range ask {
		parts := strings.Split(what, "\x00")
		switch parts[0] {
		case "find":
			p, err := s.Find(ctx, workflow.SiteID(parts[1]), parts[2])
			hash := ""
			if err == nil {
				_, err = p.Commits()
				hash = p.Hash
			}
			note(what, hash, err)
		case "note":
			d, err := s.Side(ctx, repo.Notes, parts[2])
			note(what, string(d.Body), errors.Join(err, unsealed(d, err)))
		case "lookup":
			d, err := s.Lookup(ctx, repo.Notes, sites[0].id, parts[2])
			note(what, string(d.Body), errors.Join(err, unsealed(d, err)))
		}
	}
	return got, first
}

// sealed is a text with a sum of it and of its id: the vault encrypts people and notes under their
// ids, and reads nothing else.
func sealed(id, text string) []byte {
	return fmt.Appendf(nil, `{"sum":"%s","text":"%s"}`, repo.Chain(id, []byte(text)), text)
}

// unsealed is the vault's verdict on what was found.
func unsealed(d repo.Side, found error) error {
	_, rest, _ := strings.Cut(string(d.Body), `"text":"`)
	if found == nil && string(d.Body) != string(sealed(d.ID, strings.TrimSuffix(rest, `"}`))) {
		return errors.New("not what was sealed")
	}
	return nil
}

func asTexts(docs []repo.Document) (texts []string) {
	for _, d := range docs {
		texts = append(texts, fmt.Sprint(d.Site, d.Collection, d.ID, d.Seq, d.Open, string(d.Doc)))
	}
	return texts
}
