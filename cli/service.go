package cli

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/lunpai/lunpai/api"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
)

// service is an API on an open store.
type service struct {
	store    repo.Store
	engine   *repo.Engine
	keys     *vault.Keys
	vault    *vault.Vault
	sessions *vault.Sessions
	api      *api.API
	log      *slog.Logger
	owners   *repo.Owners // nil: it is alone
	// rehearsal: the clock is set by hand. It is wrong on purpose, and it jumps, so it is not
	// checked and no timer fires: what happens is what the rehearsal says.
	rehearsal bool
}

// serve answers until the context ends. Then it refuses new work, finishes what was begun, and
// closes the store.
func (s *service) serve(ctx context.Context, l net.Listener, drain time.Duration) error {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	srv := s.api.Server(base)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	var background sync.WaitGroup
	s.work(ctx, &background)
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	end, stop := context.WithTimeout(base, drain)
	defer stop()
	s.log.Info("stopping")
	s.release(end)
	err = errors.Join(notClosed(err), s.engine.Drain(end), srv.Shutdown(end))
	cancel()
	background.Wait()
	return errors.Join(err, s.store.Close())
}

// release lets other instances own what this one owned. If they cannot be told, they find out when
// it lapses.
func (s *service) release(ctx context.Context) {
	if s.owners == nil {
		return
	}
	if err := s.owners.Release(ctx); err != nil {
		s.log.Warn("leases could not be released", "err", err)
	}
}

func notClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// work starts what a service does by itself.
func (s *service) work(ctx context.Context, background *sync.WaitGroup) {
	background.Go(func() {
		s.sweep(ctx)
		repo.Every(ctx, time.Hour, s.sweep)
	})
	background.Go(func() { repo.Every(ctx, time.Minute, s.noteUses) })
	if s.owners != nil {
		background.Go(func() { s.owners.Run(ctx) })
	}
	if !s.rehearsal {
		background.Go(func() { repo.Every(ctx, 15*time.Second, s.fireDue) })
		background.Go(func() { repo.Every(ctx, 2*time.Second, s.checkClock) })
	}
}

// fireDue fires the timers that are due: for a waiting visitor, an empty first seat, a day that
// nobody closed.
func (s *service) fireDue(ctx context.Context) {
	if n, err := s.engine.FireDue(ctx); err != nil && ctx.Err() == nil {
		s.log.Warn("due timers", "err", err)
	} else if n > 0 {
		s.log.Info("due timers fired", "count", n)
	}
}

// noteUses writes down when keys were last used, so that no request has to wait for that.
func (s *service) noteUses(ctx context.Context) {
	if err := s.keys.NoteUses(ctx); err != nil && ctx.Err() == nil {
		s.log.Warn("the last use of keys could not be noted", "err", err)
	}
}

// checkClock compares the clock with the store's: by a wrong one nothing is decided.
func (s *service) checkClock(ctx context.Context) {
	_ = s.engine.CheckClock(ctx) // logged there, and told by /readyz
}

// sweep settles people and notes that have been pending for an hour, and deletes sessions that have
// ended.
func (s *service) sweep(ctx context.Context) {
	kept, deleted, err := s.vault.Sweep(ctx, time.Hour)
	switch {
	case err != nil && ctx.Err() == nil:
		s.log.Warn("sweep of people and notes failed", "err", err)
	case kept+deleted > 0:
		s.log.Info("people and notes swept", "kept", kept, "deleted", deleted)
	}
	if _, err := s.sessions.Sweep(ctx); err != nil && ctx.Err() == nil {
		s.log.Warn("sweep of sessions failed", "err", err)
	}
}
