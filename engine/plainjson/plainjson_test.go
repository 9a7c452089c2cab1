package plainjson

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestWhatReadersUnderstandInTwoWaysIsRefused(t *testing.T) {
	for _, text := range []string{
		``, `{`, `{} {}`, "\ufeff{}", "{\"a\":\"\xff\"}", `{"a":1,"a":2}`, `{"A":1}`, `{"a":1,"A":2}`, `{"":1}`, `{"a b":1}`, `{"é":1}`,
		"{\"\u212aey\":1}", `{"a":{"b":1,"b":2}}`, `{"a":[{"b":1},{"b":1,"b":2}]}`, `[{"a":[[{"C":0}]]}]`, `{"a":{},"a":[]}`,
	} {
		var v any
		if err := Unmarshal([]byte(text), &v); err == nil {
			t.Errorf("%s is %v", text, v)
		}
	}
}

func TestBytesHaveOneSpelling(t *testing.T) {
	for text, want := range map[string]bool{
		`"AAECAw=="`: true, `""`: true, `null`: true,
		`"AAECAw"`: false, `"AAECAx=="`: false, `"AAEC\nAw=="`: false, `[0,1,2,3]`: false, `"-_-_"`: false, `1`: false,
	} {
		var v struct {
			B Bytes `json:"b,omitempty"`
		}
		err := Unmarshal([]byte(`{"b":`+text+`}`), &v)
		if (err == nil) != want {
			t.Errorf("%s: %v, %v", text, v.B, err)
		}
		if again, _ := json.Marshal(v); err == nil && len(v.B) > 0 && string(again) != `{"b":`+text+`}` {
			t.Errorf("%s becomes %s", text, again)
		}
	}
}

func TestTheRestIsReadAsItIs(t *testing.T) {
	for _, text := range []string{
		`null`, `1`, `"A"`, `[]`, `{}`, `{"a":"A","b_2":["A","A",{"a":null}],"c":{"a":{}}}`, `[{"a":1},{"a":1}]`, `{"a":[[],[{}],1],"b":1e99}`,
		strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
	} {
		var v, want any
		if err := Unmarshal([]byte(text), &v); err != nil {
			t.Errorf("%.50s: %v", text, err)
		}
		json.Unmarshal([]byte(text), &want)
		if !reflect.DeepEqual(v, want) {
			t.Errorf("%.50s is %v", text, v)
		}
	}
}
