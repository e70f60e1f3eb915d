package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/api"
	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/scenario"
	"github.com/lunpai/lunpai/workflow"
)

// importCmd takes over the customers of an office from a table.
type importCmd struct {
	File    string            `arg:"" help:"The table, a CSV file." type:"existingfile"`
	Site    string            `help:"The site whose customers they are." required:""`
	URL     string            `help:"The running service." name:"url" default:"http://127.0.0.1:8080" env:"LUNPAI_URL"`
	Key     string            `help:"A manager's key of that site." env:"LUNPAI_KEY"`
	KeyFile string            `help:"A file that holds the key, instead of --key." type:"existingfile" placeholder:"FILE"`
	Owner   map[string]string `help:"What a consultant is called in the table, and the id here; may be repeated." placeholder:"NAME=ID"`
	DryRun  bool              `help:"Check every line and change nothing."`
	Skip    bool              `help:"Take over the good lines even if others are refused." name:"skip-refused"`
	langFlag
}

// Help is printed below the flags.
func (importCmd) Help() string {
	return `The first line of the table names its columns, in any order:
  number 编号          the customer's number in your book    (this or the phone is needed)
  name 姓名            phone 电话
  owner 置业顾问       the id of a consultant; --owner says what else he is called
  status 状态          received registered intention holding_fee deposit signed refunded,
                       or 已接待 已登记 已交意向金 …; empty: registered
  last_contact 最近联系日期   such as 2024-03-01 or 2024/3/1
  remark 备注          kept as a note
UTF-8 or GB18030, with comma, semicolon or tab. docs/customers.csv is an example.

All lines are checked first. If one is refused, nothing is taken over, and every mistake is told
with its line. Running the same command again is safe, also after it was interrupted: a line that
was taken over before changes nothing. The exit status is 1 when any line is refused.

Examples:
  lunpai import customers.csv --site riverside --key-file manager.key --dry-run
  lunpai import customers.csv --site riverside --key-file manager.key --owner 张三=zhang`
}

const (
	// A request holds so many lines, and so many bytes, at most.
	linesARequest, bytesARequest = 500, 60_000
	// importPatience is how long one request may take.
	importPatience = time.Minute
)

// Run checks every line, then takes them over.
func (c *importCmd) Run(ctx context.Context, w *World) error {
	lang := c.language(w)
	key, err := c.key()
	if err != nil {
		return err
	}
	if !workflow.ValidID(c.Site) {
		return errors.New("--site is not an id: write 1 to 64 letters, digits and dashes")
	}
	t, err := readTable(c.File, lang, c.Owner)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	i := &importer{
		w: w, lang: lang, key: key, path: "/v1/sites/" + url.PathEscape(c.Site) +
			"/customers/import",
		client: &scenario.Client{
			Base: strings.TrimRight(c.URL, "/"), Lang: lang.Tag(),
			HTTP: &http.Client{Timeout: importPatience},
		},
		begun: w.Now(), refused: t.refused, lines: len(t.rows) + len(t.refused),
	}
	fresh, err := i.send(ctx, t.rows, true)
	if err != nil {
		return i.failed(err, c.URL)
	}
	if c.DryRun || len(i.refused) > 0 && !c.Skip {
		return i.tell(true)
	}
	i.created = 0
	if _, err := i.send(ctx, fresh, false); err != nil {
		return i.failed(err, c.URL)
	}
	return i.tell(false)
}

// key is the key that was named.
func (c *importCmd) key() (string, error) {
	if c.KeyFile == "" {
		if c.Key == "" {
			return "", errors.New("a manager's key is needed: name a file that holds it " +
				"with --key-file, or set LUNPAI_KEY")
		}
		return c.Key, nil
	}
	text, err := os.ReadFile(c.KeyFile)
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(text))
	if !strings.HasPrefix(key, "lp_") || strings.ContainsAny(key, " \r\n\t") {
		return "", fmt.Errorf("%s holds no key: it must hold one line that begins with lp_",
			c.KeyFile)
	}
	return key, nil
}

// refusedLine is a line that cannot be taken over, and why.
type refusedLine struct {
	line int
	why  string
}

// importer sends rows to a service.
type importer struct {
	w         *World
	lang      explain.Lang
	client    *scenario.Client
	key, path string
	begun     time.Time
	lines     int // of the table, without the header

	created, unchanged int
	refused            []refusedLine
}

// send sends rows and returns those of customers who are, or would be, taken over by it.
func (i *importer) send(
	ctx context.Context, rows []api.ImportRow, dry bool,
) (fresh []api.ImportRow, err error) {
	bar := i.w.patientProgress()
	defer bar.clear()
	path, what := i.path, phrase(i.lang, "taking over", "正在录入")
	if dry {
		path, what = path+"?dry_run=true", phrase(i.lang, "checking", "正在核对")
	}
	total := len(rows)
	for len(rows) > 0 {
		n, err := portion(rows)
		if err != nil {
			return nil, err
		}
		var a api.ImportAnswer
		err = i.client.Call(ctx, i.w.Now(), i.key, http.MethodPost, path,
			api.ImportBatch{Rows: rows[:n]}, &a)
		if err == nil && len(a.Rows) != n {
			err = errors.New("the service is of another version: it answers otherwise")
		}
		if err != nil {
			return nil, err
		}
		for k, r := range a.Rows {
			switch {
			case r.Problem != nil:
				i.refuse(r.Line, r.Problem)
				continue
			case r.Outcome == api.RowCreated:
				i.created++
			default:
				i.unchanged++
				continue
			}
			fresh = append(fresh, rows[k])
		}
		rows = rows[n:]
		done := total - len(rows)
		bar.show("%s: %3d %%, %d / %d", what, 100*done/total, done, total)
	}
	return fresh, nil
}

// portion is how many of the rows fit into one request.
func portion(rows []api.ImportRow) (n int, err error) {
	size := 0
	for n < len(rows) && n < linesARequest {
		text, err := json.Marshal(rows[n])
		if err != nil {
			return 0, err
		}
		if size += len(text) + 1; n > 0 && size > bytesARequest {
			break
		}
		n++
	}
	return n, nil
}

func (i *importer) refuse(line int, p *api.RowProblem) {
	why := p.Detail + phrase(i.lang, ". ", "；") + p.Fix
	i.refused = append(i.refused, refusedLine{line, strings.TrimRight(why, ". ；")})
}

// tell prints what became of the table, and every refused line.
func (i *importer) tell(dry bool) error {
	slices.SortStableFunc(i.refused, func(a, b refusedLine) int {
		return cmp.Compare(a.line, b.line)
	})
	for _, r := range i.refused {
		fmt.Fprintf(i.w.Stdout, phrase(i.lang, "line %d: %s\n", "第%d行：%s\n"), r.line, r.why)
	}
	form := phrase(i.lang, "%d lines in %.1f s: %d taken over, %d taken over before, %d refused\n",
		"共%d行，用时%.1f秒：新录入%d位，以前已录入%d位，不能录入%d行\n")
	if dry {
		form = phrase(i.lang, "%d lines checked in %.1f s, nothing changed: %d can be taken over, "+
			"%d taken over before, %d refused\n",
			"核对%d行，用时%.1f秒，未作任何改动：可录入%d位，以前已录入%d位，不能录入%d行\n")
	}
	took := i.w.Now().Sub(i.begun).Seconds()
	_, err := fmt.Fprintf(i.w.Stdout, form, i.lines, took, i.created, i.unchanged, len(i.refused))
	if err == nil && len(i.refused) > 0 {
		return errDiffers
	}
	return err
}

// failed says how far the work had come when the service could not go on.
func (i *importer) failed(err error, at string) error {
	if broken := (*url.Error)(nil); errors.As(err, &broken) {
		err = fmt.Errorf("no service answers at %s: %w", at, broken.Err)
	}
	return fmt.Errorf("%w (run the same command again: lines that were taken over change nothing)",
		err)
}

// phrase is one of two texts.
func phrase(lang explain.Lang, en, zh string) string {
	if lang == explain.Zh {
		return zh
	}
	return en
}
