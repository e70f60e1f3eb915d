package scenario

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/url"
	"reflect"
	"strings"

	"github.com/lunpai/lunpai/workflow"
)

// request is a command in the form the API takes.
type request struct {
	method, path string
	body         map[string]any
}

// request translates a command; the labels in it become the service's ids.
func (r *Remote) request(cmd workflow.Command) (request, error) {
	v, ok := requests[reflect.TypeOf(cmd)]
	if !ok {
		return request{}, fmt.Errorf("command %s has no request", cmd.About().Kind)
	}
	return v.request(r, cmd)
}

// members are those of a command by name, with the service's ids, without what is empty.
func (r *Remote) members(cmd workflow.Command) (map[string]any, error) {
	text, err := json.Marshal(cmd)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmd.About().Kind, err)
	}
	sent := reflect.New(reflect.TypeOf(cmd).Elem())
	if err := json.Unmarshal(text, sent.Interface()); err != nil {
		return nil, fmt.Errorf("%s: %w", cmd.About().Kind, err)
	}
	r.translateIDs(sent.Elem())
	var m map[string]any
	if text, err = json.Marshal(sent.Interface()); err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmd.About().Kind, err)
	}
	leaveOutEmpty(m)
	return m, nil
}

// translateIDs replaces labels by the service's ids, by the type of the member.
func (r *Remote) translateIDs(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // commands hold nothing else
	case reflect.Pointer:
		if !v.IsNil() {
			r.translateIDs(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				r.translateIDs(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			r.translateIDs(v.Index(i))
		}
	case reflect.String:
		switch label := v.Interface().(type) {
		case workflow.VisitID:
			v.SetString(id(r.visits, label))
		case workflow.CustomerID:
			v.SetString(id(r.customers, label))
		case workflow.RecordID:
			v.SetString(id(r.records, label))
		}
	}
}

// leaveOutEmpty removes empty texts, zeros and nulls, which mean the same as a missing member.
func leaveOutEmpty(m map[string]any) {
	for k, v := range m {
		switch v := v.(type) {
		case nil:
			delete(m, k)
		case string:
			if v == "" {
				delete(m, k)
			}
		case float64:
			if v == 0 {
				delete(m, k)
			}
		case map[string]any:
			leaveOutEmpty(v)
		case []any:
			for _, item := range v {
				if o, ok := item.(map[string]any); ok {
					leaveOutEmpty(o)
				}
			}
		}
	}
}

// fillPath puts members into the placeholders of an address; they leave the body.
func fillPath(path string, body map[string]any) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			parts[i] = url.PathEscape(fmt.Sprint(body[name]))
			delete(body, name)
		}
	}
	return strings.Join(parts, "/")
}

// id is the service's id of what the scenario labels; an unknown label is sent as it is, and
// refused.
func id[L ~string](m map[string]string, label L) string {
	if i, ok := m[string(label)]; ok {
		return i
	}
	return string(label)
}

// phone is a number unique to this label.
func phone(label string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(label)) // a hash never fails
	return fmt.Sprintf("139%08d", h.Sum32()%100_000_000)
}
