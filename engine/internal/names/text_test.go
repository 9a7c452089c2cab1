package names

import (
	"testing"
)

func TestTextShowsWhatItSays(t *testing.T) {
	for text, want := range map[string]bool{
		"alice":                       true,
		"Zoë Müller, 2. Stock":        true,
		"王小明":                         true,
		"می\u200cخواهم":               true, // with a joiner that its language needs
		"👨\u200d👩\u200d👧":             true,
		"a\x00b":                      false,
		"a\nb":                        false,
		"a\x7fb":                      false,
		"next\u0085line":              false,
		"c1\u009b31m":                 false, // a terminal's escape in one character
		"line\u2028separator":         false,
		"paragraph\u2029separator":    false,
		"right\u202eto left":          false,
		"isolated\u2066text\u2069":    false,
		"mark\u200ebetween":           false,
		"\ufeffbyte-order mark":       false,
		"not UTF-8 \xff":              false,
		"overlong \xc0\x80":           false,
		"half of a pair \xed\xa0\x80": false,
	} {
		if IsText(text) != want {
			t.Errorf("%q is text: %v", text, !want)
		}
	}
}
