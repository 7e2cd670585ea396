package deployment

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// Samples is texts that a regular expression of nginx's fits: each takes other ones of its
// alternatives. They are the expression's own to say: the caller sees where nginx takes
// them.
func Samples(expression string) []string {
	// What PCRE has and RE2 has not, as far as a sample can do without.
	for _, around := range []string{"(?!", "(?<!", "(?=", "(?<="} {
		expression = without(expression, around)
	}
	expression = strings.ReplaceAll(expression, "(?>", "(?:")
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil
	}
	re, err := regexp.Compile(expression)
	if err != nil {
		return nil
	}
	const variants = 3
	var all []string
	for i := range variants {
		s := sampler{choice: i}
		s.write(parsed)
		if text := s.String(); re.MatchString(text) && utf8.ValidString(text) && len(text) < maxSample && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

const maxSample = 2000

// sampler writes a sample with the alternatives of its choice.
type sampler struct {
	strings.Builder
	choice int
}

// without takes the groups that begin so out of an expression.
func without(expression, begin string) string {
	for {
		at := strings.Index(expression, begin)
		if at < 0 {
			return expression
		}
		// (?<name> is not (?<=, and what is no group ends nowhere.
		depth, end := 0, -1
		for i := at; i < len(expression); i++ {
			switch expression[i] {
			case '\\':
				i++
			case '(':
				depth++
			case ')':
				if depth--; depth == 0 {
					end = i + 1
				}
			}
			if end > 0 {
				break
			}
		}
		if end < 0 {
			return expression
		}
		expression = expression[:at] + expression[end:]
	}
}

const wanted = "1abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ023456789-_./"

func (b *sampler) write(re *syntax.Regexp) {
	if b.Len() > maxSample {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			b.WriteRune(r)
		}
	case syntax.OpCharClass:
		for _, r := range wanted {
			for i := 0; i+1 < len(re.Rune); i += 2 {
				if re.Rune[i] <= r && r <= re.Rune[i+1] {
					b.WriteRune(r)
					return
				}
			}
		}
		if len(re.Rune) > 0 {
			b.WriteRune(re.Rune[0])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('1')
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			b.write(sub)
		}
	case syntax.OpAlternate:
		b.write(re.Sub[min(b.choice, len(re.Sub)-1)])
	case syntax.OpPlus:
		b.write(re.Sub[0])
	case syntax.OpRepeat:
		for range re.Min {
			b.write(re.Sub[0])
		}
	}
}
