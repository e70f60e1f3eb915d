package sample

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"time"
)

// dice is the randomness of one office.
type dice struct{ *rand.Rand }

func newDice(site string, seed uint64) dice {
	h := secret(site, seed)
	return dice{rand.New(rand.NewPCG(binary.BigEndian.Uint64(h[:]), binary.BigEndian.Uint64(h[8:])))} //nolint:gosec // repeatable, not secret
}

func secret(site string, seed uint64) [sha256.Size]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte(site+"\n"), seed))
}

func (d dice) chance(p float64) bool { return d.Float64() < p }

// between is a number from lo to hi.
func (d dice) between(lo, hi int) int { return lo + d.IntN(hi-lo+1) }

// around is a positive log-normal number with this median; spread says how far the numbers scatter.
func (d dice) around(median, spread float64) float64 {
	return median * math.Exp(spread*d.NormFloat64())
}

// minutes is a duration in whole seconds around a median in minutes.
func (d dice) minutes(median, spread float64) time.Duration {
	return time.Duration(60*d.around(median, spread)) * time.Second
}

// share is one possibility of a draw and its weight.
type share[T any] struct {
	of     T
	weight float64
}

// draw picks one of the shares by weight.
func draw[T any](d dice, from []share[T]) T {
	all := 0.0
	for _, s := range from {
		all += s.weight
	}
	x := d.Float64() * all
	for _, s := range from {
		if x -= s.weight; x < 0 {
			return s.of
		}
	}
	return from[len(from)-1].of
}

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// ids makes ids from the seed and a counter: the same in every run, and unique across all offices.
type ids struct {
	secret [sha256.Size]byte
	made   uint64
}

func newIDs(site string, seed uint64) ids { return ids{secret: secret("ids of "+site, seed)} }

func (i *ids) next() [sha256.Size]byte {
	i.made++
	return sha256.Sum256(binary.BigEndian.AppendUint64(i.secret[:], i.made))
}

// command is an id like the service's: 64 hex digits.
func (i *ids) command() string { h := i.next(); return hex.EncodeToString(h[:]) }

// record is a UUID of version 7: it grows with time.
func (i *ids) record(t time.Time) string {
	h := i.next()
	u := binary.BigEndian.AppendUint64(nil, uint64(t.UnixMilli())<<16)
	u = append(u[:6], h[:10]...)
	u[6], u[8] = u[6]&0x0f|0x70, u[8]&0x3f|0x80
	x := hex.EncodeToString(u)
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}
