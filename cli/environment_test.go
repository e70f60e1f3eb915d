package cli

import (
	"bytes"
	"strings"
	"testing"
)

// TestEnvironment: flags come from the World's environment, never from the process's. What is typed
// wins, and a variable that cannot be read is named.
func TestEnvironment(t *testing.T) {
	t.Setenv("LUNPAI_STORE", "sqlite:process.db")
	for _, c := range []struct{ variable, value, args, want string }{
		{"LUNPAI_STORE", "sqlite:of-the-world.db", "verify", "no file of-the-world.db"},
		{
			"LUNPAI_STORE", "sqlite:of-the-world.db", "verify --store sqlite:typed.db",
			"no file typed.db",
		},
		{"LUNPAI_STORE", "", "verify", "--store is neither"},
		{"A", "b", "verify", "no file lunpai.db"},
		{"LUNPAI_KIOSK_GAP", "soon", "serve", `--kiosk-gap: expected duration but got "soon"`},
		{"LUNPAI_KIOSK_GAP", "soon", "serve", `(from envar LUNPAI_KIOSK_GAP="soon")`},
		{"LUNPAI_KIOSK_GAP", "-1s", "serve", "--kiosk-gap must not be negative"},
		{"LUNPAI_CLOCK", "sundial", "serve", `--clock must be one of "system","manual"`},
		{"LUNPAI_URL", "http://" + nobody, "play " + order, "--key"},
		{"LUNPAI_STORE", "x", "verify --help", "($LUNPAI_STORE)"},
	} {
		var out bytes.Buffer
		w := outside(&out, &out)
		w.Env = func(name string) (string, bool) { return c.value, name == c.variable }
		if err := w.run(t.Context(), strings.Fields(c.args)); err != nil {
			out.WriteString(err.Error())
		}
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%s=%s %s: no %q\n%s", c.variable, c.value, c.args, c.want, &out)
		}
	}
}

// TestRun: the exit code, and what goes where.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args            string
		code            int
		stdout, stderr  string
		nothingOnStderr bool
	}{
		{args: "version", code: 0, stdout: "lunpai v9.9.9", nothingOnStderr: true},
		{args: "verify --store x", code: 1, stderr: "lunpai: --store is neither"},
		{args: "play -", code: 1, stdout: "0 passed, 1 failed, 0 skipped", nothingOnStderr: true},
	} {
		var out, errs bytes.Buffer
		w := outside(&out, &errs)
		w.Version = "v9.9.9"
		w.Stdin = strings.NewReader(wrong)
		if code := Run(t.Context(), strings.Fields(c.args), *w); code != c.code {
			t.Errorf("%s: exit code %d, want %d", c.args, code, c.code)
		}
		if !strings.Contains(out.String(), c.stdout) ||
			!strings.Contains(errs.String(), c.stderr) ||
			c.nothingOnStderr && errs.Len() > 0 {
			t.Errorf("%s: stdout %q, stderr %q", c.args, &out, &errs)
		}
	}
}
