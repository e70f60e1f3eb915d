package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// Client talks to a running service the way an app does.
type Client struct {
	Base string // such as http://localhost:8080
	HTTP *http.Client
	// Lang is sent as Accept-Language.
	Lang string
	// Manual sends each request's time as Lunpai-Now.
	Manual bool
}

// Problem is an error answer of the service.
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Rule   string `json:"rule"`
	Detail string `json:"detail"`
	Fix    string `json:"fix"`
}

func (p *Problem) Error() string {
	return fmt.Sprintf("%d %s: %s (%s)", p.Status, p.Code, p.Detail, p.Fix)
}

// Call sends one request with its own idempotency key, retries with the same key if the answer is
// lost, and decodes the answer. An error answer is a *Problem.
func (c *Client) Call(
	ctx context.Context, at time.Time, token, method, path string, body, into any,
) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	if string(text) == "null" {
		text = []byte("{}")
	}
	id := uuid.NewString()
	for try := 0; ; try++ {
		err := c.once(ctx, at, token, method, path, id, text, into)
		var p *Problem
		again := err != nil && !errors.As(err, &p) ||
			p != nil && p.Status == http.StatusServiceUnavailable
		if !again || try == 5 || ctx.Err() != nil {
			return err
		}
		time.Sleep(time.Duration(try+1) * 100 * time.Millisecond)
	}
}

func (c *Client) once(
	ctx context.Context, at time.Time, token, method, path, id string, body []byte, into any,
) error {
	var r io.Reader = http.NoBody
	if method != http.MethodGet {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept-Language", c.Lang)
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", id)
	}
	if c.Manual {
		req.Header.Set("Lunpai-Now", at.Format(time.RFC3339))
	}
	h := c.HTTP
	if h == nil {
		h = http.DefaultClient
	}
	res, err := h.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		p := &Problem{Status: res.StatusCode}
		if err := json.Unmarshal(text, p); err != nil {
			return fmt.Errorf("%s %s: %s", method, path, res.Status)
		}
		return p
	}
	if into == nil || len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s %s: decode answer: %w", method, path, err)
	}
	return nil
}
