package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Outline is a commit of a stored page whose text was cut into parts but not decoded: most readers
// of a journal want a few commits of many, and no images.
type Outline struct {
	Seq    int64
	Images []Image // their Doc is a piece of the page's text
	head   []byte  // the commit without its images
	fields map[string]json.RawMessage
}

// Field is the text of a field of the commit, by its name in JSON.
func (o *Outline) Field(name string) json.RawMessage { return o.fields[name] }

// Commit decodes the commit, without its images.
func (o *Outline) Commit() (*Commit, error) {
	var c Commit
	if err := json.Unmarshal(o.head, &c); err != nil {
		return nil, fmt.Errorf("commit %d: %w", o.Seq, err)
	}
	return &c, nil
}

// Concerned are the members of staff whom a commit is about: who gave the command, whom its facts
// name, whose visits and customers it changed. maybe, when not nil, says whether a text can hold
// somebody who is looked for; other texts are not decoded.
func (o *Outline) Concerned(maybe func(text []byte) bool) ([]StaffID, error) {
	var who []StaffID
	if maybe == nil || maybe(o.head) {
		c, err := o.Commit()
		if err != nil {
			return nil, err
		}
		who = append(who, c.By.Staff)
		for _, f := range c.Facts {
			who = append(who, StaffID(f.Subject))
		}
	}
	for _, i := range o.Images {
		if (i.Collection == Visits || i.Collection == Customers) && (maybe == nil || maybe(i.Doc)) {
			whose, err := whose(i)
			if err != nil {
				return nil, fmt.Errorf("commit %d: %w", o.Seq, err)
			}
			who = append(who, whose...)
		}
	}
	return who, nil
}

// Of are the members of staff to whom a visit or a customer that the commit changed belongs.
func (o *Outline) Of(ref Ref) ([]StaffID, error) {
	for _, i := range o.Images {
		if i.Ref == ref && (i.Collection == Visits || i.Collection == Customers) {
			return whose(i)
		}
	}
	return nil, nil
}

// MayConcern reports whether the text of a page can hold a commit that is about somebody
// (Concerned), given his id as it stands in JSON. It looks at the text alone: in canonical text an
// id that concerns somebody follows one of a few names. Most commits name everybody on the line in
// the image of the rota, and are about none of them.
func MayConcern(text, id []byte) bool {
	assists := bytes.Contains(text, []byte(`"assistants":[`))
	for rest := text; ; {
		i := bytes.Index(rest, id)
		if i < 0 {
			return false
		}
		before := rest[:i]
		for _, name := range concerning {
			if bytes.HasSuffix(before, name) {
				return true
			}
		}
		if assists && i > 0 && (before[i-1] == '[' || before[i-1] == ',') { // an item of a list
			return true
		}
		rest = rest[i+1:]
	}
}

// concerning are the names in front of an id that is concerned: of the actor, a fact, a visit and a
// customer.
var concerning = [][]byte{
	[]byte(`"staff":`), []byte(`"subject":`), []byte(`"server":`), []byte(`"principal":`),
	[]byte(`"owner":`),
}

// whose are the members of staff to whom a visit or a customer belongs, read from its image alone.
func whose(i Image) ([]StaffID, error) {
	var r struct {
		Server     StaffID   `json:"server"`
		Principal  StaffID   `json:"principal"`
		Assistants []StaffID `json:"assistants"`
		Owner      StaffID   `json:"owner"`
	}
	if err := json.Unmarshal(i.Doc, &r); err != nil {
		return nil, fmt.Errorf("%s %s: %w", i.Collection, i.ID, err)
	}
	if i.Collection == Customers {
		return []StaffID{r.Owner}, nil
	}
	return append(r.Assistants, r.Server, r.Principal), nil
}

// Outlines cuts the text of a page's commits into outlines. What the parts hold is checked when
// they are decoded.
func Outlines(text []byte) ([]*Outline, error) {
	var out []*Outline
	k := newCutter(text)
	err := k.items(func() error {
		o, err := k.outline()
		out = append(out, o)
		return err
	})
	if err == nil {
		if _, end := k.ReadToken(); !errors.Is(end, io.EOF) {
			err = errors.New("something stands behind the commits")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("page text at byte %d: %w", k.InputOffset(), err)
	}
	return out, nil
}

// cutter finds where the values in a JSON text begin and end. The values it hands out are pieces of
// that text.
type cutter struct {
	*jsontext.Decoder
	text []byte
}

// newCutter trusts what the page's hash vouches for: this program wrote it.
func newCutter(text []byte) cutter {
	return cutter{jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true),
		jsontext.AllowInvalidUTF8(true)), text}
}

func (k cutter) outline() (*Outline, error) {
	o := &Outline{head: []byte{'{'}, fields: make(map[string]json.RawMessage, 10)}
	err := k.members(func(name []byte) error {
		if string(name) == `"images"` {
			return k.images(o)
		}
		v, err := k.value()
		if len(name) > 2 {
			o.fields[string(name[1:len(name)-1])] = v
		}
		if err == nil && string(name) == `"seq"` {
			o.Seq, err = strconv.ParseInt(string(v), 10, 64)
		}
		if len(o.head) > 1 {
			o.head = append(o.head, ',')
		}
		o.head = append(append(append(o.head, name...), ':'), v...)
		return err
	})
	o.head = append(o.head, '}')
	return o, err
}

func (k cutter) images(o *Outline) error {
	if k.PeekKind() == 'n' { // null
		return k.SkipValue()
	}
	return k.items(func() error {
		var i Image
		err := k.members(func(name []byte) error {
			v, err := k.value()
			if err != nil {
				return err
			}
			switch string(name) {
			case `"collection"`:
				return json.Unmarshal(v, &i.Collection)
			case `"id"`:
				return json.Unmarshal(v, &i.ID)
			case `"open"`:
				return json.Unmarshal(v, &i.Open)
			case `"doc"`:
				i.Doc = v
			}
			return nil
		})
		o.Images = append(o.Images, i)
		return err
	})
}

// members walks an object; f reads the value of each name, which it gets as it stands in the text.
func (k cutter) members(f func(name []byte) error) error {
	return k.within('{', func() error {
		name, err := k.value()
		if err != nil {
			return err
		}
		return f(name)
	})
}

// items walks an array; f reads one value.
func (k cutter) items(f func() error) error { return k.within('[', f) }

// within walks what stands between a bracket and its counterpart.
func (k cutter) within(open jsontext.Kind, f func() error) error {
	switch t, err := k.ReadToken(); {
	case err != nil:
		return err
	case t.Kind() != open:
		return fmt.Errorf("%v where %v was expected", t.Kind(), open)
	}
	for {
		if next := k.PeekKind(); next == '}' || next == ']' {
			_, err := k.ReadToken()
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
}

// value is the text of the value, or of the name, that comes next.
func (k cutter) value() ([]byte, error) {
	v, err := k.ReadValue()
	end := k.InputOffset()
	return k.text[end-int64(len(v)) : end : end], err
}
