package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/lunpai/lunpai/workflow"
)

// checkAddress refuses an address that is not written in its one plain form: no empty part, no dot
// segment, no slash at the end, and no slash inside a part, however it is escaped. A proxy in front
// of the service might read another address out of anything else, and a client whose variable was
// empty meant another one.
func checkAddress(u *url.URL) *Problem {
	rest, ok := strings.CutPrefix(u.EscapedPath(), "/")
	if !ok {
		return oddAddress("not_found/no_slash")
	}
	if rest == "" {
		return nil
	}
	for part := range strings.SplitSeq(rest, "/") {
		text, err := url.PathUnescape(part)
		switch {
		case err != nil:
			return oddAddress("not_found/bad_escape")
		case text == "":
			return oddAddress("not_found/empty_part")
		case text == "." || text == "..":
			return oddAddress("not_found/dot_part")
		case strings.Contains(text, "/"):
			return oddAddress("not_found/slash_part")
		case !utf8.ValidString(text) || workflow.HoldsControls(text):
			return oddAddress("not_found/not_text")
		}
	}
	return nil
}

func oddAddress(why string) *Problem { return problem(http.StatusNotFound, why) }

// parameters decodes the values in the address that the router left as they were sent: a client may
// escape more than it must. A value is never empty, and always something that could be an id.
func parameters(ec echo.Context) error {
	values := slices.Clone(ec.ParamValues())
	for i, v := range values {
		if ec.Request().URL.RawPath != "" {
			text, err := url.PathUnescape(v)
			if err != nil {
				return missing("address")
			}
			values[i] = text
		}
		if !workflow.ValidID(values[i]) {
			return missing(ec.ParamNames()[i])
		}
	}
	ec.SetParamValues(values...)
	return nil
}
