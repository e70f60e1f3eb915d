package workflow

import "slices"

// Articles are the clauses of policies 1, 2 and 3, in order.
func Articles() []string { return slices.Clone(articles) }

var articles = []string{
	"P1-01", "P1-02", "P1-03", "P1-04", "P1-05", "P1-06", "P1-07", "P1-08", "P1-09a", "P1-09b",
	"P1-10", "P1-11", "P1-12a", "P1-12b", "P1-12c", "P1-13a", "P1-13b", "P1-14", "P1-15",
	"P1-16a", "P1-16b", "P1-17a", "P1-17b", "P1-18", "P1-19", "P1-20", "P1-21", "P1-22", "P1-23",
	"P1-24", "P1-25", "P1-26", "P1-27", "P1-28", "P1-29a", "P1-29b", "P1-29c", "P1-30a", "P1-30b",
	"P1-31", "P1-32", "P1-33", "P1-34", "P1-35", "P1-36", "P1-37", "P1-38", "P1-39", "P1-40",
	"P1-41", "P1-42", "P1-43", "P1-44", "P1-45", "P1-46", "P1-47", "P1-48", "P1-49a", "P1-49b",
	"P1-50", "P1-51", "P1-52",
	"P2-01", "P2-02", "P2-03", "P2-04", "P2-05", "P2-06", "P2-07a", "P2-07b", "P2-07c", "P2-08a",
	"P2-08b", "P2-09a", "P2-09b", "P2-10a", "P2-10b", "P2-11", "P2-12a", "P2-12b", "P2-13",
	"P3-1", "P3-2.1", "P3-2.2", "P3-2.3", "P3-2.4", "P3-2.5", "P3-2.6", "P3-2.7a", "P3-2.7b",
	"P3-3", "P3-4", "P3-5", "P3-6", "P3-7", "P3-8", "P3-9",
}

func knownArticle(rule string) bool { return slices.Contains(articles, rule) }
