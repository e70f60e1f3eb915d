package sample

import (
	"container/heap"
	"time"
)

// agenda is the clock and what happens today, in order of time, then in the order in which it was
// arranged.
type agenda struct {
	now  time.Time
	list entries
	made int
}

type entry struct {
	at   time.Time
	rank int
	do   func() error
}

// at arranges something for a moment of today, not before now.
func (a *agenda) at(t time.Time, do func() error) {
	if t.Before(a.now) {
		t = a.now
	}
	a.made++
	heap.Push(&a.list, entry{t, a.made, do})
}

// after arranges something for a while later.
func (a *agenda) after(d time.Duration, do func() error) { a.at(a.now.Add(d), do) }

// run carries everything out until nothing is left.
func (a *agenda) run() error {
	for len(a.list) > 0 {
		e := heap.Pop(&a.list).(entry)
		a.now = e.at
		if err := e.do(); err != nil {
			return err
		}
	}
	return nil
}

// entries is a heap.
type entries []entry

func (e entries) Len() int { return len(e) }
func (e entries) Less(i, k int) bool {
	if !e[i].at.Equal(e[k].at) {
		return e[i].at.Before(e[k].at)
	}
	return e[i].rank < e[k].rank
}
func (e entries) Swap(i, k int) { e[i], e[k] = e[k], e[i] }
func (e *entries) Push(x any)   { *e = append(*e, x.(entry)) }

func (e *entries) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = entry{}
	*e = (*e)[:last]
	return x
}
