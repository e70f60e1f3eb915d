package repo

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Lease says which instance decides for a site at the moment. It is a hint that spares instances
// the races for numbers, and decides nothing: what is in the journal is settled by the journal
// alone, whoever believes to own the site.
type Lease struct {
	Who  string // the instance
	Addr string // where the other instances reach it
	Term int64  // grows by one with every new owner
}

// LeaseKeeper is the ability of a store that several instances share to note who owns a site. The
// clock is the store's. Instances on a store that lacks the ability own nothing.
type LeaseKeeper interface {
	// Instance is the name in the leases that are taken here; every opening of the store has a new
	// one.
	Instance() string
	// Claim takes the lease of a site for a while, unless another instance's is in force, and
	// returns the one that is in force then. addr is where this instance is reached.
	Claim(ctx context.Context, site workflow.SiteID, addr string, d time.Duration) (Lease, error)
	// Renew prolongs the leases that this instance still has, and names those sites.
	Renew(ctx context.Context, sites []workflow.SiteID, d time.Duration) (
		[]workflow.SiteID, error)
	// Leases returns the leases of these sites that are in force.
	Leases(ctx context.Context, sites []workflow.SiteID) (map[workflow.SiteID]Lease, error)
	// Release ends the leases that this instance has of these sites.
	Release(ctx context.Context, sites []workflow.SiteID) error
}

const (
	// leaseFor is how long an instance owns a site that it does not renew: for so long the others
	// decide by themselves, in a race with nobody, when it has died.
	leaseFor = 5 * time.Second
	// renewEvery is how often leases are renewed and looked at, askAgain how long a foreign one is
	// remembered after a look.
	renewEvery = time.Second
	askAgain   = 2 * time.Second
	// inUseFor is how long a site counts as in use after a request: only such leases are renewed.
	inUseFor = 30 * time.Second
	// avoidFor is how long an instance is left alone that could not be reached.
	avoidFor = 2 * time.Second
)

// OwnersConfig configures Owners. Store and Addr are required.
type OwnersConfig struct {
	Store LeaseKeeper
	Addr  string // where the other instances reach this one
	Log   *slog.Logger
	For   time.Duration // of a lease; zero: 5 s
	// Look is how long another instance's lease is believed without a look at it; zero: 2 s.
	Look time.Duration
}

// Owners knows which instance owns a site. Run keeps what this one owns, Release ends it.
type Owners struct {
	cfg OwnersConfig
	me  string // this instance

	mu     sync.Mutex
	sites  map[workflow.SiteID]*holding
	avoid  map[string]time.Time // addresses that could not be reached, and until when
	closed bool
	lapsed uint64
	failed bool // the store did not answer the last question
}

// holding is what is known of a site's lease.
type holding struct {
	lease  Lease
	until  time.Time     // when it must be asked for again, by this machine's clock
	used   time.Time     // when a request last asked
	asking chan struct{} // closed when the question under way is answered; nil: none is
}

// NewOwners makes the Owners of an instance that has just started.
func NewOwners(cfg OwnersConfig) *Owners {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.For = cmp.Or(cfg.For, leaseFor)
	cfg.Look = cmp.Or(cfg.Look, min(askAgain, cfg.For/2))
	return &Owners{
		cfg: cfg, me: cfg.Store.Instance(),
		sites: map[workflow.SiteID]*holding{}, avoid: map[string]time.Time{},
	}
}

// Use returns the address of the instance that owns a site; "" when this one does, which it becomes
// if nobody is, or when that cannot be found out: then it decides like everybody else.
func (o *Owners) Use(ctx context.Context, site workflow.SiteID) string {
	for {
		addr, asking, ask := o.known(site)
		switch {
		case ask:
			return o.claim(ctx, site)
		case asking == nil:
			return addr
		}
		select {
		case <-asking:
		case <-ctx.Done():
			return ""
		}
	}
}

// known is what is remembered of a site: where its owner is, or who is asking for it. ask: the
// caller must.
func (o *Owners) known(site workflow.SiteID) (addr string, asking chan struct{}, ask bool) {
	now := machine()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return "", nil, false
	}
	h := o.sites[site]
	if h == nil {
		h = &holding{}
		o.sites[site] = h
	}
	h.used = now
	switch {
	case now.Before(h.until):
		return o.reachable(h.lease, now), nil, false
	case h.asking != nil:
		return "", h.asking, false
	}
	h.asking = make(chan struct{})
	return "", nil, true
}

// reachable is where a lease's owner is, unless it is this instance or could not be reached a
// moment ago. The caller holds mu.
func (o *Owners) reachable(l Lease, now time.Time) string {
	if l.Who == o.me || now.Before(o.avoid[l.Addr]) {
		return ""
	}
	return l.Addr
}

// claim asks the store, for everybody who waits.
func (o *Owners) claim(ctx context.Context, site workflow.SiteID) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewEvery)
	defer cancel()
	asked := machine() // before: the store's lease ends later than what is remembered of it
	l, err := o.cfg.Store.Claim(ctx, site, o.cfg.Addr, o.cfg.For)
	now := machine()
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.sites[site] // not forgotten while somebody asks
	close(h.asking)
	h.asking = nil
	o.told(err)
	switch {
	case err != nil:
		h.lease, h.until = Lease{}, now.Add(askAgain)
	case l.Who == o.me:
		h.lease, h.until = l, asked.Add(o.cfg.For)
	default:
		h.lease, h.until = l, now.Add(o.cfg.Look)
	}
	return o.reachable(h.lease, now)
}

// told logs when the store begins and ends to leave questions about leases without an answer. The
// caller holds mu.
func (o *Owners) told(err error) {
	switch {
	case err != nil && !o.failed:
		o.cfg.Log.Warn("who owns a site cannot be found out: it is decided here", "err", err)
	case err == nil && o.failed:
		o.cfg.Log.Info("owners of sites are known again")
	}
	o.failed = err != nil
}

// Avoid says that the instance at an address could not be reached: for a moment it is not asked.
func (o *Owners) Avoid(addr string) {
	now := machine()
	o.mu.Lock()
	defer o.mu.Unlock()
	for a, until := range o.avoid {
		if now.After(until) {
			delete(o.avoid, a)
		}
	}
	o.avoid[addr] = now.Add(avoidFor)
}

// Forget says that a site's owner is leaving: the next request asks who owns it.
func (o *Owners) Forget(site workflow.SiteID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if h := o.sites[site]; h != nil && h.lease.Who != o.me {
		h.until = time.Time{}
	}
}

// Elsewhere are those of these sites that another instance owns; none when that cannot be found
// out.
func (o *Owners) Elsewhere(
	ctx context.Context, sites []workflow.SiteID,
) map[workflow.SiteID]bool {
	out := map[workflow.SiteID]bool{}
	if len(sites) == 0 {
		return out
	}
	leases, err := o.cfg.Store.Leases(ctx, sites)
	if err != nil {
		return out
	}
	for site, l := range leases {
		if l.Who != o.me {
			out[site] = true
		}
	}
	return out
}

// Run renews what this instance owns and uses, until ctx ends.
func (o *Owners) Run(ctx context.Context) { Every(ctx, min(renewEvery, o.cfg.For/4), o.renew) }

// renew prolongs the leases of sites in use, looks whether the owners of others are still the same,
// and forgets sites that are not in use.
func (o *Owners) renew(ctx context.Context) {
	now := machine()
	own, foreign := o.inUse(now)
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	if len(own) > 0 {
		kept, err := o.cfg.Store.Renew(ctx, own, o.cfg.For)
		o.renewed(now, own, kept, err)
	}
	if len(foreign) > 0 {
		leases, err := o.cfg.Store.Leases(ctx, foreign)
		o.looked(now, foreign, leases, err)
	}
}

// renewed takes in which leases were kept.
func (o *Owners) renewed(now time.Time, own, kept []workflow.SiteID, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told(err); err != nil || o.closed {
		return
	}
	lost := map[workflow.SiteID]bool{}
	for _, site := range own {
		lost[site] = true
	}
	for _, site := range kept {
		delete(lost, site)
		if h := o.sites[site]; h != nil && h.lease.Who == o.me {
			h.until = now.Add(o.cfg.For)
		}
	}
	for site := range lost {
		o.lapsed++
		if h := o.sites[site]; h != nil && h.lease.Who == o.me {
			h.until = time.Time{}
		}
		o.cfg.Log.Warn("a lease lapsed: another instance owns the site now", "site", site)
	}
}

// looked takes in who owns the sites that others own.
func (o *Owners) looked(
	now time.Time, foreign []workflow.SiteID, leases map[workflow.SiteID]Lease, err error,
) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told(err); err != nil {
		return
	}
	for _, site := range foreign {
		h := o.sites[site]
		switch l, ok := leases[site]; {
		case h == nil || h.asking != nil || h.lease.Who == o.me: // somebody asked meanwhile
		case ok && l == h.lease:
			h.until = now.Add(o.cfg.Look)
		default:
			h.until = time.Time{}
		}
	}
}

// inUse are the sites in use that this instance owns, and those that another one does.
func (o *Owners) inUse(now time.Time) (own, foreign []workflow.SiteID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for site, h := range o.sites {
		switch {
		case h.asking != nil:
		case now.Sub(h.used) > inUseFor:
			if now.After(h.until) {
				delete(o.sites, site)
			}
		case h.lease.Who == o.me:
			own = append(own, site)
		case h.lease.Who != "" && now.Before(h.until):
			foreign = append(foreign, site)
		}
	}
	return own, foreign
}

// Release ends what this instance owns, so that the others need not wait for it to lapse. From now
// on it owns nothing.
func (o *Owners) Release(ctx context.Context) error {
	o.mu.Lock()
	o.closed = true
	var own []workflow.SiteID
	for site, h := range o.sites {
		if h.lease.Who == o.me {
			own = append(own, site)
		}
	}
	o.mu.Unlock()
	if len(own) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	return o.cfg.Store.Release(ctx, own)
}

// Owned is how many sites this instance owns now.
func (o *Owners) Owned() (n int) {
	now := machine()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, h := range o.sites {
		if !o.closed && h.lease.Who == o.me && now.Before(h.until) {
			n++
		}
	}
	return n
}

// Lapsed is how many leases of sites in use this instance has lost without releasing them.
func (o *Owners) Lapsed() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lapsed
}

// machine is this machine's steady time: leases are measured by it, and nothing is dated.
func machine() time.Time { return time.Now() } //nolint:forbidigo // see above
