package formats

import (
	"bytes"
	"encoding/json"
)

// Member is a name and a value of an object in JSON.
type Member struct{ Name, Value string }

// With is an object in JSON in which a fuzzer has chosen the value of one member: value itself, if that is JSON, or else the text.
// A number over the last one adds a member.
func With(members []Member, which uint8, value string) []byte {
	text := []byte(value)
	if !json.Valid(text) {
		text, _ = json.Marshal(value)
	}
	n := int(which) % (len(members) + 1)
	members = append(members[:len(members):len(members)], Member{"new", ""})
	var out bytes.Buffer
	for i, m := range members {
		switch {
		case i == n:
			m.Value = string(text)
		case m.Value == "":
			continue
		}
		out.WriteString(`,"` + m.Name + `":` + m.Value)
	}
	out.WriteByte('}')
	object := out.Bytes()
	object[0] = '{'
	return object
}
