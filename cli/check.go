package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/sqlitestore"
	"github.com/lunpai/lunpai/workflow"
)

// status is a line on stderr that long work draws again and again.
type status struct {
	out   io.Writer
	last  time.Time // drawn
	drawn bool
}

// show draws the line, twice a second at most.
func (s *status) show(format string, args ...any) {
	if now := time.Now(); now.Sub(s.last) > 500*time.Millisecond {
		s.last, s.drawn = now, true
		fmt.Fprintf(s.out, "\r"+format+"   ", args...)
	}
}

// at tells which commit of a site the work has come to.
func (s *status) at(what string) func(workflow.SiteID, int64) {
	return func(site workflow.SiteID, seq int64) { s.show("%s %s: commit %d", what, site, seq) }
}

// clear wipes the line away.
func (s *status) clear() {
	if s.drawn {
		fmt.Fprintf(s.out, "\r%78s\r", "")
	}
}

func quiet(w *world) *slog.Logger {
	return slog.New(slog.NewTextHandler(w.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// errNoSite: there is nothing to do the command with.
var errNoSite = errors.New("the store holds no site: is it the right --store?")

// verifyCmd checks a store.
type verifyCmd struct {
	Store  string   `help:"The store: sqlite:PATH or mongodb://…" default:"${store}" env:"LUNPAI_STORE"`
	Site   []string `help:"Only this site; may be repeated."`
	Expect []string `help:"A head that was kept, as site:seq:hash; may be repeated." placeholder:"SITE:SEQ:HASH"`
	JSON   bool     `help:"Print the report as JSON." name:"json"`
}

// Help is printed below the flags.
func (verifyCmd) Help() string {
	return `Reads every journal from its first commit: the chain of hashes, the numbers, that no command ran twice, and that the
documents are byte for byte what the journal says. Of a SQLite file it also reads every page, holds the indexes against
the tables, and compares with the beacon beside it. It changes nothing and may run while a SQLite store is served.

Examples:
  lunpai verify --store sqlite:lunpai.db
  lunpai verify --expect riverside:1204:5be0…   the head printed on Saturday's rota table`
}

// Run verifies and prints a line a site.
func (c *verifyCmd) Run(w *world) (err error) {
	line := &status{out: w.stderr}
	o := repo.VerifyOptions{Expect: map[workflow.SiteID]repo.Expectation{}, Progress: line.at("verify")}
	for _, s := range c.Site {
		o.Sites = append(o.Sites, workflow.SiteID(s))
	}
	for _, e := range c.Expect {
		i := strings.LastIndex(e, ":") // a site's id may hold colons
		k := strings.LastIndex(e[:max(i, 0)], ":")
		if k < 0 {
			return fmt.Errorf("--expect %s is not site:seq:hash", e)
		}
		seq, err := strconv.ParseInt(e[k+1:i], 10, 64)
		if err != nil {
			return fmt.Errorf("--expect %s: %s is not a number", e, e[k+1:i])
		}
		o.Expect[workflow.SiteID(e[:k])] = repo.Expectation{Seq: seq, Hash: e[i+1:]}
		if len(c.Site) > 0 { // who expects something of a site wants it looked at
			o.Sites = append(o.Sites, workflow.SiteID(e[:k]))
		}
	}
	s, err := openForReading(w.ctx, c.Store, quiet(w))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	slices.Sort(o.Sites)
	o.Sites = slices.Compact(o.Sites)
	for _, site := range o.Sites {
		if _, err := oneSite(w.ctx, s, site); err != nil {
			return err
		}
	}
	reports, err := repo.Verify(w.ctx, s, o)
	line.clear()
	if err != nil {
		return err
	}
	if len(reports) == 0 {
		return errNoSite // "sound" about nothing would be believed
	}
	if c.JSON {
		if err := json.NewEncoder(w.stdout).Encode(reports); err != nil {
			return err
		}
		return repo.Sound(reports)
	}
	for _, r := range reports {
		state := "sound"
		if len(r.Problems) > 0 {
			state = fmt.Sprintf("%d PROBLEMS", len(r.Problems))
		}
		if r.Site == "" { // of the whole store
			fmt.Fprintf(w.stdout, "the store: %s\n", state)
			continue
		}
		fmt.Fprintf(w.stdout, "%s: %s: %d commits in %d pages, %d records, head %s:%d:%s\n", r.Site, state, r.Commits, r.Pages, r.Records, r.Site, r.Commits, r.Head)
	}
	return repo.Sound(reports)
}

// copyCmd copies a store.
type copyCmd struct {
	From string `arg:"" help:"The store to read: sqlite:PATH or mongodb://…"`
	To   string `arg:"" help:"The store to fill; it must be empty."`
}

// Help is printed below the flags.
func (copyCmd) Help() string {
	return `Copies every journal byte for byte, the documents, people, notes and keys, and verifies the copy. Stop the service of
the source first. The keyring file is not part of a store: keep it and name it with --keys.

Example:
  lunpai copy sqlite:lunpai.db 'mongodb://localhost/lunpai?replicaSet=rs0'`
}

// Run copies and verifies.
func (c *copyCmd) Run(w *world) (err error) {
	from, err := openForReading(w.ctx, c.From, quiet(w))
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if sites, err := from.Sites(w.ctx); err != nil || len(sites) == 0 {
		return fmt.Errorf("source: %w", cmp.Or(err, errors.New("it holds no site, so there is nothing to copy")))
	}
	to, err := openAs(w.ctx, c.To, opening{unfinished: true}, quiet(w))
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	line := &status{out: w.stderr}
	defer line.clear()
	if err := repo.Copy(w.ctx, from, to, line.at("copy")); err != nil {
		return err
	}
	reports, err := repo.Verify(w.ctx, to, repo.VerifyOptions{Progress: line.at("verify")})
	line.clear()
	if err != nil {
		return err
	}
	for _, r := range reports {
		fmt.Fprintf(w.stdout, "%s: %d commits copied, head %s\n", r.Site, r.Commits, r.Head)
	}
	return repo.Sound(reports)
}

// backupCmd copies a SQLite store to a file.
type backupCmd struct {
	Store  string `help:"The store: sqlite:PATH" default:"${store}" env:"LUNPAI_STORE"`
	Target string `arg:"" help:"The file to write; it must not exist." type:"path"`
}

// Help is printed below the flags.
func (backupCmd) Help() string {
	return `The copy is consistent and needs no -wal file beside it. A plain copy of the file of a running service is not: it
lacks the newest visits. The keyring is not in it: keep both, apart.

Example:
  lunpai backup --store sqlite:lunpai.db /backup/lunpai-2024-03-04.db`
}

// Run writes the backup.
func (c *backupCmd) Run(w *world) (err error) {
	path, ok := strings.CutPrefix(c.Store, "sqlite:")
	if !ok {
		return errors.New("backup copies SQLite stores; for MongoDB use mongodump --oplog of the whole server, or lunpai copy into a SQLite file")
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return noFile(path)
	}
	s, err := sqlitestore.OpenReadOnly(w.ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Backup(w.ctx, c.Target); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.stdout, "%s holds a backup of %s\n", c.Target, path)
	return err
}

// restoreCmd puts a backup in the place of a SQLite store.
type restoreCmd struct {
	Store  string `help:"The store to be replaced: sqlite:PATH" default:"${store}" env:"LUNPAI_STORE"`
	Backup string `arg:"" help:"The backup: a file made by lunpai backup." type:"path"`
}

// Help is printed below the flags.
func (restoreCmd) Help() string {
	return `Stop the service first: a file that is served is refused. The backup is copied beside the store and verified there; only a
sound one takes its place, in one step. The old file and its log are kept under another name: they hold what was
acknowledged since the backup, and personal data too. Delete them when you are done.

Everything acknowledged after the backup is gone from the store; clients that send such a command again have it carried
out again. The keyring is not part of a backup: the service needs the one that the backup was written under.

Example:
  lunpai restore --store sqlite:office.db /backup/office-2024-03-04.db`
}

// Run restores and prints a line a site.
func (c *restoreCmd) Run(w *world) error {
	path, ok := strings.CutPrefix(c.Store, "sqlite:")
	if !ok {
		return errors.New("restore puts a file in the place of a SQLite store; for MongoDB see the operations page")
	}
	line := &status{out: w.stderr}
	defer line.clear()
	var reports []repo.SiteReport
	kept, err := sqlitestore.Restore(w.ctx, path, c.Backup, func(s *sqlitestore.Store) (err error) {
		if err := repo.Unfinished(w.ctx, s); err != nil {
			return err
		}
		if reports, err = repo.Verify(w.ctx, s, repo.VerifyOptions{Progress: line.at("verify")}); err != nil {
			return err
		}
		return repo.Sound(reports)
	})
	line.clear()
	if err != nil {
		return err
	}
	for _, r := range reports {
		fmt.Fprintf(w.stdout, "%s: %d commits restored, head %s:%d:%s\n", r.Site, r.Commits, r.Site, r.Commits, r.Head)
	}
	if kept != "" {
		fmt.Fprintf(w.stdout, "the old file is kept as %s: delete it when you are done\n", kept)
	}
	return nil
}

// healthCmd asks a service whether it is ready.
type healthCmd struct {
	URL string `help:"Where to ask." default:"http://127.0.0.1:8080/readyz" name:"url" env:"LUNPAI_HEALTH_URL"`
}

// Run fails unless the answer is 200.
func (c *healthCmd) Run(w *world) error {
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, c.URL, http.NoBody)
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
	_, err = fmt.Fprintln(w.stdout, "ready")
	return err
}
