package names

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsText reports whether s is one line of text that shows what it says: valid
// UTF-8 without what would end or garble a C string, a log line or a screen, which
// are the control characters of ASCII and of Unicode, line and paragraph
// separators, and invisible characters, those that turn the direction of writing
// among them. The two that join letters and emoji are welcome.
func IsText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) || isInvisible(r) && r != zeroWidthJoiner && r != zeroWidthNonJoiner
	})
}

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

func isInvisible(r rune) bool { return unicode.Is(unicode.Cf, r) }

// IsVisible reports whether s is ASCII without spaces, which is all that
// signalling lets through.
func IsVisible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// clings reports whether r may come along when people copy a text: white space, a
// byte-order mark, and other things that nobody sees.
func clings(r rune) bool { return unicode.IsSpace(r) || isInvisible(r) }

// Trimmed is a text without what clings to its ends.
func Trimmed(s string) string { return strings.TrimFunc(s, clings) }

// Unwrapped is a text of visible characters without what clings to it anywhere: a
// message may have broken it into lines.
func Unwrapped(s string) string {
	return strings.Map(func(r rune) rune {
		if clings(r) {
			return -1
		}
		return r
	}, s)
}
