package cli

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/lunpai/lunpai/api"
	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// maxTable is how large a table may be, in bytes.
const maxTable = 64 << 20

// table is what a CSV file says: rows that can be sent, and lines that cannot.
type table struct {
	lang    explain.Lang
	owners  map[string]string // ids by what else a consultant is called
	columns []string
	rows    []api.ImportRow
	refused []refusedLine
	seen    map[string]int // lines by number, and by phone
}

// columnNames are the names of the columns, as they may be written in the first line.
var columnNames = map[string][]string{
	"number": {"number", "no", "id", "编号", "客户编号"},
	"name":   {"name", "customer", "姓名", "客户姓名", "客户"},
	"phone": {
		"phone", "mobile", "telephone", "电话", "手机", "手机号", "手机号码", "电话号码",
		"联系电话", "联系方式",
	},
	"owner":        {"owner", "consultant", "置业顾问", "顾问", "归属人", "客户归属", "销售人员"},
	"status":       {"status", "状态", "进度", "客户状态"},
	"last_contact": {"last_contact", "last_contact_on", "last contact", "最近联系", "最近联系日期", "最后联系日期"},
	"remark":       {"remark", "remarks", "note", "notes", "备注", "说明"},
}

// readTable reads a CSV file. It fails when the file as a whole cannot be read; a line that cannot
// is refused by itself. Nothing it says repeats what stands in a cell.
func readTable(file string, lang explain.Lang, owners map[string]string) (*table, error) {
	f, err := os.Open(file) //nolint:gosec // the user names the file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxTable+1))
	if err != nil {
		return nil, err
	}
	t := &table{lang: lang, owners: owners, seen: map[string]int{}}
	text, err := t.decode(raw)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = separator(text), -1
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, t.err("the table is empty", "表格是空的")
	}
	if err == nil {
		err = t.header(head)
	}
	if err != nil {
		return nil, t.broken(err)
	}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, t.broken(err)
		}
		line, _ := r.FieldPos(0)
		t.take(line, cells)
	}
	if len(t.rows)+len(t.refused) == 0 {
		return nil, t.err("the table has a header and no lines", "表格只有表头，没有内容")
	}
	return t, nil
}

func (t *table) err(en, zh string) error { return errors.New(phrase(t.lang, en, zh)) }

// broken says in which line the table is no CSV.
func (t *table) broken(err error) error {
	var p *csv.ParseError
	if !errors.As(err, &p) {
		return err
	}
	return fmt.Errorf(phrase(t.lang,
		"line %d: a quotation mark stands in the wrong place: a cell that holds one is written "+
			"in quotation marks, and each inside is doubled",
		"第%d行：引号位置不对：含引号的格子要整个用引号括起，里面的引号写两个"), p.StartLine)
}

// decode is the text of a file: UTF-8, or else GB18030, which spreadsheets in China write.
func (t *table) decode(raw []byte) (string, error) {
	switch {
	case len(raw) > maxTable:
		return "", t.err("the table is larger than 64 MB: split it", "表格超过 64 MB，请分成几个文件")
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")),
		bytes.HasPrefix(raw, []byte("\xd0\xcf\x11\xe0")),
		bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")),
		bytes.IndexByte(raw, 0) >= 0:
		return "", t.noCSV()
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if utf8.Valid(raw) {
		return string(raw), nil
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(raw)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return "", t.noCSV()
	}
	return string(text), nil
}

func (t *table) noCSV() error {
	return t.err("this is no CSV file: in the spreadsheet choose “Save as”, "+
		"“CSV UTF-8 (comma delimited)”",
		"这不是 CSV 文件：请在表格软件里选“另存为”，类型选“CSV UTF-8（逗号分隔）”")
}

// separator is what stands between the cells of the first line.
func separator(text string) rune {
	line, _, _ := strings.Cut(text, "\n")
	best := ','
	for _, s := range ";\t" {
		if strings.Count(line, string(s)) > strings.Count(line, string(best)) {
			best = s
		}
	}
	return best
}

// header reads the names of the columns.
func (t *table) header(cells []string) error {
	for _, cell := range cells {
		if workflow.HoldsPhone(cell) { // then names stand beside it: none is repeated
			return t.err("the first line must name the columns, such as name,phone,owner,status",
				"第一行要写列名，例如：姓名,电话,置业顾问,状态")
		}
	}
	for i, cell := range cells {
		written := strings.TrimSpace(cell)
		name := ""
		for column, names := range columnNames {
			if slices.Contains(names, strings.ToLower(written)) {
				name = column
			}
		}
		switch {
		case name == "" && written != "":
			return fmt.Errorf(phrase(t.lang, "column %d: there is no column “%.40s”: take it out, "+
				"or name it number, name, phone, owner, status, last_contact or remark",
				"第%d列：没有“%.40s”这一列：请删去，或改名为编号、姓名、电话、置业顾问、状态、最近联系日期、备注之一"),
				i+1, written)
		case name != "" && slices.Contains(t.columns, name):
			return fmt.Errorf(phrase(t.lang, "column %d: “%.40s” is there twice",
				"第%d列：“%.40s”写了两次"), i+1, written)
		}
		t.columns = append(t.columns, name)
	}
	if !slices.Contains(t.columns, "phone") && !slices.Contains(t.columns, "number") {
		return t.err("there is neither a column phone nor a column number: by one of them a "+
			"second run knows a customer",
			"没有“电话”列，也没有“编号”列：再次导入时要靠其中一列认出客户")
	}
	return nil
}

// take reads a line.
func (t *table) take(line int, cells []string) {
	if !slices.ContainsFunc(cells, func(s string) bool { return strings.TrimSpace(s) != "" }) {
		return
	}
	row := api.ImportRow{Line: line, Status: workflow.StatusRegistered}
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		if cell == "" {
			continue
		}
		column := ""
		if i < len(t.columns) {
			column = t.columns[i]
		}
		if why := t.cell(&row, column, cell); why != "" {
			t.refuse(line, i, why)
			return
		}
	}
	t.mark(&row)
}

// mark keeps a row unless nothing tells it from others, or another line is the same customer.
func (t *table) mark(row *api.ImportRow) {
	marks := []string{}
	if row.Number != "" {
		marks = append(marks, "number "+row.Number)
	}
	if row.Phone != "" {
		marks = append(marks, "phone "+vault.NormalPhone(row.Phone))
	}
	if len(marks) == 0 {
		t.refused = append(t.refused, refusedLine{row.Line, phrase(t.lang,
			"neither a number nor a phone: write one of them", "没有编号，也没有电话：请至少写一项")})
		return
	}
	for _, m := range marks {
		if first := t.seen[m]; first > 0 {
			t.refused = append(t.refused, refusedLine{row.Line, fmt.Sprintf(phrase(t.lang,
				"this customer stands in line %d already: keep one of the two",
				"这位客户在第%d行已经写过：两行请只留一行"), first)})
			return
		}
	}
	for _, m := range marks {
		t.seen[m] = row.Line
	}
	t.rows = append(t.rows, *row)
}

// refuse refuses a line for one of its cells.
func (t *table) refuse(line, column int, why string) {
	if column < len(t.columns) && t.columns[column] != "" {
		names := columnNames[t.columns[column]]
		zh := names[slices.IndexFunc(names, func(n string) bool { return n[0] >= utf8.RuneSelf })]
		why = phrase(t.lang, t.columns[column]+": ", zh+"：") + why
	} else {
		why = fmt.Sprintf(phrase(t.lang, "column %d: ", "第%d列："), column+1) + why
	}
	t.refused = append(t.refused, refusedLine{line, why})
}

// cell reads a cell, or says what is wrong with it.
func (t *table) cell(row *api.ImportRow, column, cell string) (why string) {
	if column != "remark" && workflow.HoldsControls(cell) ||
		strings.ContainsRune(cell, utf8.RuneError) ||
		workflow.HoldsControls(strings.NewReplacer("\n", "", "\r", "", "\t", "").Replace(cell)) {
		return phrase(t.lang, "a character that cannot be seen: type the cell anew",
			"含有看不见的字符：请重新输入这一格")
	}
	most := 100
	if column == "remark" {
		most = 2000
	}
	if utf8.RuneCountInString(cell) > most {
		return fmt.Sprintf(phrase(t.lang, "longer than %d characters", "超过%d个字"), most)
	}
	switch column {
	case "number":
		row.Number = cell
	case "name":
		row.Name = cell
	case "phone":
		row.Phone = strings.TrimPrefix(cell, "'") // by which spreadsheets mark text
		if vault.NormalPhone(row.Phone) == "" {
			return phrase(t.lang, "not a phone number of five digits or more (format the column "+
				"as text in the spreadsheet)", "不是五位以上的电话号码（请在表格软件里把这一列设为文本）")
		}
	case "owner":
		row.Owner = workflow.StaffID(cell)
		if id, ok := t.owners[cell]; ok {
			row.Owner = workflow.StaffID(id)
		}
		if !workflow.ValidID(string(row.Owner)) || workflow.HoldsPhone(string(row.Owner)) {
			return phrase(t.lang, "not the id of a consultant (--owner NAME=ID says whose)",
				"不是销售人员的编号（可用 --owner 姓名=编号 注明是谁）")
		}
	case "status":
		var ok bool
		if row.Status, ok = statusOf(cell); !ok {
			return phrase(t.lang, "no such status: write received, registered, intention, "+
				"holding_fee, deposit, signed or refunded",
				"没有这种状态：请写已接待、已登记、已交意向金、已交封楼费、已交定金、已签约或已退房")
		}
	case "last_contact":
		day, ok := dayOf(cell)
		if !ok {
			return phrase(t.lang, "not a day such as 2024-03-01 or 2024/3/1",
				"不是 2024-03-01 或 2024/3/1 这样的日期")
		}
		row.LastContactOn = day
	case "remark":
		row.Remark = cell
	default:
		return phrase(t.lang, "a cell without a name in the first line", "这一格在第一行没有列名")
	}
	return ""
}

// statusOf reads a status: its code, or its words in either language.
func statusOf(cell string) (workflow.CustomerStatus, bool) {
	for _, s := range workflow.CustomerStatuses {
		zh := explain.Word(explain.Zh, "customer_status", string(s))
		short := strings.TrimPrefix(strings.TrimPrefix(zh, "已"), "交")
		if slices.Contains([]string{
			string(s), strings.ReplaceAll(string(s), "_", " "), zh, short,
			explain.Word(explain.En, "customer_status", string(s)),
		}, strings.ToLower(cell)) {
			return s, true
		}
	}
	return "", false
}

// dayOf reads a day, as spreadsheets write it; a time of day behind it is left away.
func dayOf(cell string) (workflow.Date, bool) {
	day, _, _ := strings.Cut(strings.TrimSpace(cell), " ")
	for _, form := range []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日", "20060102"} {
		if at, err := time.Parse(form, day); err == nil {
			return workflow.Date(at.Format(time.DateOnly)), true
		}
	}
	return "", false
}
