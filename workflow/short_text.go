package workflow

import (
	"slices"
	"unicode"
)

// HoldsPhone reports whether a short text could hold a phone: seven digits or more in a row, not
// counting what people write between the digits of a number. Short texts (labels, codes, ids that
// an office makes up) reach the journal and are never erased.
func HoldsPhone(s string) bool {
	run := 0
	for _, r := range s {
		switch {
		case unicode.IsNumber(r):
			if run++; run == 7 {
				return true
			}
		case unicode.IsSpace(r), unicode.In(r, unicode.Pd, unicode.Cf, unicode.Pc, unicode.Ps,
			unicode.Pe), isSeparator(r):
		default:
			run = 0
		}
	}
	return false
}

// isSeparator reports whether a sign can stand between the digits of a number. A letter, a colon or
// # ends one.
func isSeparator(r rune) bool {
	switch r {
	case '.', '/', ',', '+', '*', '~', '−', '·', '、', '。', '．', '，', '／':
		return true
	}
	return false
}

// NoPhone refuses short texts when one of them could hold a phone.
func NoPhone(texts ...string) *Fault {
	if !slices.ContainsFunc(texts, HoldsPhone) {
		return nil
	}
	return invalid("holds_phone")
}

func textsOf(cmd Command) []string {
	if w, ok := cmd.(worded); ok {
		return w.texts()
	}
	return nil
}
