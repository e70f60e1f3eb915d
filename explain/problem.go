package explain

// Problem is an error of the API's edge in words: what is wrong with a request before the rules
// look at it, or with the service. The key is the problem's code, or code/cause where one code has
// several causes: Problem(Zh, "not_found/empty_part", nil). A key without words comes back as the
// title.
func Problem(lang Lang, key string, args map[string]string) (title, detail, fix string) {
	t, ok := texts().problems[key]
	if !ok {
		return key, "", ""
	}
	return t.in(lang).say(lang, args)
}

// Phrase is a part of a sentence that a problem's arguments are made of, such as what a member of a
// body must be: Phrase(En, "list", {"max": "5"}) is "a list of at most 5 items". A key without
// words comes back as it is.
func Phrase(lang Lang, key string, args map[string]string) string {
	if text, _ := texts().phrases[key].in(lang).say(args); text != "" {
		return text
	}
	return key
}
