// Package plainjson reads JSON of strangers as all readers do, whatever they are
// written in. Where those go different ways, and who says one thing to two of them
// would be understood twice, it refuses.
package plainjson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

var (
	errNotJSON   = errors.New("not JSON in UTF-8")
	errNotBase64 = errors.New("not base64 with padding and without line ends")
	errName      = errors.New("a name in an object that is not of lower-case letters, digits and underscores, or that stands there twice")
)

const nameLetters = "abcdefghijklmnopqrstuvwxyz0123456789_"

// Unmarshal is json.Unmarshal for texts in UTF-8 whose objects have each name once,
// in lower case: others read names with or without regard to case, and of several the
// first or the last.
func Unmarshal(text []byte, v any) error {
	if !utf8.Valid(text) || !json.Valid(text) {
		return errNotJSON
	}
	if err := checkNames(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// checkNames reads the value that comes next.
func checkNames(d *json.Decoder) error {
	d.UseNumber()
	open := []map[string]bool{} // the arrays (nil) and objects that are open
	inName := false
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, isText := token.(string)
		switch {
		case inName && isText:
			names := open[len(open)-1]
			if names[name] || strings.Trim(name, nameLetters) != "" || name == "" {
				return errName
			}
			names[name], inName = true, false
			continue
		case token == json.Delim('{'):
			open = append(open, map[string]bool{})
			inName = true
			continue
		case token == json.Delim('['):
			open = append(open, nil)
			inName = false
			continue
		case token == json.Delim('}') || token == json.Delim(']'):
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			return nil
		}
		inName = open[len(open)-1] != nil
	}
}

// Bytes are a text in JSON: padded base64 (RFC 4648, section 4) in its one spelling.
type Bytes []byte

func (b Bytes) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, b), nil
}

func (b *Bytes) UnmarshalText(text []byte) error {
	decoded, err := base64.StdEncoding.Strict().DecodeString(string(text))
	if err != nil {
		return err
	}
	if len(text) != base64.StdEncoding.EncodedLen(len(decoded)) { // DecodeString skips line ends
		return errNotBase64
	}
	*b = decoded
	return nil
}
