package names

import (
	"fmt"
	"net/url"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// CheckServer reports whether server is a usable value of Config.Server.
func CheckServer(server string) error {
	if server == "" {
		return nil
	}
	if max(len(server), len(WithoutPassword(server))) > MaxServerLength { // a ticket may have to escape characters
		return codes.Because(codes.ErrInvalidParameter, fmt.Errorf("the server's address is longer than %d characters", MaxServerLength))
	}
	if _, err := signal.ParseServer(server); err != nil {
		return codes.Because(codes.ErrInvalidParameter, err)
	}
	return nil
}

// WithoutPassword is the server as a ticket or a log may show it.
func WithoutPassword(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}
