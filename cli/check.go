package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/sqlitestore"
	"github.com/lunpai/lunpai/workflow"
)

// verifyCmd checks a store.
type verifyCmd struct {
	storeFlag
	Site   []string `help:"Only this site; may be repeated."`
	Expect []string `help:"A head noted earlier, as site:seq:hash; may be repeated." placeholder:"SITE:SEQ:HASH"`
	JSON   bool     `help:"Print the report as JSON." name:"json"`
}

// Help is printed below the flags.
func (verifyCmd) Help() string {
	return `Reads every journal from its first commit and checks the chain of hashes, the numbers,
that no command ran twice, and that the documents are byte for byte what the journal says. In a
SQLite file it also reads every page, checks the indexes against the tables, and compares the file
with the beacon beside it. It changes nothing and may run while a SQLite store is being served.

Examples:
  lunpai verify --store sqlite:lunpai.db
  lunpai verify --expect riverside:1204:5be0…   the head printed on Saturday's rota table`
}

// Run verifies and prints a line a site.
func (c *verifyCmd) Run(ctx context.Context, w *World) (err error) {
	line := w.progress()
	o, err := c.options()
	if err != nil {
		return err
	}
	o.Progress = line.commits("verify")
	s, err := openForReading(ctx, c.Store, w.warnings())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, site := range o.Sites {
		if _, err := oneSite(ctx, s, site); err != nil {
			return err
		}
	}
	reports, err := repo.Verify(ctx, s, o)
	line.clear()
	if err != nil {
		return err
	}
	if len(reports) == 0 {
		return errNoSite // "sound" about nothing would be believed
	}
	if err := c.print(w.Stdout, reports); err != nil {
		return err
	}
	return repo.Sound(reports)
}

// options are the flags as the check takes them. A site of which a head is expected is looked at.
func (c *verifyCmd) options() (repo.VerifyOptions, error) {
	o := repo.VerifyOptions{Expect: map[workflow.SiteID]repo.Expectation{}}
	for _, s := range c.Site {
		o.Sites = append(o.Sites, workflow.SiteID(s))
	}
	for _, e := range c.Expect {
		i := strings.LastIndex(e, ":") // a site's id may hold colons
		k := strings.LastIndex(e[:max(i, 0)], ":")
		if k < 0 {
			return o, fmt.Errorf("--expect %s is not site:seq:hash", e)
		}
		seq, err := strconv.ParseInt(e[k+1:i], 10, 64)
		if err != nil {
			return o, fmt.Errorf("--expect %s: %s is not a number", e, e[k+1:i])
		}
		o.Expect[workflow.SiteID(e[:k])] = repo.Expectation{Seq: seq, Hash: e[i+1:]}
		if len(c.Site) > 0 {
			o.Sites = append(o.Sites, workflow.SiteID(e[:k]))
		}
	}
	slices.Sort(o.Sites)
	o.Sites = slices.Compact(o.Sites)
	return o, nil
}

func (c *verifyCmd) print(out io.Writer, reports []repo.SiteReport) error {
	if c.JSON {
		return json.NewEncoder(out).Encode(reports)
	}
	for _, r := range reports {
		state := "sound"
		if len(r.Problems) > 0 {
			state = fmt.Sprintf("%d PROBLEMS", len(r.Problems))
		}
		if r.Site == "" { // of the whole store
			fmt.Fprintf(out, "the store: %s\n", state)
			continue
		}
		fmt.Fprintf(out, "%s: %s: %d commits in %d pages, %d records, head %s:%d:%s\n",
			r.Site, state, r.Commits, r.Pages, r.Records, r.Site, r.Commits, r.Head)
	}
	return nil
}

// copyCmd copies a store.
type copyCmd struct {
	From string `arg:"" help:"The store to read: sqlite:PATH or mongodb://…"`
	To   string `arg:"" help:"The store to fill; it must be empty."`
}

// Help is printed below the flags.
func (copyCmd) Help() string {
	return `Copies every journal byte for byte, and the documents, people, notes and keys; then
verifies the copy. Stop the service of the source first. The keyring file is not part of a store:
keep it and name it with --keys.

Example:
  lunpai copy sqlite:lunpai.db 'mongodb://localhost/lunpai?replicaSet=rs0'`
}

// Run copies and verifies.
func (c *copyCmd) Run(ctx context.Context, w *World) (err error) {
	from, err := openForReading(ctx, c.From, w.warnings())
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if sites, err := from.Sites(ctx); err != nil || len(sites) == 0 {
		err = cmp.Or(err, errors.New("it holds no site, so there is nothing to copy"))
		return fmt.Errorf("source: %w", err)
	}
	to, err := openAs(ctx, c.To, opening{unfinished: true}, w.warnings())
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	line := w.progress()
	defer line.clear()
	if err := repo.Copy(ctx, from, to, line.commits("copy")); err != nil {
		return err
	}
	reports, err := repo.Verify(ctx, to, repo.VerifyOptions{Progress: line.commits("verify")})
	line.clear()
	if err != nil {
		return err
	}
	for _, r := range reports {
		fmt.Fprintf(w.Stdout, "%s: %d commits copied, head %s\n", r.Site, r.Commits, r.Head)
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
	return `The copy is consistent and needs no -wal file beside it. A plain copy of the file of a
running service is not: it lacks the newest visits. The keyring is not in the backup: keep both, in
different places.

Example:
  lunpai backup --store sqlite:lunpai.db /backup/lunpai-2024-03-04.db`
}

// Run writes the backup.
func (c *backupCmd) Run(ctx context.Context, w *World) (err error) {
	path, ok := strings.CutPrefix(c.Store, "sqlite:")
	if !ok {
		return errors.New("backup copies SQLite stores; for MongoDB use " +
			"mongodump --oplog of the whole server, or lunpai copy into a SQLite file")
	}
	s, err := openFile(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Backup(ctx, c.Target); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.Stdout, "%s holds a backup of %s\n", c.Target, path)
	return err
}

// restoreCmd puts a backup in the place of a SQLite store.
type restoreCmd struct {
	Store  string `help:"The store to be replaced: sqlite:PATH" default:"${store}" env:"LUNPAI_STORE"`
	Backup string `arg:"" help:"The backup: a file made by lunpai backup." type:"path"`
}

// Help is printed below the flags.
func (restoreCmd) Help() string {
	return `Stop the service first: a file that is being served is refused. The backup is copied
beside the store and verified there; only a sound one replaces it, in one step. The old file and its
log are kept under another name: they hold what was acknowledged since the backup, including
personal data. Delete them when you are done.

Everything acknowledged after the backup is gone from the store; a command that a client sends again
runs again. The keyring is not part of a backup: the service needs the one that
the backup was written under.

Example:
  lunpai restore --store sqlite:office.db /backup/office-2024-03-04.db`
}

// Run restores and prints a line a site.
func (c *restoreCmd) Run(ctx context.Context, w *World) error {
	path, ok := strings.CutPrefix(c.Store, "sqlite:")
	if !ok {
		return errors.New("restore replaces a SQLite store with a file; " +
			"for MongoDB see the operations page")
	}
	line := w.progress()
	defer line.clear()
	var reports []repo.SiteReport
	check := func(s *sqlitestore.Store) (err error) {
		if err := repo.Unfinished(ctx, s); err != nil {
			return err
		}
		reports, err = repo.Verify(ctx, s, repo.VerifyOptions{Progress: line.commits("verify")})
		if err != nil {
			return err
		}
		return repo.Sound(reports)
	}
	kept, err := sqlitestore.Restore(ctx, path, c.Backup, check)
	line.clear()
	if err != nil {
		return err
	}
	for _, r := range reports {
		fmt.Fprintf(w.Stdout, "%s: %d commits restored, head %s:%d:%s\n",
			r.Site, r.Commits, r.Site, r.Commits, r.Head)
	}
	if kept != "" {
		fmt.Fprintf(w.Stdout, "the old file is kept as %s: delete it when you are done\n", kept)
	}
	return nil
}
