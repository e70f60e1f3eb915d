package api

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
)

// TestDocsPolicy: the page runs what stands in it and what this server sends, and nothing that
// somebody else gets into it.
func TestDocsPolicy(t *testing.T) {
	o := newOffice(t, setup{bare: true})
	page := o.must(200, o.do("", "GET", "/docs", nil))
	policy := page.header.Get("Content-Security-Policy")
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'self'") ||
		!strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("the policy is %s", policy)
	}
	directives := map[string]string{}
	for d := range strings.SplitSeq(policy, ";") {
		name, sources, _ := strings.Cut(strings.TrimSpace(d), " ")
		directives[name] = sources
	}
	found := 0
	inPage := regexp.MustCompile(`(?s)<(script|style)([^>]*)>(.*?)</(script|style)>`)
	for _, m := range inPage.FindAllStringSubmatch(page.raw, -1) {
		if strings.Contains(m[2], "src=") {
			continue
		}
		found++
		sum := sha256.Sum256([]byte(m[3]))
		if !strings.Contains(directives[m[1]+"-src"],
			"'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("a %s of the page would not be allowed: %.80s", m[1], m[3])
		}
	}
	if found == 0 {
		t.Error("the page holds no script")
	}
	if regexp.MustCompile(`(?i)\son[a-z]+=|\sstyle=|javascript:`).MatchString(page.raw) {
		t.Error("the page has handlers or styles in attributes, which no hash allows")
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.raw,
		-1) {
		if a := o.do("", "GET", m[1], nil); a.status != 200 ||
			a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d", m[1], a.status)
		}
	}
	o.must(405, o.do("", "POST", "/docs", nil))
	o.must(404, o.do("", "GET", "/docs/nothing", nil))
}
