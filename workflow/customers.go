package workflow

import (
	"slices"
	"strconv"
	"strings"
)

// keptFollowUps is how many contacts a customer's record keeps; the journal keeps all.
const keptFollowUps = 20

// followUp records a contact; it keeps the customer fresh unless nobody was reached (policy 1, art. 17; A13).
func (c *RecordFollowUp) decide(d *draft) *Fault {
	k, f := d.knownCustomer(c.Customer)
	if f != nil {
		return f
	}
	by := d.actor(c.By)
	if f := d.colleague(by); f != nil {
		return f
	}
	k.FollowUps = append(k.FollowUps, FollowUp{By: by, Channel: c.Channel, Reached: !c.Unreached, Note: c.Note, At: d.now})
	k.FollowUps = k.FollowUps[max(0, len(k.FollowUps)-keptFollowUps):]
	if !c.Unreached {
		k.LastContactAt = d.now
	}
	d.fact(FactFollowedUp, "P1-17b", k.ID, "by", string(by), "channel", c.Channel)
	return nil
}

func (d *draft) knownCustomer(id CustomerID) (*Customer, *Fault) {
	if d.customer(id) == nil {
		return nil, notFound("customer", string(id))
	}
	k := d.editCustomer(id)
	d.subject = k.Ref()
	return k, nil
}

// recordDeal records a step of a purchase. The credit is the principal's of the reception under way, otherwise the owner's
// (policy 1, art. 16, 19, 47); the visits before it learn the outcome.
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
		if CustomerID(k.ID) == v.Customer && v.Principal != "" && (v.State == Assigned || v.State == Served) {
			credit, visit = v.Principal, VisitID(v.ID)
		}
	})
	id := c.Deal
	if id == "" {
		id = DealID(k.ID + "/" + strconv.Itoa(len(k.Deals)+1))
	}
	k.Deals = append(k.Deals, Deal{ID: id, Unit: c.Unit, Status: c.Status, Amount: c.Amount, Credit: credit, Helpers: slices.Clone(c.Helpers), Visit: visit, At: d.now})
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
		if (b < '0' || b > '9') && (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && !strings.ContainsRune("._#/-", rune(b)) {
			return false
		}
	}
	return len(s) <= most
}

// reassign is the manager's decision about whose customer it is (RS-15, A34).
func (c *ReassignCustomer) decide(d *draft) *Fault {
	k, f := d.knownCustomer(c.Customer)
	if f != nil {
		return f
	}
	if f := d.consultant(c.To); f != nil {
		return f
	}
	before := k.Owner
	k.Owner, k.OwnerSinceAt = c.To, d.now
	d.fact(FactCustomerReassigned, "P1-51", k.ID, "owner", string(c.To), "before", string(before), "reason", c.Reason)
	d.notify("P1-51", c.To, k.ID, "why", "customer_reassigned")
	return nil
}

// cover names a colleague for the paperwork; credit and owner stay (policy 1, art. 37).
func (c *CoverCustomer) decide(d *draft) *Fault {
	k, f := d.knownCustomer(c.Customer)
	if f != nil {
		return f
	}
	if f := d.consultant(c.To); f != nil {
		return f
	}
	k.Covers = append(k.Covers, Cover{To: c.To, By: d.env.By.Staff, At: d.now})
	d.fact(FactCustomerCovered, "P1-37", k.ID, "to", string(c.To), "owner", string(k.Owner), "reason", c.Reason)
	d.notify("P1-37", c.To, k.ID, "why", "cover")
	return nil
}

// importCustomer takes over a customer from the paper book. The owner may be somebody who has left.
func (c *ImportCustomer) decide(d *draft) *Fault {
	if d.customer(c.Customer) != nil {
		return refused("customer_exists", "", "customer", string(c.Customer))
	}
	if c.Customer == "" || !slices.Contains(CustomerStatuses, c.Status) {
		return invalid("bad_status", "status", string(c.Status))
	}
	if d.colleague(c.Owner) != nil && !plain(string(c.Owner), 32) { // he may have left, but he had an id
		return d.colleague(c.Owner)
	}
	if c.LastContactAt.After(d.now) {
		return invalid("bad_contact")
	}
	k := add(d, &Customer{Head: Head{ID: string(c.Customer), Site: d.ID}, Owner: c.Owner, Status: c.Status, LastContactAt: c.LastContactAt})
	if c.Owner != "" {
		k.OwnerSinceAt = d.now
	}
	d.subject = k.Ref()
	d.fact(FactCustomerImported, "P1-17a", k.ID, "owner", string(c.Owner), "status", string(c.Status))
	return nil
}
