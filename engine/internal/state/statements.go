package state

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// Statement is one that an app keeps.
type Statement struct {
	Server string    `json:"server"` // the device's
	Text   string    `json:"text"`
	At     time.Time `json:"at"` // when it came
}

// until is by the device's clock; zero for a text that this library cannot read.
func (s Statement) until() time.Time {
	parsed, err := ident.ParseStatement(s.Text)
	if err != nil {
		return time.Time{}
	}
	return parsed.Until
}

// StatementRenewal is how much longer than the one that is kept a new statement
// must hold to be kept in its place: not each connect is worth a write to the disk.
const StatementRenewal = 24 * time.Hour

func (s *Store) KeepStatement(deviceID string, fresh Statement) error {
	return s.change(func(now *File) (*File, error) {
		kept, known := now.Statements[deviceID]
		if known && kept.Server == fresh.Server && fresh.until().Sub(kept.until()).Abs() < StatementRenewal {
			return nil, nil
		}
		changed := now.clone()
		if !known && len(changed.Statements) >= MaxStatements {
			delete(changed.Statements, oldest(changed.Statements, func(s Statement) time.Time { return s.At }))
		}
		put(&changed.Statements, deviceID, fresh)
		return changed, nil
	})
}

// Statements are those of the devices at a server, the newest first. Whether they
// still hold is for the server's clock to say.
func (s *Store) Statements(server string) []string {
	all := slices.DeleteFunc(slices.Collect(maps.Values(s.Now().Statements)), func(s Statement) bool { return s.Server != server })
	slices.SortFunc(all, func(a, b Statement) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Text, b.Text)) })
	var texts []string
	for _, s := range all {
		texts = append(texts, s.Text)
	}
	return texts
}
