package main

import (
	"log/slog"
	"net"
	"os"
)

// notify tells the service manager how it stands, where there is one that wants to know: sd_notify(3).
func notify(state string, log *slog.Logger) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err == nil {
		defer c.Close()
		_, err = c.Write([]byte(state))
	}
	if err != nil {
		log.Warn("the service manager was not told", "state", state, "error", err)
	}
}
