package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// deviceStatement is one that an app keeps.
type deviceStatement struct {
	Server string    `json:"server"` // the device's
	Text   string    `json:"text"`
	At     time.Time `json:"at"` // when it came
}

// until is by the device's clock; zero for a text that this library cannot read.
func (s deviceStatement) until() time.Time {
	parsed, err := ident.ParseStatement(s.Text)
	if err != nil {
		return time.Time{}
	}
	return parsed.Until
}

// statementRenewal is how much longer than the one that is kept a new statement
// must hold to be kept in its place: not each connect is worth a write to the disk.
const statementRenewal = 24 * time.Hour

func (s *state) keepStatement(deviceID string, fresh deviceStatement) error {
	return s.change(func(now *stateFile) (*stateFile, error) {
		kept, known := now.Statements[deviceID]
		if known && kept.Server == fresh.Server && fresh.until().Sub(kept.until()).Abs() < statementRenewal {
			return nil, nil
		}
		changed := now.clone()
		if !known && len(changed.Statements) >= maxStatements {
			delete(changed.Statements, oldest(changed.Statements, func(s deviceStatement) time.Time { return s.At }))
		}
		put(&changed.Statements, deviceID, fresh)
		return changed, nil
	})
}

// statements are those of the devices at a server, the newest first. Whether they
// still hold is for the server's clock to say.
func (s *state) statements(server string) []string {
	all := slices.DeleteFunc(slices.Collect(maps.Values(s.now().Statements)), func(s deviceStatement) bool { return s.Server != server })
	slices.SortFunc(all, func(a, b deviceStatement) int { return b.At.Compare(a.At) })
	var texts []string
	for _, s := range all {
		texts = append(texts, s.Text)
	}
	return texts
}
