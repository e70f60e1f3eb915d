// Command textbook is what to compare lunpai with: a server for the same visits, as it is written
// in a day. Echo takes the requests, looplab/fsm checks the step, and one document a visit is saved
// under a version check. It keeps no turn among the staff, counts nothing, explains nothing, knows
// no roles, and a request that is sent twice is carried out twice. With --rota it also keeps one
// document a site with the line of its consultants, and assigns the first.
//
// It takes the command line and the paths of the service, so that tools/bench drives both with the
// same clients. It is no part of the product.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/looplab/fsm"
)

// Entry is one step of a visit.
type Entry struct {
	Event      string    `json:"event"`
	At         time.Time `json:"at"`
	Site       string    `json:"site,omitempty"`
	Party      int       `json:"party,omitempty"`
	Kind       string    `json:"kind,omitempty"`
	Topic      string    `json:"topic,omitempty"`
	Consultant string    `json:"consultant,omitempty"`
}

// Document is a visit, or the line of a site.
type Document struct {
	ID      string  `json:"id"`
	State   string  `json:"state"`
	Version int64   `json:"version"`
	History []Entry `json:"history"`
}

// Store keeps documents. Save fails with errConflict unless the stored version is was.
type Store interface {
	Create(ctx context.Context, d *Document) error
	Get(ctx context.Context, id string) (*Document, error)
	Save(ctx context.Context, d *Document, was int64) error
	Close() error
}

var (
	errNotFound = errors.New("not found")
	errConflict = errors.New("changed meanwhile")
)

var events = fsm.Events{
	{Name: "identify", Src: []string{"arrived"}, Dst: "identified"},
	{Name: "assign", Src: []string{"identified"}, Dst: "assigned"},
	{Name: "serve", Src: []string{"assigned"}, Dst: "served"},
	{Name: "register", Src: []string{"served"}, Dst: "registered"},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "textbook:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	f := flag.NewFlagSet("textbook", flag.ContinueOnError)
	listen := f.String("listen", "127.0.0.1:8080", "`address`")
	store := f.String("store", "", "sqlite:PATH or a mongodb:// `address`")
	rota := f.Bool("rota", false, "keep a line of consultants a site")
	f.String("keys", "", "not used")
	if len(args) > 0 && args[0] == "serve" {
		args = args[1:]
	}
	if err := f.Parse(args); err != nil {
		return err
	}
	s := &server{rota: *rota}
	if path, ok := strings.CutPrefix(*store, "sqlite:"); ok {
		s.store, err = openSQLite(ctx, path)
	} else {
		s.store, err = openMongo(ctx, *store)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.store.Close()) }()
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.GET("/readyz", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	e.POST("/v1/sites/:site/visits", s.create)
	e.POST("/v1/sites/:site/visits/:visit/:event", s.step)
	go func() {
		<-ctx.Done()
		_ = e.Close()
	}()
	if err := e.Start(*listen); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type server struct {
	store Store
	rota  bool
}

func (s *server) create(c echo.Context) error {
	var in Entry
	if err := c.Bind(&in); err != nil {
		return err
	}
	in.Event, in.At, in.Site = "arrive", time.Now().UTC(), c.Param("site")
	d := &Document{
		ID: uuid.Must(uuid.NewV7()).String(), State: "arrived", Version: 1, History: []Entry{in},
	}
	if err := s.store.Create(c.Request().Context(), d); err != nil {
		return failed(err)
	}
	c.Response().Header().Set("Location", c.Request().URL.Path+"/"+d.ID)
	return c.JSON(http.StatusCreated, d)
}

func (s *server) step(c echo.Context) error {
	ctx := c.Request().Context()
	var in Entry
	if err := (&echo.DefaultBinder{}).BindBody(c, &in); err != nil {
		return err
	}
	d, err := s.store.Get(ctx, c.Param("visit"))
	if err != nil {
		return failed(err)
	}
	m := fsm.NewFSM(d.State, events, fsm.Callbacks{
		"enter_state": func(_ context.Context, e *fsm.Event) {
			in.Event, in.At = e.Event, time.Now().UTC()
			d.State = e.Dst
			d.History = append(d.History, in)
		},
	})
	if err := m.Event(ctx, c.Param("event")); err != nil {
		return echo.NewHTTPError(http.StatusConflict, err.Error())
	}
	if s.rota && in.Event == "assign" {
		who, err := s.next(ctx, c.Param("site"))
		if err != nil {
			return failed(err)
		}
		d.History[len(d.History)-1].Consultant = who
	}
	was := d.Version
	d.Version++
	if err := s.store.Save(ctx, d, was); err != nil {
		return failed(err)
	}
	return c.JSON(http.StatusOK, d)
}

// next takes the first of the line and puts him at its end.
func (s *server) next(ctx context.Context, site string) (string, error) {
	for range 200 {
		line, err := s.store.Get(ctx, "rota:"+site)
		if errors.Is(err, errNotFound) {
			line = &Document{ID: "rota:" + site, State: "rota", Version: 1}
			for i := range 12 {
				line.History = append(line.History, Entry{Consultant: fmt.Sprintf("c%02d", i+1)})
			}
			if err := s.store.Create(ctx, line); err != nil && !errors.Is(err, errConflict) {
				return "", err
			}
			continue
		}
		if err != nil {
			return "", err
		}
		first, was := line.History[0], line.Version
		line.History = append(line.History[1:], first)
		line.Version++
		if err = s.store.Save(ctx, line, was); !errors.Is(err, errConflict) {
			return first.Consultant, err
		}
	}
	return "", errConflict
}

func failed(err error) error {
	switch {
	case errors.Is(err, errNotFound):
		return echo.NewHTTPError(http.StatusNotFound, err.Error())
	case errors.Is(err, errConflict):
		return echo.NewHTTPError(http.StatusConflict, err.Error())
	}
	return err
}
