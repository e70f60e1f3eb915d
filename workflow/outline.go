package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Outline is a commit of a stored page whose text was cut into its parts and not decoded: most readers of a journal want a few
// commits of many, and none of their images.
type Outline struct {
	Seq    int64
	Images []Image // their Doc is a piece of the page's text
	head   []byte  // the commit without its images
}

// Commit decodes the commit, without its images.
func (o *Outline) Commit() (*Commit, error) {
	var c Commit
	if err := json.Unmarshal(o.head, &c); err != nil {
		return nil, fmt.Errorf("commit %d: %w", o.Seq, err)
	}
	return &c, nil
}

// Concerned are the members of staff whom a commit is about: who gave the command, whom its facts name, whose visits and whose
// customers it changed. maybe, when not nil, says of a text whether somebody who is looked for can stand in it; what it denies
// is not decoded.
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

// whose are the members of staff to whom a visit (Visit.Of) or a customer belongs, read out of its image alone.
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

// Outlines cuts the text of a page's commits into outlines.
func Outlines(text []byte) ([]*Outline, error) {
	var out []*Outline
	k := cutter{text: text}
	err := k.items('[', func() error {
		o, err := k.outline()
		out = append(out, o)
		return err
	})
	if err == nil && len(bytes.TrimSpace(text[k.at:])) > 0 {
		err = errCut
	}
	if err != nil {
		return nil, fmt.Errorf("page text at byte %d: %w", k.at, err)
	}
	return out, nil
}

// errCut: the text is no JSON. What a commit's parts hold is checked when they are decoded.
var errCut = errors.New("not the text of commits")

// cutter finds where the values in a JSON text begin and end.
type cutter struct {
	text []byte
	at   int
}

func (k *cutter) outline() (*Outline, error) {
	o, from := &Outline{}, k.at
	var cut, till int // the images, with the comma before or behind them
	err := k.members(func(name []byte, start int) (err error) {
		switch string(name) {
		case `"seq"`:
			var n []byte
			if n, err = k.value(); err == nil {
				o.Seq, err = strconv.ParseInt(string(n), 10, 64)
			}
		case `"images"`:
			cut = start
			err = k.images(o)
			till = k.at
		default:
			_, err = k.value()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if till == 0 {
		o.head = k.text[from:k.at]
		return o, nil
	}
	if before := bytes.TrimRight(k.text[from:cut], " \t\r\n"); bytes.HasSuffix(before, []byte{','}) {
		cut = from + len(before) - 1
	} else if rest := bytes.TrimLeft(k.text[till:], " \t\r\n"); bytes.HasPrefix(rest, []byte{','}) {
		till = len(k.text) - len(rest) + 1
	}
	o.head = append(append(make([]byte, 0, cut-from+k.at-till), k.text[from:cut]...), k.text[till:k.at]...)
	return o, nil
}

func (k *cutter) images(o *Outline) error {
	if k.next() == 'n' { // null
		_, err := k.value()
		return err
	}
	return k.items('[', func() error {
		var i Image
		err := k.members(func(name []byte, _ int) error {
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

// members goes through an object; f reads the value of each name, which begins at start.
func (k *cutter) members(f func(name []byte, start int) error) error {
	return k.items('{', func() error {
		start := k.at
		name, err := k.value()
		if err != nil {
			return err
		}
		if k.next() != ':' {
			return errCut
		}
		k.at++
		k.next()
		return f(name, start)
	})
}

// items goes through an array, or through the members of an object; f reads one of them.
func (k *cutter) items(open byte, f func() error) error {
	if k.next() != open {
		return errCut
	}
	k.at++
	if k.next() == open+2 { // ] or }
		k.at++
		return nil
	}
	for {
		k.next()
		if err := f(); err != nil {
			return err
		}
		c := k.next()
		k.at++
		switch c {
		case ',':
		case open + 2:
			return nil
		default:
			return errCut
		}
	}
}

// next skips blanks and looks at what follows; 0 at the end.
func (k *cutter) next() byte {
	for ; k.at < len(k.text); k.at++ {
		switch c := k.text[k.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// value is the text of the value that begins here.
func (k *cutter) value() ([]byte, error) {
	from := k.at
	for depth := 0; k.at < len(k.text); {
		switch k.text[k.at] {
		case '"':
			if !k.skipString() {
				return nil, errCut
			}
		case '{', '[':
			depth++
			k.at++
		case '}', ']':
			if depth--; depth < 0 {
				return nil, errCut
			}
			k.at++
		default:
			if depth == 0 && !k.literal() {
				return nil, errCut
			} else if depth > 0 {
				k.at++
			}
		}
		if depth == 0 {
			return k.text[from:k.at], nil
		}
	}
	return nil, errCut
}

// literal goes behind a number, true, false or null.
func (k *cutter) literal() bool {
	n := bytes.IndexAny(k.text[k.at:], ",]} \t\r\n")
	if n < 0 {
		n = len(k.text) - k.at
	}
	k.at += n
	return n > 0
}

// skipString goes behind the string that begins here.
func (k *cutter) skipString() bool {
	for i := k.at + 1; ; {
		n := bytes.IndexByte(k.text[i:], '"')
		if n < 0 {
			return false
		}
		i += n + 1
		escapes := 0
		for k.text[i-2-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			k.at = i
			return true
		}
	}
}
