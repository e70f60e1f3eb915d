package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Format is how a report is written.
type Format string

// The formats.
const (
	JSON Format = "json" // one object with the rows
	// for Excel: UTF-8 with a byte order mark, CRLF, no formulas (RFC 4180)
	CSV    Format = "csv"
	NDJSON Format = "ndjson" // one row per line
)

// Formats are the media types of the formats.
var Formats = map[Format]string{
	JSON: "application/json", NDJSON: "application/x-ndjson",
	CSV: "text/csv; charset=utf-8",
}

// Write computes the report and writes it row by row as the rows are ready. It covers every commit
// up to the seq in the JSON object. If it fails after writing has begun, the output is incomplete.
func (r *Report) Write(ctx context.Context, docs repo.Documents, to io.Writer, f Format) error {
	switch f {
	case CSV:
		return r.writeCSV(ctx, docs, to)
	case NDJSON:
		return r.writeLines(ctx, docs, to)
	case JSON:
		return r.writeJSON(ctx, docs, to)
	default:
		return refuse("bad_format")
	}
}

func (r *Report) writeJSON(ctx context.Context, docs repo.Documents, to io.Writer) error {
	mark, err := docs.Mark(ctx, r.Site)
	if err != nil {
		return err
	}
	head, err := workflow.Encode(map[string]any{
		"report": r.defined.name, "site": r.Site, "from": r.From, "to": r.To,
		"group_by": orEmpty(r.GroupBy), "columns": r.Columns,
		"seq": mark, "schema": workflow.Schema,
	})
	if err != nil {
		return err
	}
	o := r.objects()
	text := append(bytes.TrimSuffix(head, []byte("}")), `,"rows":[`...)
	first := true
	err = r.Rows(ctx, docs, func(row []any) (err error) {
		if !first {
			text = append(text, ',')
		}
		first = false
		if text, err = o.append(append(text, '\n'), row); err != nil {
			return err
		}
		_, err = to.Write(text)
		text = text[:0]
		return err
	})
	if err != nil {
		return err
	}
	_, err = to.Write(append(text, "]}\n"...))
	return err
}

func (r *Report) writeLines(ctx context.Context, docs repo.Documents, to io.Writer) error {
	o := r.objects()
	var text []byte
	return r.Rows(ctx, docs, func(row []any) (err error) {
		if text, err = o.append(text[:0], row); err != nil {
			return err
		}
		_, err = to.Write(append(text, '\n'))
		return err
	})
}

// objects writes rows as JSON objects with the fields in the order of the columns.
type objects struct{ names [][]byte }

func (r *Report) objects() *objects {
	o := &objects{}
	for i, c := range r.Columns {
		sep := ","
		if i == 0 {
			sep = "{"
		}
		o.names = append(o.names, []byte(sep+strconv.Quote(c.Name)+":"))
	}
	return o
}

func (o *objects) append(text []byte, row []any) ([]byte, error) {
	for i, v := range row {
		value, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", o.names[i], err)
		}
		text = append(append(text, o.names[i]...), value...)
	}
	return append(text, '}'), nil
}

// byteOrderMark tells Excel that the file is UTF-8.
const byteOrderMark = "\uFEFF"

func (r *Report) writeCSV(ctx context.Context, docs repo.Documents, to io.Writer) error {
	fields := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		fields[i] = c.Name
	}
	if _, err := io.WriteString(to, byteOrderMark); err != nil {
		return err
	}
	w := csv.NewWriter(to)
	w.UseCRLF = true
	if err := w.Write(fields); err != nil {
		return err
	}
	err := r.Rows(ctx, docs, func(row []any) error {
		for i, v := range row {
			fields[i] = field(v)
		}
		return w.Write(fields)
	})
	if err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// field is a value as a cell of a spreadsheet.
func field(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return harmless(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		// as in JSON: without a zone it would be read as local time
		return v.UTC().Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(v)
	}
}

// harmless keeps a spreadsheet from treating a text as a formula: it prefixes an apostrophe if the
// text begins with a character that starts one, with its full-width twin, or with whitespace that
// is skipped before one.
func harmless(s string) string {
	if first, _ := utf8.DecodeRuneInString(s); s != "" &&
		strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}
