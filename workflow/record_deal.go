package workflow

import (
	"slices"
	"strconv"
	"strings"
)

// RecordDeal records a step of a purchase, or its refund.
type RecordDeal struct {
	// Id of the customer.
	Customer CustomerID `json:"customer"`
	// Id of the step; empty to have one made of the customer's id.
	Deal DealID `json:"deal"`
	// Flat or shop, by its number, such as 3-1202.
	Unit string `json:"unit,omitempty"`
	// The step: intention, holding_fee, deposit, signed or refunded.
	Status CustomerStatus `json:"status"`
	// Amount in fen.
	Amount int64 `json:"amount,omitempty"`
	// Consultants who helped; the deal does not count for them.
	Helpers []StaffID `json:"helpers,omitempty"`
}

func (*RecordDeal) About() About { return About{Kind: "record_deal", May: clerks} }

// Needs are also those who came with him: a visit tells the steps of all.
func (c *RecordDeal) Needs(b *Board) []Ref {
	refs := b.customerAndVisits(c.Customer)
	for _, r := range refs[1:] {
		if v, ok := b.records[r].(*Visit); ok && v.Site == b.ID {
			for _, id := range append([]CustomerID{v.Customer}, v.Joint...) {
				refs = append(refs, customerRef(id))
			}
		}
	}
	return refs
}

func (c *RecordDeal) texts() []string { return []string{c.Unit} }

// decide credits the principal of the reception under way, otherwise the owner (policy 1, art. 16,
// 19 and 47), and writes the outcome into the visits before it.
func (c *RecordDeal) decide(d *draft) *Fault {
	k, f := d.knownCustomer(c.Customer)
	if f != nil {
		return f
	}
	switch c.Status {
	case StatusIntention, StatusHoldingFee, StatusDeposit, StatusSigned, StatusRefunded:
	case StatusReceived, StatusRegistered:
		fallthrough
	default:
		return invalid("bad_status", "status", string(c.Status))
	}
	if c.Amount < 0 {
		return invalid("bad_amount")
	}
	if c.Status == StatusRefunded && !k.Status.moneyDown() {
		return refused("nothing_paid", "", "customer", k.ID)
	}
	if !plain(c.Unit, 40) {
		return invalid("bad_flat")
	}
	for _, h := range c.Helpers {
		if f := d.consultant(h); f != nil {
			return f
		}
	}
	credit, visit := k.Owner, k.LastVisit
	d.visits(func(v *Visit) {
		if CustomerID(k.ID) == v.Customer && v.Principal != "" &&
			(v.State == Assigned || v.State == Served) {
			credit, visit = v.Principal, VisitID(v.ID)
		}
	})
	id := c.Deal
	if id == "" {
		id = DealID(k.ID + "/" + strconv.Itoa(len(k.Deals)+1))
	}
	k.Deals = append(k.Deals, Deal{
		ID: id, Unit: c.Unit, Status: c.Status, Amount: c.Amount,
		Credit: credit, Helpers: slices.Clone(c.Helpers), Visit: visit, At: d.now,
	})
	k.Status = c.Status
	d.fact(FactDealRecorded, "P1-16b", k.ID, "status", string(c.Status), "credit", string(credit))
	for _, h := range c.Helpers {
		d.fact(FactNotCounted, "P1-19", string(h), "why", "helped")
	}
	d.tellVisits(k, visit)
	return nil
}

// plain reports whether s is a code of ASCII letters, digits and a few signs, or empty.
func plain(s string, most int) bool {
	for _, b := range []byte(s) {
		if (b < '0' || b > '9') && (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') &&
			!strings.ContainsRune("._#/-", rune(b)) {
			return false
		}
	}
	return len(s) <= most
}
