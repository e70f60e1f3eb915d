package cli

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// healthCmd asks a service whether it is ready.
type healthCmd struct {
	URL string `help:"Where to ask." default:"http://127.0.0.1:8080/readyz" name:"url" env:"LUNPAI_HEALTH_URL"`
}

// Run fails unless the answer is 200.
func (c *healthCmd) Run(ctx context.Context, w *World) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, http.NoBody)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return fmt.Errorf("not ready: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", res.Status)
	}
	_, err = fmt.Fprintln(w.Stdout, "ready")
	return err
}
