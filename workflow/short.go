package workflow

import (
	"slices"
	"unicode"
)

// HoldsPhone reports whether a short text could hold a phone: seven digits or more in a row, when what people write between the
// digits of a number is left out. Short texts (labels, ids that an office makes up, codes) reach the journal and are never erased.
func HoldsPhone(s string) bool {
	run := 0
	for _, r := range s {
		switch {
		case unicode.IsNumber(r):
			if run++; run == 7 {
				return true
			}
		case unicode.IsSpace(r), unicode.In(r, unicode.Pd, unicode.Cf, unicode.Pc, unicode.Ps, unicode.Pe), isSeparator(r):
		default:
			run = 0
		}
	}
	return false
}

// isSeparator are the other signs that stand between digits. A letter, a colon or # ends a number.
func isSeparator(r rune) bool {
	switch r {
	case '.', '/', ',', '+', '*', '~', '−', '·', '、', '。', '．', '，', '／':
		return true
	}
	return false
}

// checkShort refuses a command with a phone in a short text.
func checkShort(cmd Command) *Fault { return NoPhone(shortTexts(cmd)...) }

// NoPhone refuses short texts of which one could hold a phone.
func NoPhone(texts ...string) *Fault {
	if !slices.ContainsFunc(texts, HoldsPhone) {
		return nil
	}
	return invalid("holds_phone")
}

// shortTexts are the texts of a command that somebody made up and that are no ids of records.
func shortTexts(cmd Command) []string {
	switch c := cmd.(type) {
	case *CreateSite:
		var all []string
		for _, n := range c.Staff {
			all = append(all, string(n.Staff), string(n.Team))
		}
		return all
	case *ChangeSite:
		if c.Consent != nil {
			return []string{c.Consent.Zh, c.Consent.En}
		}
	case *AddStaff:
		return []string{string(c.Staff), string(c.Team)}
	case *ChangeRoster:
		var all []string
		for _, u := range c.Add {
			all = append(all, string(u.ID))
		}
		return all
	case *Reorder:
		return []string{c.Reason}
	case *GrantMakeUp:
		return []string{c.Reason}
	case *ArriveVisit:
		if c.Identify != nil {
			return []string{c.Channel, c.Identify.Purpose}
		}
		return []string{c.Channel}
	case *IdentifyVisit:
		return []string{c.Purpose}
	case *ReidentifyVisit:
		return []string{c.Purpose}
	case *AssignVisit:
		return []string{c.Reason}
	case *RegisterVisit:
		if f := c.Form; f != nil {
			return []string{f.Channel, f.Purpose, f.District, f.Layout, f.BudgetBand, f.Intent}
		}
	case *AbandonVisit:
		return []string{c.Reason}
	case *ChangeLead:
		return []string{c.Reason}
	case *RecordFollowUp:
		return []string{c.Channel}
	case *RecordDeal:
		return []string{c.Unit}
	case *ReassignCustomer:
		return []string{c.Reason}
	case *CoverCustomer:
		return []string{c.Reason}
	case *ImportCustomer:
		return []string{string(c.Owner)}
	case *ShowPerson:
		return []string{c.Reason}
	case *ShowNote:
		return []string{c.Reason}
	case *RequestApproval:
		return []string{c.Subject}
	case *NoteConduct:
		return []string{c.Rule}
	case *CompleteCheck:
		return []string{c.Item}
	default:
	}
	return nil
}
