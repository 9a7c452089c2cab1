//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	randv2 "math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const protocol = "bench"

func deviceTLS() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos:   []string{protocol},
		MinVersion:   tls.VersionTLS13,
	}, nil
}

// appTLS trusts anyone: who the device is does not matter here.
func appTLS() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}, MinVersion: tls.VersionTLS13}
}

// tlsCarrier is TLS over the kernel's TCP: a connection for each channel.
type tlsCarrier struct{ congestion string }

// control sets the congestion control of a socket. The namespace's default may be
// anything.
func (t tlsCarrier) control(_, _ string, c syscall.RawConn) error {
	var err error
	controlErr := c.Control(func(fd uintptr) {
		err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, t.congestion)
	})
	if controlErr != nil {
		return controlErr
	}
	return err
}

// check makes sure that an accepted connection has inherited it.
func (t tlsCarrier) check(conn *net.TCPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	name := ""
	controlErr := raw.Control(func(fd uintptr) {
		name, err = unix.GetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION)
	})
	if controlErr != nil {
		return controlErr
	}
	if err == nil && name != t.congestion {
		err = fmt.Errorf("congestion control is %s, not %s", name, t.congestion)
	}
	return err
}

// tlsSession groups connections. Each begins with the session's number and that
// of the channel.
type tlsSession struct {
	number uint64
	dialer func(channel int) (*tls.Conn, error) // the app's side

	mu      sync.Mutex
	arrived *sync.Cond
	conns   [channels]*tls.Conn
}

func newTLSSession(number uint64) *tlsSession {
	s := &tlsSession{number: number}
	s.arrived = sync.NewCond(&s.mu)
	return s
}

// channel dials on the app's side, and waits for the connection on the device's.
func (s *tlsSession) channel(number int) (channel, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.conns[number] == nil {
		if s.dialer == nil {
			s.arrived.Wait()
			continue
		}
		conn, err := s.dialer(number)
		if err != nil {
			return nil, err
		}
		s.conns[number] = conn
	}
	return s.conns[number], nil
}

func (s *tlsSession) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		if conn != nil {
			conn.NetConn().Close()
		}
	}
}

func (t tlsCarrier) dial(address string, config *tls.Config) (session, error) {
	s := newTLSSession(randv2.Uint64())
	s.dialer = func(number int) (*tls.Conn, error) {
		dialer := &tls.Dialer{NetDialer: &net.Dialer{Control: t.control}, Config: config}
		conn, err := dialer.DialContext(background, "tcp", address)
		if err != nil {
			return nil, err
		}
		_, err = conn.Write(append(binary.BigEndian.AppendUint64(nil, s.number), byte(number)))
		return conn.(*tls.Conn), err
	}
	_, err := s.channel(commands)
	return s, err
}

func (t tlsCarrier) listen(address string, config *tls.Config, serve func(session)) error {
	listener, err := (&net.ListenConfig{Control: t.control}).Listen(background, "tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("ready", listener.Addr())
	var mu sync.Mutex
	sessions := map[uint64]*tlsSession{}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		if err := t.check(conn.(*net.TCPConn)); err != nil {
			return err
		}
		go func() {
			c := tls.Server(conn, config)
			var head [9]byte
			if _, err := io.ReadFull(c, head[:]); err != nil || head[8] >= channels {
				return
			}
			number := binary.BigEndian.Uint64(head[:])
			mu.Lock()
			s := sessions[number]
			if s == nil {
				s = newTLSSession(number)
				sessions[number] = s
			}
			mu.Unlock()
			s.mu.Lock()
			s.conns[head[8]] = c
			s.arrived.Broadcast()
			s.mu.Unlock()
			if head[8] == commands {
				serve(s)
			}
		}()
	}
}
