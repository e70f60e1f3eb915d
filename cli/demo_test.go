package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestDemo plays the morning in both languages. With --once nothing goes on, and nothing says that
// it does.
func TestDemo(t *testing.T) {
	t.Parallel()
	wanted := map[string][]string{
		"en": {
			"that is withdrawn", "asked about flats after all", "Visit V09 counts for",
			"Ticket T03 goes from Zhao to Zhou", "Refused: Ticket T02 was solved first",
			"The customer of ticket T01 had to get in touch again",
			"top management (policy 3, item 7)", "The agenda at noon",
			"Lin: Call the customer of project tower-2", "Zhou: Ticket T03 is yours",
		},
		"zh": {
			"撤回安排", "后来还是问了房", "来访 V09 计入", "事项 T03 由赵移交给分管 engineering 的周",
			"不行：事项 T02 先处理了", "事项 T01 的客户不得不再次来电来访",
			"转达公司高层（制度三第7条）", "中午的待办", "林：项目 tower-2 该回访了", "周：事项 T03 待你办理",
		},
	}
	for lang, goesOn := range map[string]string{"en": "goes on", "zh": "继续"} {
		out, err := command(t, "demo", "--once", "--lang", lang, "--listen", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("%s: %v\n%s", lang, err, out)
		}
		if n := strings.Count(out, "V"); n < 40 {
			t.Errorf("%s: only %d visits are spoken of\n%s", lang, n, out)
		}
		for _, want := range wanted[lang] {
			if !strings.Contains(out, want) {
				t.Errorf("%s: the morning does not say %q\n%s", lang, want, out)
			}
		}
		for _, wrong := range []string{"%!", "{", "curl", "lp_", goesOn} {
			if strings.Contains(out, wrong) {
				t.Errorf("%s: the morning says %q\n%s", lang, wrong, out)
			}
		}
	}
}

// TestDemoCommands pastes what the demo prints into a shell, whatever time it is: by the machine's
// clock it is three at night at the site, on the Sunday after the Saturday that is played and on a
// Saturday.
func TestDemoCommands(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("SKIPPED: curl is not installed, so the printed commands were not run")
	}
	for _, night := range []string{"2026-03-08T03:00:00+08:00", "2026-03-07T03:00:00+08:00"} {
		t.Run(night, func(t *testing.T) {
			t.Parallel()
			three, err := time.Parse(time.RFC3339, night)
			if err != nil {
				t.Fatal(err)
			}
			script, end := demoAt(t, three)
			// A key of each role is one that the service knows.
			script += `
for key in $DESK $KIOSK $CONSULTANT $EMPLOYEE $LEADER $SUPERVISOR $MANAGER $ANALYST $ADMIN; do
	curl -sS -o /dev/null -w 'status=%{http_code}\n' -H "Authorization: Bearer $key" "$SITE/rota"
done
`
			out, err := exec.CommandContext(t.Context(), "sh", "-ec", script).CombinedOutput()
			for _, want := range []string{
				`"state":"assigned"`, `"next":`, "\nli,", "status=200",
				`"what":"follow_up","record":"tower-2"`,
			} {
				if err != nil || !strings.Contains(string(out), want) {
					t.Errorf("%v: no %q\n%s\n%s", err, want, script, out)
				}
			}
			if n := strings.Count(string(out), "status="); n != strings.Count(script, "=lp_") ||
				strings.Contains(string(out), "status=401") {
				t.Errorf("%d keys were tried, or one is none\n%s", n, out)
			}
			if err := end(); err != nil {
				t.Error(err)
			}
		})
	}
}

// demoAt plays the demo on a machine whose clock starts at a time, and returns the lines that are
// to be pasted.
func demoAt(t *testing.T, at time.Time) (script string, end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, stdout := io.Pipe()
	done := make(chan error, 1)
	begun := time.Now()
	w := outside(stdout, io.Discard)
	w.Now = func() time.Time { return at.Add(time.Since(begun)) }
	go func() {
		err := w.run(ctx, []string{"demo", "--lang", "en", "--listen", "127.0.0.1:0"})
		_ = stdout.CloseWithError(io.EOF)
		done <- err
	}()
	var b strings.Builder
	lines := bufio.NewScanner(r)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Ctrl-C") {
		if strings.HasPrefix(lines.Text(), "SITE=") || b.Len() > 0 {
			b.WriteString(lines.Text() + "\n")
		}
	}
	return b.String(), func() error {
		cancel()
		go func() { _, _ = io.Copy(io.Discard, r) }()
		return <-done
	}
}

// TestDemoStopped: whoever has seen enough presses Ctrl-C, and that is no error.
func TestDemoStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	tell := io.MultiWriter(&out, onWrite(func() {
		if bytes.Contains(out.Bytes(), []byte("V02")) {
			cancel()
		}
	}))
	err := outside(tell, io.Discard).run(ctx,
		[]string{"demo", "--lang", "en", "--listen", "127.0.0.1:0"})
	if err != nil || strings.Contains(out.String(), "V38") {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestDemoPace(t *testing.T) {
	t.Parallel()
	speed := func(v float64) *float64 { return &v }
	for _, c := range []struct {
		flags    demoCmd
		terminal bool
		want     time.Duration
	}{
		{demoCmd{}, true, time.Second},
		{demoCmd{}, false, 0},
		{demoCmd{Fast: true}, true, 0},
		{demoCmd{Speed: speed(0)}, true, 0},
		{demoCmd{Speed: speed(4)}, false, time.Second / 4},
	} {
		if got, err := c.flags.pause(c.terminal); err != nil || got != c.want {
			t.Errorf("%+v: %v, %v, want %v", c, got, err, c.want)
		}
	}
	for _, wrong := range []demoCmd{
		{Speed: speed(-1)},
		{Speed: speed(1e9)},
		{Speed: speed(1), Fast: true},
	} {
		if _, err := wrong.pause(true); err == nil {
			t.Errorf("%+v was taken", wrong)
		}
	}
}
