package sqlitestore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// listed are the collections that have columns to be listed by, and the fields that are copied
// there.
var listed = map[workflow.Collection]struct{ day, who string }{
	workflow.Visits:    {day: "business_day"},
	workflow.Customers: {who: "owner"},
}

// Project writes the images of pages that are already in the journal. The tail does so by itself;
// this is for repair.
func (s *Store) Project(ctx context.Context, pages []*repo.Page) error {
	if err := repo.NeedSites(pages); err != nil {
		return fmt.Errorf("project: %w", err)
	}
	var images []image
	for _, p := range pages {
		own := *p
		of, err := imagesOf(&own)
		if err != nil {
			return fmt.Errorf("project: %w", err)
		}
		images = append(images, of...)
	}
	err := s.write(ctx, len(pages), func(t *tx) error {
		for k := range images {
			if err := t.writeImage(&images[k]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("project: %w", err)
	}
	return nil
}

// imagesOf are the images of a page with their keys.
func imagesOf(p *repo.Page) ([]image, error) {
	if len(p.Images) == 0 {
		if _, err := p.Commits(); err != nil {
			return nil, err
		}
	}
	images := make([]image, len(p.Images))
	for n, i := range p.Images {
		k, err := keysOf(p, i)
		if err != nil {
			return nil, fmt.Errorf("image %s %s: %w", i.Collection, i.ID, err)
		}
		images[n] = image{Image: i, site: p.Site, keys: k}
	}
	return images, nil
}

// writeImage writes an image, except where a newer one is stored.
func (t *tx) writeImage(i *image) error {
	args := []any{i.Collection, i.site, i.ID, i.seq, i.Open, i.day, i.who, string(i.Doc)}
	var n int64
	var err error
	if i.Collection != workflow.Visits || i.Open { // a closed visit was open, or is new
		n, err = t.exec(t.refreshImage, args...)
	}
	if err == nil && n == 0 {
		_, err = t.exec(t.replaceImage, args...)
	}
	if err != nil {
		return fmt.Errorf("image %s %s: %w", i.Collection, i.ID, err)
	}
	return nil
}

// keys are what a document is found by, besides its id; nil means none.
type keys struct {
	seq      int64
	day, who any
}

// keysOf reads the keys of an image. The commit number is in the document, but for a page of one
// commit it need not be read.
func keysOf(p *repo.Page, i workflow.Image) (keys, error) {
	k := keys{seq: p.First}
	columns, isListed := listed[i.Collection]
	if p.First == p.Last && !isListed {
		return k, nil
	}
	var doc struct {
		Seq         int64  `json:"seq"`
		BusinessDay string `json:"business_day"`
		Owner       string `json:"owner"`
	}
	if err := json.Unmarshal(i.Doc, &doc); err != nil {
		return k, fmt.Errorf("%w: %w", repo.ErrCorrupt, err)
	}
	if doc.Seq < p.First || doc.Seq > p.Last {
		return k, fmt.Errorf("%w: seq %d in page %s", repo.ErrCorrupt, doc.Seq,
			repo.PageID(p.Site, p.First))
	}
	k.seq = doc.Seq
	field := map[string]string{"business_day": doc.BusinessDay, "owner": doc.Owner}
	k.day, k.who = orNull(field[columns.day]), orNull(field[columns.who])
	return k, nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// isOne reports whether err is one of the targets.
func isOne(err error, targets ...error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}
