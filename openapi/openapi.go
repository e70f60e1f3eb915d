// Package openapi carries the contract of the HTTP API. go test ./api -run TestContract -update
// draws it from the routes, the types and their comments.
package openapi

import (
	_ "embed" // the contract
	"strings"
)

// Version is raised whenever a promise of the contract changes.
const Version = "9"

// Text is the contract as it is served.
//
//go:embed openapi.yaml
var Text []byte

// Path turns a router's path into the contract's: /a/:b becomes /a/{b}.
func Path(route string) string {
	parts := strings.Split(route, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, ":") {
			parts[i] = "{" + p[1:] + "}"
		}
	}
	return strings.Join(parts, "/")
}
