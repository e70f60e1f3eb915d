package api

import "testing"

// TestDeskAgenda: the manager, who exercises every function here, sees what is next at the service
// desk; who is on watch owes the log; a member of staff without a function sees nothing of it.
func TestDeskAgenda(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o := newOffice(t, s)
		k := o.must(201, o.do("M", "POST", "/v1/sites/s/customers",
			`{"status":"intention","owner":"B"}`)).str("customer", "id")
		o.serviceDesk(k)
		seen := map[string]int{}
		for _, what := range o.agenda("M", "") {
			seen[what]++
		}
		for _, what := range []string{"fault", "follow_up", "opinion"} {
			if seen[what] != 1 {
				t.Errorf("%d items of kind %s, want 1: %v", seen[what], what, seen)
			}
		}
		if seen["watch_roster"] != 0 {
			t.Errorf("a watch is asked for that is set: %v", seen)
		}
		o.wantAgenda("A", "", "watch", "notice", "ticket") // told that he is on watch
		o.wantAgenda("B", "")
		o.wantAgenda("desk", "")
	})
}
