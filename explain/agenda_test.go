package explain

import (
	"slices"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// TestAgendaTexts: every kind of item has a sentence in both languages, and so has every reason for
// which somebody is told of something.
func TestAgendaTexts(t *testing.T) {
	c, src := readCatalogue(t), readCore(t)
	for key, both := range c.agenda {
		checkBoth(t, key, both[En], both[Zh])
	}
	for kind := range src.types["ItemKind"] {
		if c.agenda[kind] == nil {
			t.Errorf("no sentence for %s", kind)
		}
	}
	known := []string{"notice"}
	for _, s := range src.facts() {
		for _, why := range s.detail["why"] {
			if s.key != "notified" || slices.Contains(workflow.OwnItem, why) ||
				why == "card_given" {
				continue
			}
			known = append(known, "notice/"+why)
			if c.agenda["notice/"+why] == nil {
				t.Errorf("no sentence for a notice of %s", why)
			}
		}
	}
	for key := range c.agenda {
		if src.types["ItemKind"][key] == "" && !slices.Contains(known, key) {
			t.Errorf("nobody is told of %s", key)
		}
	}
}

func TestItem(t *testing.T) {
	for _, c := range []struct {
		item   workflow.Item
		en, zh string
	}{
		{
			workflow.Item{
				What: workflow.ItemRegister, Record: "V1", Rule: "P1-28",
				Args: map[string]string{"staff": "A"},
			},
			"Visit V1 is over; A has not entered it in the visitor register yet " +
				"(policy 1, art. 28)",
			"来访 V1 已接待完，A 还没填来访客户登记表（制度一第28条）",
		},
		{
			workflow.Item{
				What: workflow.ItemNotice, Record: "s:1:1", Rule: "P1-24", Since: time.Time{},
				About: workflow.Ref{ID: "Q1"}, Args: map[string]string{"state": "granted"},
			},
			"Your request Q1 is granted (policy 1, art. 24)", "你的请示 Q1：已批准（制度一第24条）",
		},
		{
			workflow.Item{
				What: workflow.ItemApproval, Record: "Q1",
				Args: map[string]string{"staff": "A", "kind": "discount"},
			},
			"A asks for approval (discount): decide request Q1", "A 的请示 Q1（折扣）待批复",
		},
		{
			workflow.Item{
				What: workflow.ItemStale, Record: "K1", Rule: "P1-51",
				Args: map[string]string{"date": "2024-03-04", "parameter": "stale_after_months"},
			},
			"Be in contact with customer K1 by 2024-03-04: after that he is a new customer" +
				" (policy 1, art. 51; this office's own rule: " +
				Parameter(En, "stale_after_months") + ")",
			"请在2024-03-04前回访客户 K1，过后即按新客户接待（制度一第51条；本处另定：" +
				Parameter(Zh, "stale_after_months") + "）",
		},
		{workflow.Item{What: "eclipse", Record: "x"}, "eclipse x", "eclipse x"},
	} {
		if got := Item(En, c.item, nil); got != c.en {
			t.Errorf("got  %s\nwant %s", got, c.en)
		}
		if got := Item(Zh, c.item, nil); got != c.zh {
			t.Errorf("got  %s\nwant %s", got, c.zh)
		}
	}
}
