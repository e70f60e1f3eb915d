package api

import (
	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/workflow"
)

// Fact is one thing that was decided, with the article behind it.
type Fact struct {
	workflow.Fact
	// Text says it in one sentence, in the language of the request, with the article. Only with
	// explain=true.
	Text string `json:"text,omitempty"`
}

// Explaining is the query of every answer that holds facts.
type Explaining struct {
	// Explain adds to every fact the sentence that says it, in the language of the request.
	Explain bool `query:"explain"`
}

func (e *Explaining) explains() bool { return e.Explain }

// factsOf are facts without their sentences.
func factsOf(facts []workflow.Fact) []Fact {
	out := make([]Fact, len(facts))
	for i, f := range facts {
		out[i] = Fact{Fact: f}
	}
	return out
}

// said are facts as the caller wants them: with their sentences, or without.
func (c *call) said(facts []workflow.Fact) []Fact {
	out := factsOf(facts)
	c.say(out)
	return out
}

// say adds the sentences, if the caller wants them.
func (c *call) say(facts []Fact) {
	if c.explain {
		tell(lang(c), facts)
	}
}

// tell adds the sentences.
func tell(l explain.Lang, facts []Fact) {
	for i := range facts {
		facts[i].Text = explain.Fact(l, facts[i].Fact, nil)
	}
}
