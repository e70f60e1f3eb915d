package explain

import "github.com/lunpai/lunpai/workflow"

// Fault is a refusal in words: a title that is the same for every refusal of its code, one sentence
// with the particulars, and how to mend it. f must not be nil.
func Fault(lang Lang, f *workflow.Fault) (title, detail, fix string) {
	t, ok := faultOf(lang, f.Code, f.Rule)
	if !ok {
		return f.Code, f.Error(), ""
	}
	return t.say(lang, f.Args)
}

// say fills the arguments in, codes among them in plain words.
func (t faultText) say(lang Lang, args map[string]string) (title, detail, fix string) {
	values := make(map[string]string, len(args))
	for k, v := range args {
		values[k] = value(lang, k, v, func(id string) string { return id })
	}
	title, _ = t.Title.say(values)
	detail, _ = t.Detail.say(values)
	fix, _ = t.Fix.say(values)
	return title, detail, fix
}

// faultOf finds a refusal by code and article, then by code.
func faultOf(lang Lang, code, rule string) (faultText, bool) {
	if t, ok := texts().faults[code+"/"+rule]; ok {
		return t.in(lang), true
	}
	t, ok := texts().faults[code]
	return t.in(lang), ok
}
