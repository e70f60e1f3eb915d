package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/lunpai/lunpai/api"
)

// temporary is a service on a store in a temporary folder.
type temporary struct {
	base, admin string
	clock       *api.ManualClock
	done        chan error
	cancel      context.CancelFunc
	folder      string
}

// startTemporary starts a service with a manual clock on a SQLite store that goes away with it.
func startTemporary(
	ctx context.Context, w *World, clock *api.ManualClock, address string,
) (*temporary, error) {
	folder, err := os.MkdirTemp("", "lunpai-")
	if err != nil {
		return nil, err
	}
	l, err := listen(ctx, address)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	cmd := serveCmd{
		Store:    "sqlite:" + filepath.Join(folder, "lunpai.db"),
		KioskGap: 20 * time.Second, KioskHourly: 30,
	}
	s, token, err := cmd.begin(ctx, w, w.warnings(), clock)
	if err != nil {
		return nil, errors.Join(err, l.Close(), os.RemoveAll(folder))
	}
	ctx, cancel := context.WithCancel(ctx)
	t := &temporary{
		base: "http://" + reachable(l.Addr()), admin: token, clock: clock,
		done: make(chan error, 1), cancel: cancel, folder: folder,
	}
	go func() { t.done <- s.serve(ctx, l, 10*time.Second) }()
	return t, nil
}

// wait lets the service run until it ends, then removes its store.
func (t *temporary) wait() error { return errors.Join(<-t.done, os.RemoveAll(t.folder)) }

func (t *temporary) stop() error {
	t.cancel()
	return t.wait()
}
