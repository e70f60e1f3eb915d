package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lunpai/lunpai/tools/load"
)

// answer is what is read of an answer to a command, and of an entry of the journal.
type answer struct {
	Seq   int64           `json:"seq"`
	Facts json.RawMessage `json:"facts"`
	Visit struct {
		ID       string `json:"id"`
		Customer string `json:"customer"`
	} `json:"visit"`
}

// ack is a command that was acknowledged.
type ack struct {
	site  string
	id    string // of the command, as the journal has it
	key   string // the Idempotency-Key, to speak of it
	seq   int64
	facts digest
}

// digest identifies facts, however they are spaced.
type digest [sha256.Size]byte

func digestOf(facts json.RawMessage) (digest, error) {
	var v any
	if err := json.Unmarshal(facts, &v); err != nil {
		return digest{}, fmt.Errorf("facts: %w", err)
	}
	text, err := json.Marshal(v)
	return sha256.Sum256(text), err
}

// acks records what was acknowledged, and the longest gap between two acknowledgements.
type acks struct {
	mu     sync.Mutex
	list   []ack
	phones map[string]map[string]string // by site and phone: the customer of the registered visit
	last   time.Time
	gap    time.Duration // longest between two acknowledgements since it was asked for
}

func newAcks() *acks {
	return &acks{phones: map[string]map[string]string{}, last: time.Now()}
}

// note records an acknowledgement.
func (a *acks) note(k ack) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, k)
	now := time.Now()
	a.gap, a.last = max(a.gap, now.Sub(a.last)), now
}

// notePhone records whose phone it is.
func (a *acks) notePhone(site, phone, customer string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phones[site] == nil {
		a.phones[site] = map[string]string{}
	}
	a.phones[site][phone] = customer
}

func (a *acks) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.list)
}

// longest is the longest silence since it was last asked for.
func (a *acks) longest() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	gap := max(a.gap, time.Since(a.last))
	a.gap = 0
	return gap
}

// next waits for one more acknowledgement.
func (a *acks) next(ctx context.Context, limit time.Duration) error {
	for n, start := a.count(), time.Now(); a.count() == n; {
		if time.Since(start) > limit {
			return errors.New("nothing is acknowledged any more")
		}
		if err := load.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
