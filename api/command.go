package api

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// command is a handler that reads a body of type B, builds a command out of it, has it carried out and answers with what was
// decided. about names the record for If-Match; created is the address of what the command makes.
func command[B any](build func(*call, *B) (workflow.Command, error)) handler {
	return func(c *call) error {
		var body B
		if p := decode(c.text, &body); p != nil {
			return p
		}
		cmd, err := build(c, &body)
		var before *replay
		if errors.As(err, &before) {
			return c.decided(before.Outcome)
		}
		if err != nil {
			return err
		}
		out, err := c.do(cmd)
		if err != nil {
			return c.refused(err)
		}
		return c.decided(out)
	}
}

// do has a command carried out.
func (c *call) do(cmd workflow.Command) (*repo.Outcome, error) {
	m, err := c.match(c.route.about(c))
	if err != nil {
		return nil, err
	}
	if err := c.prepare(cmd); err != nil {
		var before *replay
		if errors.As(err, &before) {
			return before.Outcome, nil
		}
		return nil, err
	}
	out, err := c.api.cfg.Desk.Do(c.Request().Context(), c.site, repo.Request{
		ID: c.id, Fingerprint: c.fingerprint(), By: c.key.Actor(), Command: cmd, Match: m, DryRun: c.dry,
	})
	if err := c.follow(out, err); err != nil {
		return nil, err
	}
	return out, nil
}

// decision is the answer to a command: the record it was about, the facts with their articles, and the commit's number.
func (c *call) decision(out *repo.Outcome) (map[string]any, *workflow.Image) {
	k := c.redacted(out.Commit)
	body := map[string]any{"facts": k.Facts, "seq": k.Seq}
	if c.phoned && c.hears() {
		body["known"] = knownBy(k)
	}
	if c.dry {
		body["dry_run"] = true
	}
	for i := range k.Images {
		if im := &k.Images[i]; im.Ref == k.Subject {
			body[im.Collection.Singular()] = shownDoc(*im)
			return body, im
		}
	}
	return body, nil
}

// decided writes the answer to a command.
func (c *call) decided(out *repo.Outcome) error {
	body, im := c.decision(out)
	h := c.Response().Header()
	if out.Replayed {
		h.Set("Idempotency-Replayed", "true")
	}
	if im != nil && c.key.Role != workflow.RoleKiosk {
		h.Set("ETag", etag(out.Commit.Seq))
		c.addAllowed(body, out.Commit)
	}
	if c.key.Role == workflow.RoleKiosk {
		body = kioskView(out.Commit.Subject.ID, body)
	}
	status := http.StatusOK
	if c.route.status == http.StatusCreated && !c.dry {
		status = http.StatusCreated
		if c.route.readable {
			h.Set("Location", c.Request().URL.EscapedPath()+"/"+url.PathEscape(recordID(out.Commit.Subject)))
		}
	}
	return c.answer(status, body)
}

// answer writes a JSON object whose raw members are canonical already, without reading them again.
func (c *call) answer(status int, body map[string]any) error {
	b := make([]byte, 0, 2048)
	for i, k := range slices.Sorted(maps.Keys(body)) {
		b = append(b, "{,"[min(i, 1)])
		b = append(strconv.AppendQuote(b, k), ':')
		raw, ok := body[k].(json.RawMessage)
		if !ok {
			var err error
			if raw, err = workflow.Encode(body[k]); err != nil {
				return err
			}
		}
		b = append(b, raw...)
	}
	return c.JSONBlob(status, append(b, '}'))
}

func etag(seq int64) string { return `"` + strconv.FormatInt(seq, 10) + `"` }

// kioskView is all that ever comes back to a kiosk: the ticket and its state.
func kioskView(id string, body map[string]any) map[string]any {
	var v struct {
		State workflow.State `json:"state"`
	}
	if doc, ok := body["visit"].(json.RawMessage); ok {
		_ = json.Unmarshal(doc, &v) // our own image
	}
	return map[string]any{"visit": map[string]any{"id": id, "state": v.State}}
}
