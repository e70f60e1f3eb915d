package sample

import (
	"cmp"

	"github.com/lunpai/lunpai/workflow"
)

// customer is somebody the office knows, and what he is going to do.
type customer struct {
	id      workflow.CustomerID
	owner   workflow.StaffID
	status  workflow.CustomerStatus
	channel string
	layout  layout
	buyer   bool // he is going to buy
	visits  int  // visits before he decides, or gives up
	asked   int  // follow-ups so far
	steps   []step
	flat    string
}

func (k *customer) paid() bool {
	switch k.status {
	case workflow.StatusIntention, workflow.StatusHoldingFee, workflow.StatusDeposit,
		workflow.StatusSigned:
		return true
	case workflow.StatusReceived, workflow.StatusRegistered, workflow.StatusRefunded:
	}
	return false
}

func (k *customer) closed() bool {
	return k.status == workflow.StatusDeposit || k.status == workflow.StatusSigned
}

// bookSize is how many customers the office remembers: they send others and telephone.
const bookSize = 1500

// enter puts a customer into the book; when it is full, he replaces the oldest.
func (o *office) enter(k *customer) {
	if len(o.book) < bookSize {
		o.book = append(o.book, k)
	} else {
		o.book[o.entered%bookSize] = k
	}
	o.entered++
}

var paperBook = []share[workflow.CustomerStatus]{
	{workflow.StatusRegistered, .75},
	{workflow.StatusIntention, .06},
	{workflow.StatusDeposit, .07},
	{workflow.StatusSigned, .09},
	{workflow.StatusRefunded, .03},
}

// takeOver imports a customer from the paper book.
func (o *office) takeOver() error {
	k := &customer{
		id: workflow.CustomerID(o.ids.record(o.now)), owner: pick(o.dice, o.staff).id,
		status:  draw(o.dice, paperBook),
		channel: draw(o.dice, channels).name, layout: draw(o.dice, layouts),
	}
	last := o.now.AddDate(0, 0, -1-int(o.around(14, .9))).Add(o.minutes(180, .4)).UTC()
	if err := o.must(boss, &workflow.ImportCustomer{
		Customer: k.id, Owner: k.owner,
		Status: k.status, LastContactAt: last,
	}); err != nil {
		return err
	}
	o.enter(k)
	if o.chance(.45) {
		k.buyer = o.chance(.2) && !k.closed() && k.status != workflow.StatusRefunded
		o.expect(int(o.around(9, .8)), k)
	}
	return nil
}

// finish ends a reception and, sooner or later, enters it in the register.
func (o *office) finish(g *guest) error {
	v := g.record
	if v.State != workflow.Assigned {
		return nil
	}
	serve := &workflow.ServeVisit{Visit: g.visit, Topic: workflow.TopicSales}
	switch g.says.Kind {
	case workflow.KindUnrelated, workflow.KindCompanyStaff, workflow.KindPeer:
		serve.Topic = workflow.TopicOther
	case workflow.KindUnstated:
		if o.chance(.4) {
			serve.Topic = workflow.TopicOther
		}
	case workflow.KindNew, workflow.KindReturning, workflow.KindReferral:
	}
	if serve.Topic == workflow.TopicOther && o.underP2() && o.chance(.9) {
		serve.ExplainedTo = o.idle(v.Server)
	}
	if g.says.Kind == workflow.KindUnrelated && o.chance(.05) {
		serve.Topic = workflow.TopicSales // and wanted a flat after all
	}
	if serve.Topic != workflow.TopicSales && (g.says.Kind == workflow.KindUnrelated ||
		g.says.Kind == workflow.KindCompanyStaff) {
		if err := o.must(himself(v.Server), serve); err != nil {
			return err
		}
		if err := o.service.ofVisit(v); err != nil {
			return err
		}
		return o.relieve()
	}
	if o.chance(.7) {
		return o.register(g, serve)
	}
	if err := o.must(himself(v.Server), serve); err != nil {
		return err
	}
	o.after(o.minutes(6, .6), func() error { return o.register(g, nil) })
	return nil
}

// register enters a visit in the register, with the form of a customer.
func (o *office) register(g *guest, serve *workflow.ServeVisit) error {
	server := g.record.Server
	cmd := &workflow.RegisterVisit{Visit: g.visit, Serve: serve}
	topic := g.record.Topic
	if serve != nil {
		topic = serve.Topic
	}
	k := g.customer
	if topic == workflow.TopicSales {
		if k == nil {
			k = &customer{channel: cmp.Or(g.channel, "passing_by"), layout: draw(o.dice, layouts)}
			cmd.Customer = workflow.CustomerID(o.ids.record(o.now))
			o.decideFate(k, g)
		}
		cmd.Form = o.form(k)
	}
	if g.hidden {
		cmd.Matches = k.id
	}
	c, err := o.ask(himself(server), cmd)
	if err != nil {
		return err
	}
	if c == nil {
		return o.refusal
	}
	if k != nil {
		known := k.id != ""
		if err := k.learn(c); err != nil {
			return err
		}
		if !known {
			o.enter(k)
		}
		o.afterwards(k)
	}
	if g.hidden && k.owner != server && o.chance(.3) {
		if err := o.dispute(k, server); err != nil {
			return err
		}
	}
	return o.relieve()
}

// learn updates a customer from a commit.
func (k *customer) learn(c *workflow.Commit) error {
	rs, err := c.Records()
	for _, r := range rs {
		if r, ok := r.(*workflow.Customer); ok {
			k.id, k.owner, k.status = workflow.CustomerID(r.ID), r.Owner, r.Status
		}
	}
	return err
}

// dispute: two consultants claim a customer; the manager decides some days later.
func (o *office) dispute(k *customer, other workflow.StaffID) error {
	id := workflow.RecordID(o.ids.record(o.now))
	claimants := []workflow.StaffID{other}
	if o.consultant(k.owner) != nil {
		claimants = append(claimants, k.owner)
	}
	if err := o.must(himself(other), &workflow.OpenDispute{
		Dispute: id, Customer: k.id,
		Claimants: claimants,
	}); err != nil {
		return err
	}
	o.plan(o.between(1, 3), func() error {
		return o.must(boss, &workflow.MakeRuling{
			Ruling:  workflow.RecordID(o.ids.record(o.now)),
			Dispute: id,
		})
	})
	return nil
}

// layout is what a customer looks for.
type layout struct {
	name     string
	from, to int // square metres
}

var layouts = []share[layout]{
	{layout{"1br", 45, 60}, .08},
	{layout{"2br", 70, 89}, .27},
	{layout{"3br", 89, 125}, .44},
	{layout{"4br", 128, 160}, .17},
	{layout{"5br", 165, 220}, .04},
}

var (
	purposes = []share[string]{
		{"first_home", .42},
		{"upgrade", .35},
		{"investment", .12},
		{"school", .08},
		{"parents", .03},
	}
	quarters = []share[string]{
		{"riverside", .26},
		{"old_town", .21},
		{"north", .16},
		{"south", .13},
		{"new_town", .14},
		{"out_of_town", .1},
	}
	serious = []share[string]{{"a", .5}, {"b", .35}, {"c", .12}, {"d", .03}}
	casual  = []share[string]{{"a", .04}, {"b", .2}, {"c", .46}, {"d", .3}}
)

// price is what a square metre costs, in fen.
const price = 22_000 * 100

// form is what a customer says about himself. Not everybody says everything.
func (o *office) form(k *customer) *workflow.Form {
	f := &workflow.Form{
		Channel: k.channel, Purpose: draw(o.dice, purposes),
		District: draw(o.dice, quarters), Layout: k.layout.name,
	}
	from := casual
	if k.buyer {
		from = serious
	}
	f.Intent = draw(o.dice, from)
	f.AreaSqm = o.between(k.layout.from, k.layout.to)
	if o.chance(.8) {
		const step = 100_000 * 100 // people think in hundred thousands
		middle := float64(f.AreaSqm*price) * o.around(.97, .12)
		f.BudgetFrom = int64(middle*.9) / step * step
		f.BudgetTo = int64(middle*1.1)/step*step + step
	}
	return f
}

// decideFate decides what will become of a new customer. The server's skill and the channel matter.
func (o *office) decideFate(k *customer, g *guest) {
	p := .085 * buyers(k.channel)
	if c := o.consultant(g.record.Server); c != nil {
		p *= c.skill
	}
	if g.says.Kind == workflow.KindUnstated || g.says.Kind == workflow.KindUnrelated {
		p *= .25
	}
	switch {
	case o.chance(p):
		k.buyer = true
		for k.visits = 1; o.chance(.45); k.visits++ {
			continue
		}
		if o.chance(.12) {
			k.visits = 0
		}
	case o.chance(.115):
		for k.visits = 1; o.chance(.28); k.visits++ {
			continue
		}
	}
}

// afterwards arranges what follows a registered visit: he comes again, decides, or only gets calls.
func (o *office) afterwards(k *customer) {
	days := int(o.around(7.5, 1))
	switch {
	case k.visits > 0:
		k.visits--
		o.expect(days, k)
	case k.buyer && len(k.steps) == 0 && !k.closed():
		o.resolve(k)
	}
	o.followUp(k, days)
}

// followUp arranges the owner's next call, if he is one who calls. Those he forgets go stale.
func (o *office) followUp(k *customer, before int) {
	c := o.consultant(k.owner)
	often := .6
	if k.buyer {
		often = .9
	}
	if c == nil || k.asked >= 6 || !o.chance(c.care*often) {
		return
	}
	k.asked++
	o.plan(1+min(int(o.around(4, .7)), max(before, 3)+o.IntN(20)), func() error {
		by := k.owner
		cmd := &workflow.RecordFollowUp{
			Customer: k.id, By: by, Unreached: o.chance(.22),
			Channel: draw(o.dice, []share[string]{{"phone", .6}, {"wechat", .35}, {"sms", .05}}),
		}
		if err := o.may(himself(by), cmd); err != nil { // he may have lost the customer, or left
			return err
		}
		o.followUp(k, 20)
		return nil
	})
}

// telephone: people call, for the office or for somebody.
func (o *office) telephone() {
	for range o.day().visits / 12 {
		o.at(o.someTime(), func() error {
			cmd := &workflow.TakeCall{Call: workflow.RecordID(o.ids.record(o.now))}
			if o.chance(.5) && len(o.book) > 0 {
				k := pick(o.dice, o.book)
				cmd.Customer = k.id
				if o.consultant(k.owner) != nil {
					cmd.For = k.owner
				}
			}
			return o.must(desk, cmd)
		})
	}
}
