package strict

import "strings"

// maxWord is the length of the longest word that is compared. The work grows with its square.
const maxWord = 64

// Suggest returns `, did you mean "x"?` for the candidate that is nearest to word. It returns
// "" if no candidate is near enough to be a typing mistake. One letter in three may be wrong,
// counted in the shorter of the two words, so words of three to five letters may have one
// wrong letter. Numbers get no suggestion: 500 is not a typing mistake for 502.
func Suggest(word string, candidates []string) string {
	if len(word) > maxWord || strings.Trim(word, "0123456789") == "" {
		return ""
	}
	best, distance := "", maxWord
	for _, c := range candidates {
		if len(c) > maxWord {
			continue
		}
		if d := editDistance(strings.ToLower(word), strings.ToLower(c)); d < distance && d <= min(len(word), len(c))/3 {
			best, distance = c, d
		}
	}
	// The word may be a part of a longer one, for example one that the user did not finish.
	if best == "" && len(word) >= 3 {
		for _, c := range candidates {
			if len(c) <= maxWord && strings.Contains(c, word) {
				best = c
				break
			}
		}
	}
	if best == "" {
		return ""
	}
	return `, did you mean "` + best + `"?`
}

// editDistance counts insertions, deletions, replacements and swaps of neighbouring letters.
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
