package load

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// Client sends one request at a time, to its instances in turn, like a load balancer that knows
// nothing of sites. One goroutine uses it.
type Client struct {
	// Retried counts requests that were sent again, with the same key: the connection broke, or the
	// service said so.
	Retried int

	conns []*conn
	next  int
	token string
}

// NewClient makes a client for the instances at these addresses, with a key of the service.
func NewClient(addrs []string, token string) *Client {
	c := &Client{token: token}
	for _, a := range addrs {
		c.conns = append(c.conns, &conn{addr: a})
	}
	return c
}

// As changes the key that the client shows.
func (c *Client) As(token string) { c.token = token }

// Close ends the client's connections.
func (c *Client) Close() {
	for _, k := range c.conns {
		k.close()
	}
}

// Get reads once; it does not try again.
func (c *Client) Get(ctx context.Context, path string) (Answer, error) {
	return c.pick().do(ctx, http.MethodGet, path, c.token, "", "")
}

// Post sends a command until it is answered: after a broken connection and after every answer that
// asks for it, with the same key. The error is the context's; an answer may be a refusal.
func (c *Client) Post(ctx context.Context, path, key, body string) (Answer, error) {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		a, err := c.pick().do(ctx, http.MethodPost, path, c.token, key, body)
		if err == nil && !again(a) {
			return a, nil
		}
		if ctx.Err() != nil {
			return a, context.Cause(ctx)
		}
		c.Retried++
		if err := Sleep(ctx, pause/2+rand.N(pause)); err != nil {
			return a, err
		}
	}
}

func (c *Client) pick() *conn {
	k := c.conns[c.next%len(c.conns)]
	c.next++
	return k
}

// again reports whether an answer asks for the same request again.
func again(a Answer) bool {
	switch a.Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return true
	case http.StatusConflict:
		return Code(a) == "in_progress"
	}
	return false
}

// Code is the code of a problem document.
func Code(a Answer) string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(a.Body, &p)
	return p.Code
}

// Unexpected is an answer as an error.
func Unexpected(what string, a Answer) error {
	return fmt.Errorf("%s: %w: %d %s", what, errUnexpected, a.Status,
		strings.TrimSpace(string(a.Body)))
}

// Steps are the requests of a plain visit.
var Steps = []string{"create", "identify", "assign", "serve", "register"}

var stepBodies = []string{"{}", `{"kind":"new"}`, "{}", `{"topic":"sales"}`, "{}"}

// Visit takes one visitor from the door to the register, one request a step. key must not have been
// used before; seen is told how long each step took.
func (c *Client) Visit(
	ctx context.Context, s Site, key string, seen func(step int, took time.Duration),
) error {
	c.As(s.Token)
	visit := "/v1/sites/" + s.ID + "/visits"
	for i, step := range Steps {
		path := visit
		if i > 0 {
			path += "/" + step
		}
		start := time.Now()
		a, err := c.Post(ctx, path, key+"-"+step, stepBodies[i])
		if err != nil {
			return err
		}
		seen(i, time.Since(start))
		if a.Status/100 != 2 {
			return Unexpected(step, a)
		}
		if i == 0 {
			visit = a.Location
		}
	}
	return nil
}

// Sleep waits, but not beyond the end of ctx.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
