package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/mongostore"
	"github.com/lunpai/lunpai/repo/sqlitestore"
	"github.com/lunpai/lunpai/workflow"
)

const defaultStore = "sqlite:lunpai.db"

// errNoSite: there is nothing for the command to work on.
var errNoSite = errors.New("the store holds no site: is it the right --store?")

// opening says which stores are opened although something is wrong with them.
type opening struct {
	acceptLoss bool // one that holds less than was acknowledged (SQLite)
	unfinished bool // one into which a copy was never finished
}

// openStore opens the store that a --store names.
func openStore(ctx context.Context, name string, log *slog.Logger) (repo.Store, error) {
	return openAs(ctx, name, opening{}, log)
}

func openAs(
	ctx context.Context, name string, how opening, log *slog.Logger,
) (s repo.Store, err error) {
	switch path, ok := strings.CutPrefix(name, "sqlite:"); {
	case ok && path != "":
		s, err = sqlitestore.Open(ctx,
			sqlitestore.Config{Path: path, AcceptLoss: how.acceptLoss, Log: log})
	case strings.HasPrefix(name, "mongodb://"), strings.HasPrefix(name, "mongodb+srv://"):
		s, err = mongostore.Open(ctx, mongostore.Config{URI: name, Log: log})
	default:
		err = errors.New("--store is neither sqlite:PATH nor mongodb://…: " +
			"write for instance sqlite:lunpai.db")
	}
	if err != nil {
		return nil, err
	}
	return finished(ctx, s, how)
}

// openForReading opens a store to look at it. A SQLite store may be served at the same time.
func openForReading(ctx context.Context, name string, log *slog.Logger) (repo.Store, error) {
	path, ok := strings.CutPrefix(name, "sqlite:")
	if !ok {
		return openStore(ctx, name, log)
	}
	s, err := openFile(ctx, path)
	if err != nil {
		return nil, err
	}
	return finished(ctx, s, opening{})
}

// openFile opens a SQLite file that is there, to look at it.
func openFile(ctx context.Context, path string) (*sqlitestore.Store, error) {
	if err := fileThere(path); err != nil {
		return nil, err
	}
	return sqlitestore.OpenReadOnly(ctx, path)
}

// fileThere keeps a command that works on an existing store from making an empty one.
func fileThere(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file %s: name the store with --store", path)
	}
	return nil
}

// finished closes a store again that holds half a copy.
func finished(ctx context.Context, s repo.Store, how opening) (repo.Store, error) {
	if how.unfinished {
		return s, nil
	}
	if err := repo.Unfinished(ctx, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// oneSite is the site that was named, or the only one there is.
func oneSite(ctx context.Context, s repo.Store, named workflow.SiteID) (workflow.SiteID, error) {
	sites, err := s.Sites(ctx)
	if err != nil {
		return "", err
	}
	known := make([]string, len(sites))
	for i, site := range sites {
		if site == named {
			return site, nil
		}
		known[i] = string(site)
	}
	all := strings.Join(known, ", ")
	switch {
	case len(sites) == 0:
		return "", errNoSite
	case named != "":
		return "", fmt.Errorf("the store holds no site %s: there are %s", named, all)
	case len(sites) > 1:
		return "", fmt.Errorf("the store holds several sites: name one with --site (%s)", all)
	}
	return sites[0], nil
}

// clockMark is the meta document of a store whose clock is set by hand.
const clockMark = "clock"

// checkClock keeps rehearsals and production in separate stores: it takes a manual clock only on
// a store that was created with one.
func checkClock(ctx context.Context, w *World, s repo.Store, manual bool) error {
	_, err := s.Side(ctx, repo.Meta, clockMark)
	if err != nil && !errors.Is(err, repo.ErrNotFound) {
		return fmt.Errorf("look for the store's clock: %w", err)
	}
	marked := err == nil
	switch {
	case marked && !manual:
		return errors.New("this store was created with --clock=manual, for rehearsals: " +
			"start it that way, or use another store")
	case !manual || marked:
		return nil
	}
	sites, err := s.Sites(ctx)
	if err != nil {
		return fmt.Errorf("look for sites: %w", err)
	}
	if len(sites) > 0 {
		return errors.New("this store was not created with --clock=manual and holds real visits: " +
			"rehearse on a new store")
	}
	body, err := json.Marshal(map[string]bool{"manual": true})
	if err != nil {
		return err
	}
	at := w.Now().UTC().Truncate(time.Millisecond)
	err = s.Insert(ctx, repo.Side{Collection: repo.Meta, ID: clockMark, At: at, Body: body})
	if err != nil && !errors.Is(err, repo.ErrExists) {
		return fmt.Errorf("mark the store's clock: %w", err)
	}
	return nil
}
