package workflow

import (
	"slices"
	"time"
)

// RotateKey puts a new secret of a key in force.
type RotateKey struct {
	// Id of the key.
	Key KeyID `json:"key"`
	// Seconds for which the earlier secret goes on working, up to a week; 0 ends it at once.
	Overlap int `json:"overlap_s,omitempty"`
	// The key as it was made, where it is older than the journal's knowledge of keys.
	Was *FormerKey `json:"was,omitempty"`
}

func (*RotateKey) About() About {
	return About{Kind: "rotate_key", May: administration, Scope: ScopeOffice}
}

func (c *RotateKey) Needs(*Board) []Ref { return []Ref{keyRef(c.Key)} }

// decide keeps the key's id, so the ids of its commands stay taken.
func (c *RotateKey) decide(d *draft) *Fault {
	if c.Overlap < 0 || c.Overlap > MaxOverlap {
		return invalid("bad_overlap")
	}
	k, f := d.key(c.Key, c.Was)
	switch {
	case f != nil:
		return f
	case k.Expired(d.now):
		return refused("key_expired", "", "id", k.ID)
	}
	k.retire(d.now, d.now.Add(time.Duration(c.Overlap)*time.Second))
	k.RotatedAt, k.RotatedBy = d.now, KeyID(d.env.By.Key)
	d.fact(FactKeyRotated, "", k.ID, "role", string(k.Role), "staff", string(k.Staff))
	return nil
}

// MaxOverlap bounds how long a rotated key's earlier secret goes on working, in seconds: a week.
const MaxOverlap = 7 * 24 * 3600

// retire makes the secret in force an old one that works until end. Older ones work no longer than
// that: a second rotation keeps earlier end times, and one without overlap ends them all.
func (k *Key) retire(now, end time.Time) {
	old := []OldSecret{{k.Secret, end}}
	for _, o := range k.Old {
		if end.Before(o.EndsAt) {
			o.EndsAt = end
		}
		old = append(old, o)
	}
	k.Old = slices.DeleteFunc(old, func(o OldSecret) bool { return !now.Before(o.EndsAt) })
	k.Old = k.Old[:min(len(k.Old), maxOld)]
	k.Secret++
}
