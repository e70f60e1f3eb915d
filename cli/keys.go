package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// keysCmd looks after the API keys of a store without the API: for whoever has the store, but no
// administrator key any more.
type keysCmd struct {
	List             keysListCmd   `cmd:"" help:"List the keys of a store: the administrators' and every site's."`
	NewAdministrator keysNewCmd    `cmd:"" help:"Make an administrator key and show it once: a second one, or a replacement for a lost one."`
	Revoke           keysRevokeCmd `cmd:"" help:"Revoke a key, an administrator's or a site's."`
}

// Help is printed below the subcommands.
func (keysCmd) Help() string {
	return `The first start of a service shows the first administrator key; a manager makes and
revokes the keys of his site through the API. These commands work on the store itself, so a lost
administrator key needs no SQL. They need no keyring file (--keys of serve is something else: the
file with the keys for names and phones).

A SQLite file belongs to one process: stop the service before you make or revoke a key; list works
while it runs. On MongoDB, running services notice within 5 seconds.

Examples:
  lunpai keys list --store sqlite:lunpai.db
  lunpai keys new-administrator --label 'head office'
  lunpai keys revoke bootstrap`
}

// withKeys opens a store that is there, calls f with it and its keys, and closes it.
func withKeys(
	ctx context.Context, w *World, name string, open openFunc,
	f func(repo.Store, *vault.Keys) error,
) (err error) {
	if path, ok := strings.CutPrefix(name, "sqlite:"); ok {
		if err := fileThere(path); err != nil {
			return err
		}
	}
	s, err := open(ctx, name, w.warnings())
	if err != nil {
		return err
	}
	engine := repo.NewEngine(repo.Config{Store: s, Now: w.Now, Log: w.warnings()})
	defer func() { err = errors.Join(err, engine.Drain(ctx), s.Close()) }()
	return f(s, vault.NewKeys(engine, s, nil))
}

// openFunc is openStore or openForReading.
type openFunc func(ctx context.Context, name string, log *slog.Logger) (repo.Store, error)

// keysListCmd lists keys.
type keysListCmd struct {
	storeFlag
	Site []string `help:"Only the keys of this site; may be repeated."`
	JSON bool     `help:"Print the list as JSON." name:"json"`
}

// Help is printed below the flags.
func (keysListCmd) Help() string {
	return `Prints one line per key: who may act with it, as what, where, who made it, when it was
last used (to the hour), and whether it still works. Tokens are not stored, so nobody can print
them. It changes nothing and may run while the store is being served.

Examples:
  lunpai keys list
  lunpai keys list --site riverside --json`
}

// Run lists the keys.
func (c *keysListCmd) Run(ctx context.Context, w *World) error {
	return withKeys(ctx, w, c.Store, openForReading, func(s repo.Store, k *vault.Keys) error {
		all, err := c.keys(ctx, s, k)
		if err != nil {
			return err
		}
		if c.JSON {
			list := map[string]any{"keys": append([]vault.Key{}, all...)} // never null
			return json.NewEncoder(w.Stdout).Encode(list)
		}
		return printKeys(w.Stdout, all, w.Now())
	})
}

// keys are those of the sites that were named, or else the administrators' and every site's.
func (c *keysListCmd) keys(
	ctx context.Context, s repo.Store, k *vault.Keys,
) (all []vault.Key, err error) {
	sites := c.Site
	if len(sites) == 0 {
		if all, err = k.Administrators(ctx); err != nil {
			return nil, err
		}
		ids, err := s.Sites(ctx)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			sites = append(sites, string(id))
		}
	}
	for _, site := range sites {
		keys, err := k.List(ctx, workflow.SiteID(site))
		if errors.Is(err, repo.ErrNotFound) {
			err = fmt.Errorf("there is no site %s in this store", site)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, keys...)
	}
	return all, nil
}

func printKeys(out io.Writer, keys []vault.Key, now time.Time) error {
	if len(keys) == 0 {
		_, err := fmt.Fprintln(out,
			"the store holds no key: the first start of the service makes one")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KEY\tSITE\tROLE\tSTAFF\tMADE\tBY\tLAST USED\tSTATE\tLABEL")
	for _, k := range keys {
		fmt.Fprintln(t, strings.Join([]string{
			k.ID, dash(string(k.Site)), string(k.Role), dash(string(k.Staff)),
			minute(k.CreatedAt), dash(k.CreatedBy), minute(k.UsedAt), stateOf(&k, now), k.Label,
		}, "\t"))
	}
	return t.Flush()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func minute(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02T15:04Z")
}

// stateOf is what a key is good for as far as it depends on the key alone.
func stateOf(k *vault.Key, now time.Time) string {
	switch {
	case !k.RevokedAt.IsZero():
		return "revoked " + minute(k.RevokedAt) + " by " + dash(k.RevokedBy)
	case !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt):
		return "expired " + minute(k.ExpiresAt)
	case !k.ExpiresAt.IsZero():
		return "works until " + minute(k.ExpiresAt)
	}
	return "works"
}

// keysNewCmd makes an administrator key.
type keysNewCmd struct {
	storeFlag
	Label string `help:"What the key is for, in your own words." default:"made with lunpai keys"`
}

// Help is printed below the flags.
func (keysNewCmd) Help() string {
	return `Existing keys keep working: revoke a lost one with lunpai keys revoke.

Examples:
  lunpai keys new-administrator
  lunpai keys new-administrator --store 'mongodb://localhost/lunpai?replicaSet=rs0' --label 'night shift'`
}

// Run makes the key and shows it.
func (c *keysNewCmd) Run(ctx context.Context, w *World) error {
	return withKeys(ctx, w, c.Store, openStore, func(s repo.Store, k *vault.Keys) error {
		old, err := k.Administrators(ctx)
		if err != nil {
			return err
		}
		sites, err := s.Sites(ctx)
		if err != nil {
			return err
		}
		if len(old)+len(sites) == 0 {
			return errors.New("this store was never used: check --store, " +
				"or start the service on it, which shows the first key")
		}
		key, token, err := k.NewAdministrator(ctx, c.Label, vault.OperatorKey)
		if err != nil {
			return err
		}
		note(w, "administrator key made", key.ID)
		_, err = fmt.Fprintf(w.Stdout, "administrator key %s, shown this once: %s\n", key.ID, token)
		return err
	})
}

// note logs what was done to an administrator's key: no journal holds it.
func note(w *World, what, key string) {
	slog.New(slog.NewTextHandler(w.Stderr, nil)).Info(what, "key", key, "by", vault.OperatorKey)
}

// keysRevokeCmd revokes a key.
type keysRevokeCmd struct {
	Key string `arg:"" help:"The key's id: the part between lp_ and the next _ of its token; lunpai keys list shows it."`
	storeFlag
}

// Help is printed below the flags.
func (keysRevokeCmd) Help() string {
	return `A revoked key never works again. The journal of a site records that its key was revoked.

Examples:
  lunpai keys revoke bootstrap                              the first administrator key
  lunpai keys revoke 0192f0c35b8e7a1cb0f1a2d3c4e5f607 --store sqlite:/var/lib/lunpai/office.db`
}

// Run revokes the key.
func (c *keysRevokeCmd) Run(ctx context.Context, w *World) error {
	if strings.HasPrefix(c.Key, "lp_") {
		return errors.New("that is a token: name the key by its id, " +
			"the part between lp_ and the next _")
	}
	return withKeys(ctx, w, c.Store, openStore, func(_ repo.Store, k *vault.Keys) error {
		site, err := k.SiteOf(ctx, c.Key)
		switch {
		case err == nil && site == "":
			if _, err = k.RevokeAdministrator(ctx, c.Key, vault.OperatorKey); err == nil {
				note(w, "administrator key revoked", c.Key)
			}
		case err == nil:
			err = k.Revoke(ctx, site, c.Key, uuid.NewString())
		}
		if errors.Is(err, repo.ErrNotFound) {
			return fmt.Errorf("there is no key %s in this store: see lunpai keys list",
				c.Key)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(w.Stdout, "key %s is revoked; running services notice within 5 seconds\n",
			c.Key)
		return c.lastOne(ctx, w, k)
	})
}

// lastOne says so when no administrator key is left.
func (*keysRevokeCmd) lastOne(ctx context.Context, w *World, k *vault.Keys) error {
	admins, err := k.Administrators(ctx)
	for _, a := range admins {
		if a.RevokedAt.IsZero() {
			return nil
		}
	}
	if err == nil {
		_, err = fmt.Fprintln(w.Stdout,
			"no administrator key works now: lunpai keys new-administrator makes one")
	}
	return err
}
