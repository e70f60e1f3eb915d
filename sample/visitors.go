package sample

import (
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// guest is a group on its way through the office.
type guest struct {
	visit   workflow.VisitID
	says    workflow.Identity // what it answers to the first question
	channel string
	party   int
	// who it turns out to be, at the latest at registration; nil: nobody the office knew
	customer *customer
	hidden   bool             // taken for new until then
	friend   workflow.StaffID // the consultant who recognises it at the door
	patience time.Duration    // how long it waits before it goes home
	came     time.Time        // when it came
	record   *workflow.Visit  // as the last commit left it; nil before the first
}

// kinds are those who come besides returning customers.
var kinds = []share[workflow.VisitKind]{
	{workflow.KindNew, .745},
	{workflow.KindReferral, .06},
	{workflow.KindUnrelated, .08},
	{workflow.KindPeer, .035},
	{workflow.KindUnstated, .05},
	{workflow.KindCompanyStaff, .03},
}

// channel is how people heard of the project. Some channels bring buyers, others only visitors.
type channel struct {
	name   string
	buyers float64 // times the average
}

var channels = []share[channel]{
	{channel{"passing_by", .95}, .28},
	{channel{"online", .75}, .27},
	{channel{"agency", 1.6}, .15},
	{channel{"outdoor", .6}, .11},
	{channel{"phone", 1.45}, .1},
	{channel{"exhibition", .4}, .06},
	{channel{"employee", 1.25}, .03},
}

// buyers is what a channel does to the chance of a deal.
func buyers(name string) float64 {
	for _, c := range channels {
		if c.of.name == name {
			return c.of.buyers
		}
	}
	return 2.3 // brought by another customer
}

var parties = []share[int]{{1, .22}, {2, .4}, {3, .2}, {4, .11}, {5, .04}, {6, .02}, {8, .01}}

// visitors arranges who comes today: first the expected customers, as far as the day has room.
func (o *office) visitors() {
	p := o.plans[o.today]
	room := o.day().visits * 6 / 10
	if n := len(p.returns); n > room {
		if i, ok := o.later(1); ok {
			next := o.plans[i]
			next.returns = append(next.returns, p.returns[room:]...)
			o.plans[i] = next
		}
		p.returns = p.returns[:room]
	}
	o.telephone()
	for i := range o.day().visits {
		t := o.someTime()
		if i < len(p.returns) {
			k := p.returns[i]
			o.at(t, func() error { return o.arrive(o.again(k)) })
			continue
		}
		o.at(t, func() error { return o.arrive(o.stranger()) })
	}
}

// stranger is somebody whom nobody expects.
func (o *office) stranger() *guest {
	g := &guest{
		party: draw(o.dice, parties), patience: o.minutes(24, .5),
		says: workflow.Identity{Kind: draw(o.dice, kinds)},
	}
	c := draw(o.dice, channels).name
	if o.day().exhibit && o.chance(.35) {
		c = "exhibition"
	}
	switch g.says.Kind {
	case workflow.KindNew:
		g.channel = c
		o.newcomer(g)
	case workflow.KindReferral:
		g.channel = "referral"
		o.brought(g)
	case workflow.KindUnstated:
		g.channel = c
	case workflow.KindUnrelated, workflow.KindCompanyStaff:
		g.party, g.patience = 1, o.minutes(12, .5)
	case workflow.KindPeer:
		g.party = min(g.party, 3)
	case workflow.KindReturning:
	}
	return g
}

// newcomer: some have a telephone appointment, some were told whom to ask for, some are a
// consultant's friends.
func (o *office) newcomer(g *guest) {
	if o.chance(.2) { // says at once who he is
		g.says.Customer, g.says.NewCustomer = workflow.CustomerID(o.ids.record(o.now)), true
	}
	who := pick(o.dice, o.staff).id
	switch x := o.Float64(); {
	case g.channel == "phone" && x < .6:
		g.says.Appointment = who
	case x < .045:
		g.says.Named = who
	case x < .055:
		g.friend = who
	}
}

// brought: a known customer sends somebody, half of the time to his own consultant.
func (o *office) brought(g *guest) {
	if len(o.book) == 0 {
		g.says.Kind = workflow.KindNew
		return
	}
	k := pick(o.dice, o.book)
	g.says.BroughtBy = k.id
	if o.consultant(k.owner) != nil && o.chance(.5) {
		g.says.Named = k.owner
	}
}

// again is a returning customer. Most say so; some are recognised at the door, some ask for
// somebody, a few are taken for new.
func (o *office) again(k *customer) *guest {
	g := &guest{
		party: draw(o.dice, parties), patience: o.minutes(38, .5), customer: k,
		says: workflow.Identity{Kind: workflow.KindReturning, Customer: k.id},
	}
	owner := o.consultant(k.owner)
	switch x := o.Float64(); {
	case x < .03:
		g.hidden, g.says = true, workflow.Identity{Kind: workflow.KindNew}
	case owner == nil:
	case x < .12:
		g.friend = k.owner
	case x < .35:
		g.says.Named = k.owner
	case x < .38:
		g.says.Named = pick(o.dice, o.staff).id
	}
	if owner != nil && o.chance(.15) { // a colleague who may stand in while he is busy
		g.says.Delegate = o.idle(k.owner)
	}
	return g
}

// arrive is a group at the door: noted by a kiosk, recognised by a consultant, or asked at once by
// the front desk.
func (o *office) arrive(g *guest) error {
	g.visit = workflow.VisitID(o.ids.record(o.now))
	o.open[g.visit] = g
	g.came = o.now
	cmd := &workflow.ArriveVisit{Visit: g.visit, Party: g.party, Channel: g.channel}
	if g.says.Kind != workflow.KindNew && g.says.Kind != workflow.KindReferral || o.chance(.4) {
		cmd.Channel = "" // it is in the form
	}
	switch {
	case g.friend != "":
		if err := o.must(desk, cmd); err != nil {
			return err
		}
		return o.recognise(g)
	case o.chance(.25):
		if err := o.must(kiosk, cmd); err != nil {
			return err
		}
		o.after(o.minutes(1.2, .5), func() error { return o.identify(g) })
		return nil
	}
	id := g.says
	cmd.Identify, cmd.Assign = &id, o.standIn(g) == nil
	c, err := o.ask(desk, cmd)
	if err != nil || c != nil && cmd.Assign {
		return o.received(g, err)
	}
	if c == nil {
		cmd.Assign = false
		if err := o.must(desk, cmd); err != nil {
			return err
		}
		return o.wait(g)
	}
	return o.present(g)
}

// recognise is a consultant's claim; if it fails, the front desk asks.
func (o *office) recognise(g *guest) error {
	cmd := &workflow.RecogniseVisit{Visit: g.visit, Who: g.friend}
	if g.customer != nil {
		cmd.Customer = g.customer.id
	}
	if c := o.consultant(g.friend); c == nil || c.off || c.away || c.engaged > 0 {
		return o.identify(g)
	}
	if err := o.must(himself(g.friend), cmd); err != nil {
		return err
	}
	return o.present(g)
}

func (o *office) identify(g *guest) error {
	if g.record == nil || g.record.State != workflow.Arrived {
		return nil // it went to another group meanwhile
	}
	if err := o.must(desk, &workflow.IdentifyVisit{Visit: g.visit, Identity: g.says}); err != nil {
		return err
	}
	return o.present(g)
}

// present asks who receives a group, and lets it wait if nobody can.
func (o *office) present(g *guest) error {
	ok, err := o.assign(g)
	if err != nil || ok {
		return err
	}
	return o.wait(g)
}
