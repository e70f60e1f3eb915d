package cli

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// ask sends a request to a service and returns status and body.
func ask(t *testing.T, method, url, token, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var a map[string]any
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, a
}

// TestKeys: a lost administrator key is replaced, ended and listed with the store at rest, as a
// user types it.
func TestKeys(t *testing.T) {
	t.Parallel()
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			keyring := filepath.Join(t.TempDir(), "keys.json")
			typed := func(args ...string) string {
				t.Helper()
				args = append(append([]string{"keys"}, args...), "--store", store)
				out, err := command(t, args...)
				if err != nil {
					t.Fatalf("keys %v: %v\n%s", args, err, out)
				}
				return out
			}
			s := start(t, "--store", store, "--keys", keyring)
			status, a := ask(t, "POST", s.base+"/v1/sites", s.admin,
				`{"id":"riverside","staff":[{"id":"chen","role":"manager"}]}`)
			if status != 201 {
				t.Fatalf("%d %v", status, a)
			}
			key := a["keys"].([]any)[0].(map[string]any)
			manager, managerID := key["token"].(string), key["id"].(string)
			if err := s.stop(); err != nil {
				t.Fatal(err)
			}

			out := typed("new-administrator", "--label", "night shift")
			second := regexp.MustCompile(`lp_\S+`).FindString(out)
			id := strings.Split(second, "_")[1]
			if !strings.Contains(out, "administrator key made") ||
				!strings.Contains(out, "by=operator") {
				t.Errorf("the log says nothing of it: %s", out)
			}
			out = typed("revoke", "bootstrap")
			if !strings.Contains(out, "is revoked") || strings.Contains(out, "no administrator") {
				t.Error(out)
			}
			if out := typed("revoke", managerID); !strings.Contains(out, managerID+" is revoked") {
				t.Error(out)
			}
			out = typed("list")
			for _, want := range []string{
				"night shift", "revoked", managerID, id, "riverside",
				"chen", "front desk", "operator",
			} {
				if !strings.Contains(out, want) {
					t.Errorf("the list lacks %q:\n%s", want, out)
				}
			}
			var list struct {
				Keys []struct {
					ID        string `json:"id"`
					RevokedBy string `json:"revoked_by"`
				} `json:"keys"`
			}
			out = typed("list", "--json", "--site", "riverside")
			if err := json.Unmarshal([]byte(out), &list); err != nil || len(list.Keys) != 2 {
				t.Errorf("%+v, %v", list, err)
			}
			for _, k := range list.Keys {
				if (k.ID == managerID) != (k.RevokedBy == "operator") {
					t.Errorf("%+v", k)
				}
			}

			s = start(t, "--store", store, "--keys", keyring)
			if s.admin != "" {
				t.Error("the start after it shows another first key")
			}
			for token, want := range map[string]int{second: 200, manager: 401} {
				status, a := ask(t, "GET", s.base+"/v1/sites/riverside", token, "")
				if status != want {
					t.Errorf("%d %v, want %d", status, a, want)
				}
			}
			if err := s.stop(); err != nil {
				t.Fatal(err)
			}
			if out := typed("revoke", id); !strings.Contains(out, "new-administrator") {
				t.Errorf("the last administrator key goes without a word: %s", out)
			}
			if out, err := command(t, "verify", "--store", store); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestKeysWrong(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.db")
	store := "sqlite:" + filepath.Join(t.TempDir(), "lunpai.db")
	s := start(t, "--store", store)
	for args, cure := range map[string]string{
		"keys list --store sqlite:" + empty:              "--store",
		"keys new-administrator --store sqlite:" + empty: "--store",
		"keys revoke x --store sqlite:" + empty:          "--store",
		"keys revoke none --store " + store:              "stop that process",
		"keys new-administrator --store " + store:        "stop that process",
		"keys revoke lp_bootstrap_xyz --store " + store:  "by its id",
		"keys list --site nowhere --store " + store:      "nowhere",
		"keys":                           "new-administrator",
		"keys revoke":                    "--help",
		"keys list --store nonsense":     "sqlite:lunpai.db",
		"keys new-administrator --store": "--help",
	} {
		out, err := command(t, strings.Fields(args)...)
		if err == nil || !strings.Contains(err.Error()+out, cure) {
			t.Errorf("%s: %v, want a cure that names %q\n%s", args, err, cure, out)
		}
	}
	if out, err := command(t, "keys", "list", "--store", store); err != nil ||
		!strings.Contains(out, "bootstrap") {
		t.Errorf("a list while the store is served: %v\n%s", err, out)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if out, err := command(t, "keys", "revoke", "none", "--store", store); err == nil ||
		!strings.Contains(err.Error(), "keys list") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := os.Stat(empty); err == nil {
		t.Error("a file was made where there was none")
	}
	for _, sub := range []string{"list", "new-administrator", "revoke"} {
		if out, err := command(t, "keys", sub, "--help"); err != nil ||
			!strings.Contains(out, "Examples") {
			t.Errorf("keys %s --help: %v\n%s", sub, err, out)
		}
	}
}

// TestTakenPort: where the address is taken the first start makes no key and leaves no file.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	store := "sqlite:" + filepath.Join(folder, "lunpai.db")
	for _, args := range [][]string{{"serve", "--store", store}, {"demo"}} {
		out, err := command(t, append(args, "--listen", l.Addr().String())...)
		if err == nil || !strings.Contains(err.Error(), "--listen") ||
			strings.Contains(out, "lp_") {
			t.Errorf("%s: %v\n%s", args[0], err, out)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := start(t, "--store", store)
	if s.admin == "" {
		t.Error("the key was swallowed")
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}
