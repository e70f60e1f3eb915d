package explain

import (
	"github.com/lunpai/lunpai/workflow"
)

// Screen is a short text of a screen: Screen(Zh, "turn/next", map[string]string{"name": "王芳"}). A
// key without words comes back as it is.
func Screen(lang Lang, key string, args map[string]string) string {
	if text, _ := texts().screens[key].in(lang).say(args); text != "" {
		return text
	}
	return key
}

// Turn says by which rule somebody would receive, with the article.
func Turn(lang Lang, t workflow.Turn) string {
	return Word(lang, "route", string(t.Route)) + source(lang, t.Fact)
}

// Passing says what a turn that goes past does to a place, with the article.
func Passing(lang Lang, f workflow.Fact) string {
	return Word(lang, "pass_effect", f.Detail["effect"]) + source(lang, f)
}
