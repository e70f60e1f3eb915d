package explain

import (
	"cmp"
	"maps"

	"github.com/lunpai/lunpai/workflow"
)

// Item is an item of the agenda in one sentence, with the article behind it. names is as in Fact.
func Item(lang Lang, i workflow.Item, names func(id string) string) string {
	if names == nil {
		names = func(id string) string { return id }
	}
	values := maps.Clone(i.Args)
	if values == nil {
		values = map[string]string{}
	}
	for k, v := range values {
		values[k] = value(lang, k, v, names)
	}
	values["record"] = named(i.Record, names)
	if values["about"] == "" {
		values["about"] = named(i.About.ID, names)
	}
	ways := texts().agenda[string(i.What)+"/"+i.Args["why"]].in(lang)
	if ways == nil {
		ways = texts().agenda[string(i.What)].in(lang)
	}
	text, _ := ways.say(values)
	return cmp.Or(text, string(i.What)+" "+values["record"]) +
		source(lang, workflow.Fact{Rule: i.Rule, Detail: i.Args})
}
