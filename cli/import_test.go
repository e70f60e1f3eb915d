package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/scenario"
	"github.com/lunpai/lunpai/workflow"
)

// example is the table that the pages name.
const example = "docs/customers.csv"

// importOffice is a running service with a site, and the arguments that name both and a manager's
// key.
func importOffice(t *testing.T, store string) (s *started, args []string) {
	t.Helper()
	s = start(t, "--store", store, "--keys", filepath.Join(t.TempDir(), "keys.json"))
	t.Cleanup(func() { _ = s.stop() })
	call := func(path string, body string) string {
		t.Helper()
		var a struct{ Key struct{ Token string } }
		c := &scenario.Client{Base: s.base}
		if err := c.Call(t.Context(), time.Now(), s.admin, http.MethodPost, path,
			json.RawMessage(body), &a); err != nil {
			t.Fatal(err)
		}
		return a.Key.Token
	}
	call("/v1/sites", `{"id":"s","zone":"Asia/Shanghai","staff":[{"id":"A","role":"consultant"},
		{"id":"B","role":"consultant"},{"id":"M","role":"manager"}]}`)
	file := filepath.Join(t.TempDir(), "manager.key")
	writeFile(t, file, call("/v1/sites/s/keys", `{"role":"manager","staff":"M"}`)+"\n")
	return s, []string{"--site", "s", "--url", s.base, "--key-file", file, "--lang", "zh"}
}

// TestImport imports the example of the pages as a manager does, and once more.
func TestImport(t *testing.T) {
	t.Parallel()
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, args := importOffice(t, store(t))
			run := func(file, want string, fails bool, more ...string) {
				t.Helper()
				all := append(append([]string{"import", file}, args...), more...)
				out, err := command(t, all...)
				if !strings.Contains(out, want) || (err != nil) != fails {
					t.Errorf("%s %v: %v\n%s\nwant %s", file, more, err, out, want)
				}
				for _, private := range []string{"13800138", "138 0013", "张伟"} {
					if strings.Contains(out+fmt.Sprint(err), private) {
						t.Errorf("%s: the output says %s: %s", file, private, out)
					}
				}
			}
			bad := filepath.Join(t.TempDir(), "bad.csv")
			writeFile(t, bad, "phone;owner;status\r\n13800138101;甲;signed\r\n"+
				"13800138102;13800138;\r\n"+
				"12;A;\r\n13800138103;C;已签约\r\n13800138101;A;\r\n")
			run(example, "可录入5位，以前已录入0位，不能录入0行", false, "--dry-run")
			run(bad, "第3行：置业顾问：不是销售人员的编号", true)
			run(bad, "可录入1位，以前已录入0位，不能录入4行", true, "--owner", "甲=B")
			run(example, "新录入5位，以前已录入0位，不能录入0行", false)
			run(example, "新录入0位，以前已录入5位，不能录入0行", false)
			run(bad, "新录入1位，以前已录入0位，不能录入4行", true, "--owner", "甲=B", "--skip-refused")
			run(bad, "第5行：客户归属人不在本售楼处", true, "--owner", "甲=B")
		})
	}
}

// TestImportStopped: an import that was stopped in the middle is finished by the same command.
func TestImportStopped(t *testing.T) {
	t.Parallel()
	_, args := importOffice(t, "sqlite:"+filepath.Join(t.TempDir(), "lunpai.db"))
	file := filepath.Join(t.TempDir(), "many.csv")
	var b strings.Builder
	b.WriteString("电话\t状态\n")
	const many = 1200
	for i := range many {
		fmt.Fprintf(&b, "1390000%04d\t已登记\n", i)
	}
	writeFile(t, file, b.String())
	ctx, stop := context.WithCancel(t.Context())
	var out bytes.Buffer
	w := outside(&out, &out)
	clock := time.Now()
	w.Now = func() time.Time { // every look at the clock is a second later: each line is drawn
		clock = clock.Add(time.Second)
		return clock
	}
	w.Stderr = onText{"正在录入", stop}
	args = append([]string{"import", file}, args...)
	if err := w.run(ctx, args); err == nil || !strings.Contains(err.Error(), "same command again") {
		t.Fatalf("stopped: %v, %s", err, out.String())
	}
	said, err := command(t, args...)
	if err != nil || !strings.Contains(said, "不能录入0行") ||
		strings.Contains(said, "以前已录入0位") || strings.Contains(said, "新录入0位") {
		t.Errorf("the rest: %v, %s", err, said)
	}
}

// onText calls a function when a text is written.
type onText struct {
	text string
	call func()
}

func (o onText) Write(p []byte) (int, error) {
	if strings.Contains(string(p), o.text) {
		o.call()
	}
	return len(p), nil
}

// TestTables: files as spreadsheets write them, and those that are none.
func TestTables(t *testing.T) {
	t.Parallel()
	const text = "编号,姓名,电话,置业顾问,状态,最近联系日期,备注\r\n" +
		"7,张伟,'138 0013 8001,A,已交定金,2024/3/1 10:30,\"一,\"\"二\"\"\r\n三\"\r\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{
		"utf-8": text, "bom": "\ufeff" + text, "gb18030": gb,
		"lines": strings.ReplaceAll(text, "\r\n", "\n"),
		"semicolons": strings.NewReplacer("编号,姓名,电话,置业顾问,状态,最近联系日期,备注",
			"No;Name;Phone;Owner;Status;Last_contact;Remark", "7,张伟,", "7;张伟;",
			",A,已交定金,", ";A;deposit;", "10:30,", "10:30;").Replace(text),
	} {
		file := filepath.Join(t.TempDir(), "table.csv")
		writeFile(t, file, raw)
		got, err := readTable(file, explain.En, nil)
		if err != nil || len(got.rows) != 1 {
			t.Errorf("%s: %v, %+v", name, err, got)
			continue
		}
		r := got.rows[0]
		if r.Line != 2 || r.Number != "7" || r.Name != "张伟" || r.Phone != "138 0013 8001" ||
			r.Owner != "A" || r.Status != workflow.StatusDeposit ||
			r.LastContactOn != "2024-03-01" || r.Remark != "一,\"二\"\n三" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for raw, want := range map[string]string{
		"":                     "empty",
		"phone\n":              "no lines",
		"张三,13800138000\n":     "first line must name",
		"phone,hobby\n1,2\n":   "no column “hobby”",
		"phone,mobile\n1,2\n":  "twice",
		"name,status\n1,2\n":   "neither a column phone",
		"phone\n\"1380\"013\n": "line 2: a quotation mark",
		"PK\x03\x04zip":        "Save as",
		"\xff\xfep\x00h\x00":   "Save as",
		"phone\n\xff\xff\n":    "Save as",
	} {
		file := filepath.Join(t.TempDir(), "table.csv")
		writeFile(t, file, raw)
		_, err := readTable(file, explain.En, nil)
		if err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "138") {
			t.Errorf("%q: %v, want %q", raw, err, want)
		}
	}
	for cells, want := range map[string]string{
		"x,,,,\n":                     "line 2: phone: not a phone number",
		"13800138000,x y,,,\n":        "line 2: owner: not the id",
		"13800138000,,never,,\n":      "line 2: status: no such status",
		"13800138000,,,3/1/2024,\n":   "line 2: last_contact: not a day",
		"13800138000,,,2024-02-30,\n": "line 2: last_contact: not a day",
		"13800138000,,,,,x\n":         "line 2: column 6: a cell without a name",
		",A,,,\n":                     "line 2: neither a number nor a phone",
		"13800138000,,,," + strings.Repeat("长", 2001) + "\n": "longer than 2000",
	} {
		file := filepath.Join(t.TempDir(), "table.csv")
		writeFile(t, file, "phone,owner,status,last_contact,remark\n"+cells)
		got, err := readTable(file, explain.En, nil)
		if err != nil || len(got.refused) != 1 {
			t.Errorf("%q: %v, %+v", cells, err, got)
			continue
		}
		if why := fmt.Sprintf("line %d: %s", got.refused[0].line, got.refused[0].why); !strings.
			HasPrefix(why, want) && !strings.Contains(why, want) {
			t.Errorf("%q: %s, want %s", cells, why, want)
		}
	}
}

// TestExampleIsNamed: the pages name the example that TestImport imports.
func TestExampleIsNamed(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"docs/operations.md", "README.md", "README.zh-CN.md"} {
		text, err := os.ReadFile(page)
		if err != nil || !strings.Contains(string(text), "customers.csv") {
			t.Errorf("%s does not name %s: %v", page, example, err)
		}
	}
}
