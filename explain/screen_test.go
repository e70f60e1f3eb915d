package explain

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/lunpai/lunpai/workflow"
)

// TestScreens: every text of a screen is there in both languages, and no other.
func TestScreens(t *testing.T) {
	c := readCatalogue(t)
	painter, err := os.ReadFile("../api/paint.go")
	if err != nil {
		t.Fatal(err)
	}
	var used []string
	for _, m := range regexp.MustCompile(`"((?:turn|member|visit|customer|claim)/[a-z_]+)"`).
		FindAllSubmatch(painter, -1) {
		used = append(used, string(m[1]))
	}
	for _, k := range workflow.DayKind("").Words() {
		used = append(used, "day/"+k)
	}
	for _, key := range used {
		if c.screens[key] == nil {
			t.Errorf("no words for %s", key)
		}
	}
	for key, both := range c.screens {
		checkBoth(t, key, both[En], both[Zh])
		if !slices.Contains(used, key) {
			t.Errorf("nobody says %s", key)
		}
	}
	if got := Screen(Zh, "day/open", map[string]string{"ends": "18:00"}); got != "营业中，18:00结束" {
		t.Errorf("an open day is %q", got)
	}
	if got := Screen(En, "no/such", nil); got != "no/such" {
		t.Errorf("an unknown text is %q", got)
	}
}
