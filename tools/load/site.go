package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Site is a sales office that was founded for a run, with the key of its front desk.
type Site struct {
	ID    string
	Token string
}

// Found founds sites that are open around the clock, so that nothing is out of hours. With more
// consultants than visitors at once somebody is always free.
func Found(
	ctx context.Context, c *Client, admin, prefix string, sites, consultants int,
) ([]Site, error) {
	out := make([]Site, 0, sites)
	for i := range sites {
		id := fmt.Sprintf("%s-%02d", prefix, i+1)
		token, err := found(ctx, c, admin, id, consultants)
		if err != nil {
			return nil, fmt.Errorf("found site %s: %w", id, err)
		}
		out = append(out, Site{id, token})
	}
	return out, nil
}

func found(
	ctx context.Context, c *Client, admin, id string, consultants int,
) (token string, err error) {
	var staff strings.Builder
	for i := range consultants {
		fmt.Fprintf(&staff, `{"id":"c%02d","role":"consultant"},`, i+1)
	}
	body := fmt.Sprintf(`{"id":%q,"policy":"p1","zone":"Asia/Shanghai",`+
		`"hours":[{"from":"00:00","to":"24:00"}],"staff":[%s{"id":"boss","role":"manager"}]}`,
		id, staff.String())
	c.As(admin)
	a, err := c.Post(ctx, "/v1/sites", "found-"+id, body)
	if err != nil {
		return "", err
	}
	if a.Status != http.StatusCreated {
		return "", Unexpected("POST /v1/sites", a)
	}
	var made struct {
		Keys []struct{ Role, Token string }
	}
	if err := json.Unmarshal(a.Body, &made); err != nil {
		return "", err
	}
	for _, k := range made.Keys {
		if k.Role == "front_desk" {
			return k.Token, nil
		}
	}
	return "", errors.New("the answer shows no front desk's key")
}
