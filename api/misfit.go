package api

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// patterns says in words what the patterns of the contract want.
var patterns = map[string]string{
	`^[0-9]{0,4}([a-z_]+[0-9]{0,4})*$`: "a code of a-z, 0-9 and _, with no more than four digits in a row, such as passing_by",
	`^([0-9]{2}:[0-9]{2})?$`:           "a time of day such as 09:30",
	`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`:     "a day such as 2024-03-04",
	`^P[12]-[0-9]{2}[a-c]?$`:           "an article such as P1-31 or P2-04a",
}

// misfit is what a body does that the contract does not allow: where, and what to send instead, in words. The value is not
// repeated: it may be anything.
func misfit(err error) *Problem {
	p := badRequest("invalid", "the body does not fit the contract", "correct the body as /docs describes it")
	var se *openapi3.SchemaError
	if !errors.As(err, &se) || se.Schema == nil {
		return p
	}
	for inner := (*openapi3.SchemaError)(nil); se.SchemaField != "oneOf" && errors.As(se.Origin, &inner) && inner != se && inner.Schema != nil; {
		se = inner
	}
	path := se.JSONPointer()
	detail, fix := "this does not fit the contract", "send "+wanted(se.Schema)
	switch se.SchemaField {
	case "required":
		var name string
		if name, path = missingMember(se, path); name == "" {
			return p
		}
		detail, fix = name+" is missing", "send "+name
		if s := se.Schema.Properties[name]; s != nil {
			fix += ", " + wanted(s.Value)
		}
	case "properties":
		detail, fix = unwanted(se)
	case "enum":
		detail, p.Allowed = "this is none of the words that are known here", words(se.Schema.Enum)
	case "pattern", "format":
		detail = "this is not written as it should be"
	case "type", "nullable", "oneOf":
		detail = "this is " + kindOf(se.Value) + ", which does not belong here"
		if se.Value == nil {
			fix += ", or leave it out"
		}
	default:
		if text, ok := misfits[se.SchemaField]; ok {
			detail = text
		}
	}
	at := ""
	if len(path) > 0 {
		at = "/" + strings.Join(path, "/")
	}
	p.Detail, p.Fix = "at "+where(at)+": "+detail, fix
	return p
}

// misfits are the details of those that say all in a few words.
var misfits = map[string]string{
	"minLength": "this text is too short", "maxLength": "this text is too long",
	"minItems": "this list has too few items", "maxItems": "this list has too many items",
	"minimum": "this number is too small", "exclusiveMinimum": "this number is too small",
	"maximum": "this number is too large", "exclusiveMaximum": "this number is too large",
	"minProperties": "this object has too few members", "maxProperties": "this object has too many members",
	"uniqueItems": "an item stands there twice",
}

// missingMember is the name of a member that is missing, and the path of the object.
func missingMember(se *openapi3.SchemaError, path []string) (string, []string) {
	m, _ := se.Value.(map[string]any)
	for _, name := range se.Schema.Required {
		if _, ok := m[name]; !ok {
			if n := len(path); n > 0 && path[n-1] == name {
				path = path[:n-1]
			}
			return name, path
		}
	}
	return "", path
}

// unwanted names a member that is not known, if it is a word, and those that are.
func unwanted(se *openapi3.SchemaError) (detail, fix string) {
	detail, fix = "a member is not known here", "leave it out"
	m, _ := se.Value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if se.Schema.Properties[name] == nil && plain(name) {
			detail = name + " is not known here"
			break
		}
	}
	if known := slices.Sorted(maps.Keys(se.Schema.Properties)); len(known) > 0 {
		fix += "; known are " + strings.Join(known, ", ")
	}
	return detail, fix
}

// kindOf names a value's kind, never the value.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case string:
		return "a text"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	case float64:
		if v != float64(int64(v)) {
			return "a fraction"
		}
	}
	return "a number"
}

// wanted says in words what a schema wants.
func wanted(s *openapi3.Schema) string {
	switch {
	case len(s.OneOf) > 0:
		alternatives := make([]string, len(s.OneOf))
		for i, alternative := range s.OneOf {
			alternatives[i] = wanted(alternative.Value)
		}
		return strings.Join(alternatives, ", or ")
	case len(s.Enum) == 1:
		return words(s.Enum)[0]
	case len(s.Enum) > 0:
		return "one of " + strings.Join(words(s.Enum), ", ")
	case s.Pattern != "" && patterns[s.Pattern] != "":
		return patterns[s.Pattern]
	case s.Format == "date-time":
		return "a time such as 2024-03-04T09:10:00+08:00"
	case s.Type.Is("boolean"):
		return "true or false"
	case s.Type.Is("integer"):
		return "a whole number" + numbers(s)
	case s.Type.Is("number"):
		return "a number" + numbers(s)
	case s.Type.Is("string"):
		return "a text" + between(s.MinLength, s.MaxLength, "characters")
	case s.Type.Is("array"):
		text := "a list" + between(s.MinItems, s.MaxItems, "items")
		if s.UniqueItems {
			text += ", none of them twice"
		}
		return text
	case s.Type.Is("object"):
		return "an object"
	}
	return "what /docs describes"
}

// between says how many there may be.
func between(least uint64, most *uint64, of string) string {
	switch {
	case most != nil && least > 0:
		return fmt.Sprintf(" of %d to %d %s", least, *most, of)
	case most != nil:
		return fmt.Sprintf(" of at most %d %s", *most, of)
	case least > 0:
		return fmt.Sprintf(" of at least %d %s", least, of)
	}
	return ""
}

// numbers says from where to where numbers go.
func numbers(s *openapi3.Schema) string {
	text := ""
	if s.Min != nil {
		text += " from " + strconv.FormatFloat(*s.Min, 'f', -1, 64)
	}
	if s.Max != nil {
		text += " up to " + strconv.FormatFloat(*s.Max, 'f', -1, 64)
	}
	return text
}

// words are the values of an enum as they stand in JSON, without their quotes.
func words(enum []any) []string {
	out := make([]string, len(enum))
	for i, w := range enum {
		out[i] = fmt.Sprint(w)
	}
	return out
}
