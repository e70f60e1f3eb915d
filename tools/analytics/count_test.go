package analytics

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// where are the visits of which something is true.
func where(vs []*visit, is func(*visit) bool) (some []*visit) {
	for _, v := range vs {
		if is(v) {
			some = append(some, v)
		}
	}
	return some
}

// by sorts visits into groups.
func by[K comparable](vs []*visit, key func(*visit) K) map[K][]*visit {
	groups := map[K][]*visit{}
	for _, v := range vs {
		groups[key(v)] = append(groups[key(v)], v)
	}
	return groups
}

func count(vs []*visit, is func(*visit) bool) int64 { return int64(len(where(vs, is))) }

func total(vs []*visit, of func(*visit) int64) (sum int64) {
	for _, v := range vs {
		sum += of(v)
	}
	return sum
}

func share(part, of int64) float64 { return round(float64(part)/float64(of), 4) }

// round rounds to so many places, the exact half to the even digit, as $round does.
func round(x float64, places int) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', places, 64), 64)
	return y
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// order sorts rows by fields: "_id.unit" is a field of a field, "-visits" goes from the highest
// down.
func order(rows []row, fields ...string) []any {
	slices.SortFunc(rows, func(a, b row) int {
		for _, name := range fields {
			name, down := strings.CutPrefix(name, "-")
			n := compare(look(a, name), look(b, name))
			if down {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
	list := make([]any, len(rows))
	for i, r := range rows {
		list[i] = r
	}
	return list
}

func look(r row, name string) any {
	outer, inner, nested := strings.Cut(name, ".")
	if nested {
		return r[outer].(row)[inner]
	}
	return r[outer]
}

// compare orders as MongoDB does: none first.
func compare(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	switch a := a.(type) {
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return cmp.Compare(a, b.(float64))
	default:
		return cmp.Compare(a.(string), b.(string))
	}
}
