package api

import (
	"strings"
	"testing"
)

// texts are the sentences of the facts in a list of an answer; "-" for a fact without one.
func texts(a *answer, path ...any) (out []string) {
	l, _ := a.at(path...).([]any)
	for i := range l {
		f, _ := l[i].(map[string]any)
		text, _ := f["text"].(string)
		if text == "" {
			text = "-"
		}
		out = append(out, text)
	}
	return out
}

// TestFactsSpeak: every answer that holds facts says them, in the language of the request, if asked
// to, and only then.
func TestFactsSpeak(t *testing.T) {
	o := newOffice(t, setup{})
	path := "/v1/sites/s/visits"
	body := map[string]any{"identify": map[string]any{"kind": "new"}, "assign": true}
	const byOrder = "按轮排（制度一第6条）"
	says := func(what string, said []string, want string) {
		t.Helper()
		if len(said) == 0 || strings.Contains(strings.Join(said, "\n"), "\n-") || said[0] == "-" ||
			!strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("%s: %q does not say %q", what, said, want)
		}
	}
	zh := []string{"Accept-Language", "zh"}
	dry := o.must(200, o.do("desk", "POST", path+"?dry_run=true&explain=true", body, zh...))
	says("dry run", texts(dry, "facts"), byOrder)
	done := o.must(201, o.do("desk", "POST", path+"?explain=true", body, append(zh,
		"Idempotency-Key", "one")...))
	says("answer", texts(done, "facts"), byOrder)
	again := o.must(201, o.do("desk", "POST", path+"?explain=true", body, "Idempotency-Key", "one"))
	says("replay in English", texts(again, "facts"), "by the order (policy 1, art. 6)")
	plain := o.must(201, o.do("desk", "POST", path, body, "Idempotency-Key", "one"))
	for _, f := range texts(plain, "facts") {
		if f != "-" {
			t.Errorf("nobody asked for %q", f)
		}
	}

	id := done.str("visit", "id")
	history := o.must(200, o.do("desk", "GET", path+"/"+id+"/history?explain=true", nil, zh...))
	says("history", texts(history, "commits", 0, "facts"), byOrder)
	for _, who := range []string{"M", "A"} {
		a := o.must(200, o.do(who, "GET", "/v1/sites/s/commits?after=1&explain=true", nil, zh...))
		says("journal for "+who, texts(a, "commits", 0, "facts"), byOrder)
	}
	if n := len(texts(o.must(200, o.do("desk", "GET", "/v1/articles", nil)), "articles")); n == 0 {
		t.Error("no articles")
	}
	for _, bad := range []string{"?explain=", "?explain=yes", "?explain=true&explain=true"} {
		o.must(400, o.do("desk", "GET", "/v1/sites/s/commits"+bad, nil))
	}
}

// TestStreamSpeaks: a stream says its facts too, in each reader's language.
func TestStreamSpeaks(t *testing.T) {
	o := newOffice(t, setup{})
	url := o.listen()
	said, stop := o.stream(url, "desk", "1", "?explain=true")
	defer stop()
	plain, stopPlain := o.stream(url, "desk", "1")
	defer stopPlain()
	own, stopOwn := o.stream(url, "A", "1", "?explain=true")
	defer stopOwn()
	next := func(events <-chan event) event {
		for {
			if e := o.next(events); !e.comment {
				return e
			}
		}
	}
	o.arrive("assigned", nil) // A's
	for who, want := range map[string]string{"desk": "by the order", "A": "by the order"} {
		events := map[string]<-chan event{"desk": said, "A": own}[who]
		text := ""
		for _, f := range next(events).Entry.Facts {
			text += f.Text + "\n"
		}
		if !strings.Contains(text, want) {
			t.Errorf("the stream of %s says %q", who, text)
		}
	}
	if f := next(plain).Entry.Facts; len(f) == 0 || f[0].Text != "" {
		t.Errorf("nobody asked for %+v", f)
	}
}
