package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"
)

// captured keeps what a handler writes.
type captured struct {
	bytes.Buffer
	header http.Header
}

// Header implements http.ResponseWriter.
func (c *captured) Header() http.Header { return c.header }

// WriteHeader implements http.ResponseWriter.
func (*captured) WriteHeader(int) {}

// inline matches the scripts and styles inside a page.
var inline = regexp.MustCompile(`(?s)<(script|style)>(.*?)</(?:script|style)>`)

// mountDocs serves the contract as a page. The page never changes, so its policy can name its
// scripts by their hashes, and no script that somebody injects runs.
func (a *API) mountDocs() error {
	docs := v5emb.New("lunpai", "/openapi.yaml", "/docs")
	page := &captured{header: http.Header{}}
	r, err := http.NewRequest(http.MethodGet, "/docs", nil) //nolint:noctx // nothing is sent
	if err != nil {
		return err
	}
	docs.ServeHTTP(page, r)
	policy := docsPolicy(page.Bytes())
	a.echo.Match([]string{http.MethodGet, http.MethodHead}, "/docs", func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", policy)
		return c.HTMLBlob(http.StatusOK, page.Bytes())
	})
	a.echo.Match([]string{http.MethodGet, http.MethodHead}, "/docs/*", func(c echo.Context) error {
		docs.ServeHTTP(c.Response(), c.Request())
		return nil
	})
	return nil
}

// docsPolicy is the content security policy of a page: resources from this server, and the scripts
// and styles in the page itself.
func docsPolicy(page []byte) string {
	allowed := map[string]string{}
	for _, m := range inline.FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(m[2])
		allowed[string(m[1])] += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return fmt.Sprintf("default-src 'self'; script-src 'self'%s; style-src 'self'%s; "+
		"img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		allowed["script"], allowed["style"])
}
