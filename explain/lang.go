// Package explain is everything the product says to people about the rules: articles, facts,
// refusals, parameters and words, in English and Chinese. The sentences stand in the JSON files
// beside this one, both languages next to each other; the code only picks one and fills it in.
// Nothing here decides anything.
package explain

import (
	"strings"

	"golang.org/x/text/language"
)

// Lang is a language the product speaks. The zero value is English.
type Lang string

// The languages.
const (
	En Lang = "en"
	Zh Lang = "zh"
)

// Langs lists the languages; callers must not change it.
var Langs = []Lang{En, Zh}

// Tag is the language as an HTTP Content-Language or an HTML lang attribute names it.
func (l Lang) Tag() string {
	if l == Zh {
		return "zh-Hans"
	}
	return "en"
}

// spoken are the languages that matcher chooses from: readers of traditional characters are better
// served by simplified ones than by English.
var (
	spoken  = []Lang{En, Zh, Zh}
	matcher = language.NewMatcher([]language.Tag{
		language.English, language.SimplifiedChinese,
		language.TraditionalChinese,
	})
)

// Match is the language that best fits an Accept-Language header; English if none fits or the
// header is malformed.
func Match(acceptLanguage string) Lang {
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return En
	}
	return match(wanted...)
}

// FromEnv is the language of a terminal. It takes the values of LC_ALL, LC_MESSAGES and LANG in
// that order, such as zh_CN.UTF-8; the first that is not empty decides, and English if it names no
// language (C, POSIX).
func FromEnv(values ...string) Lang {
	for _, v := range values {
		if v == "" {
			continue
		}
		name, _, _ := strings.Cut(v, ".")
		name, _, _ = strings.Cut(name, "@")
		tag, err := language.Parse(name) // takes zh_CN as well as zh-CN
		if err != nil {
			return En
		}
		return match(tag)
	}
	return En
}

func match(wanted ...language.Tag) Lang {
	_, i, confidence := matcher.Match(wanted...)
	if confidence == language.No {
		return En
	}
	return spoken[i]
}
