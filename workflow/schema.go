package workflow

import _ "embed" // schema.json

// RecordSchema describes every record: a JSON schema whose properties are the collections. It is
// drawn from the types of this package and their comments.
//
//go:embed schema.json
var RecordSchema []byte
