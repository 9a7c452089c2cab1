//go:build linux

package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/quic-go/quic-go"
)

// quicCarrier is quic-go as it comes, with its own defaults.
type quicCarrier struct{}

// quicConfig keeps idle sessions alive as ours are, and leaves the rest alone.
func quicConfig() *quic.Config {
	return &quic.Config{MaxIdleTimeout: time.Minute, KeepAlivePeriod: 10 * time.Second}
}

// quicSession has a stream for each channel. The first byte of each names it.
type quicSession struct {
	conn    *quic.Conn
	socket  *net.UDPConn // the app's side
	streams [channels]*quic.Stream
}

// prioritise puts commands first.
func prioritise(s *quic.Stream, number int) {
	urgency := int8(3)
	if number == commands {
		urgency = 0
	}
	s.SetPriority(urgency, true)
}

func (s *quicSession) channel(number int) (channel, error) { return s.streams[number], nil }

func (s *quicSession) close() {
	s.conn.CloseWithError(0, "")
	if s.socket != nil {
		s.socket.Close()
	}
}

func (quicCarrier) dial(address string, config *tls.Config) (session, error) {
	to, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, err
	}
	conn, err := quic.Dial(background, socket, to, config, quicConfig())
	if err != nil {
		return nil, err
	}
	s := &quicSession{conn: conn, socket: socket}
	for number := range s.streams {
		stream, err := conn.OpenStream()
		if err != nil {
			return nil, err
		}
		prioritise(stream, number)
		if _, err := stream.Write([]byte{byte(number)}); err != nil {
			return nil, err
		}
		s.streams[number] = stream
	}
	return s, nil
}

func (quicCarrier) listen(address string, config *tls.Config, serve func(session)) error {
	on, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return err
	}
	socket, err := net.ListenUDP("udp", on)
	if err != nil {
		return err
	}
	listener, err := quic.Listen(socket, config, quicConfig())
	if err != nil {
		return err
	}
	fmt.Println("ready", listener.Addr())
	for {
		conn, err := listener.Accept(background)
		if err != nil {
			return err
		}
		go func() {
			s := &quicSession{conn: conn}
			for range s.streams {
				stream, err := conn.AcceptStream(background)
				if err != nil {
					return
				}
				var name [1]byte
				if _, err := io.ReadFull(stream, name[:]); err != nil || name[0] >= channels {
					return
				}
				prioritise(stream, int(name[0]))
				s.streams[name[0]] = stream
			}
			serve(s)
		}()
	}
}
