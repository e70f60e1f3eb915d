package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/lunpai/lunpai/tools/load"
)

// badly are the ways in which a key misbehaves, each at full speed on all its connections.
var badly = []string{"feeds", "lists", "streams", "wrong keys", "all of it"}

// misbehaving returns what a misbehaving connection does again and again: one request, answered or
// refused.
func (f *foe) misbehaving(
	ctx context.Context, how string,
) (act func(ctx context.Context, i int) error, end func()) {
	clients := make([]*load.Client, hostileClients)
	for i := range clients {
		clients[i] = load.NewClient([]string{f.addr}, f.idle)
	}
	var sent [hostileClients]int
	lists := append(slices.Clone(f.paths), f.heavies...)
	streams := newStreamer(ctx, f)
	one := func(ctx context.Context, i int, how string) error {
		k := clients[i]
		sent[i]++
		switch how {
		case "feeds":
			k.As(f.idle)
			after := fmt.Sprint(sent[i] % 7 * 10_000)
			_, err := k.Get(ctx, "/v1/sites/"+reportSite+"/commits?after="+after)
			return err
		case "lists":
			k.As(f.manager)
			_, err := k.Get(ctx, lists[(sent[i]*31+i)%len(lists)])
			return err
		case "streams":
			return streams.open(ctx)
		case "wrong keys":
			k.As(fmt.Sprintf("lp_%032x_wrong", sent[i]*hostileClients+i))
			_, err := k.Get(ctx, "/v1/sites/"+reportSite+"/rota")
			return err
		}
		k.As("")
		_, err := k.Get(ctx, "/healthz")
		return err
	}
	act = func(ctx context.Context, i int) error {
		if how == "all of it" {
			return one(ctx, i, badly[(i+sent[i])%4])
		}
		return one(ctx, i, how)
	}
	return act, func() {
		streams.close()
		for _, k := range clients {
			k.Close()
		}
	}
}

// streamer opens and reads as many event streams as the service allows.
type streamer struct {
	f *foe
	//nolint:containedctx // the streams live longer than the call that opens one
	ctx  context.Context
	stop context.CancelFunc
	http *http.Client
	wg   sync.WaitGroup
}

func newStreamer(ctx context.Context, f *foe) *streamer {
	kept := &http.Transport{MaxIdleConnsPerHost: hostileClients}
	s := &streamer{f: f, http: &http.Client{Transport: kept}}
	s.ctx, s.stop = context.WithCancel(ctx)
	return s
}

// open asks for one more stream of the idle consultant, from the beginning of the journal.
func (s *streamer) open(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet,
		"http://"+s.f.addr+"/v1/sites/"+reportSite+"/commits?after=0", http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.f.idle)
	r.Header.Set("Accept", "text/event-stream")
	res, err := s.http.Do(r)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		_, err = io.Copy(io.Discard, res.Body)
		return errors.Join(err, res.Body.Close())
	}
	s.wg.Go(func() {
		_, _ = io.Copy(io.Discard, res.Body) // until somebody ends it
		_ = res.Body.Close()
	})
	return nil
}

func (s *streamer) close() {
	s.stop()
	s.wg.Wait()
	s.http.CloseIdleConnections()
}
