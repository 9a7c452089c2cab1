package main

import (
	"bufio"
	"net/netip"

	"github.com/pires/go-proxyproto"
)

// proxyHeader reads the header of the PROXY protocol, version 1 or 2.
func proxyHeader(r *bufio.Reader) (source, destination netip.AddrPort, err error) {
	header, err := proxyproto.Read(r)
	if err != nil {
		return source, destination, err
	}
	if from, to, ok := header.TCPAddrs(); ok && !header.Command.IsLocal() {
		source, destination = from.AddrPort(), to.AddrPort()
	}
	return source, destination, nil
}

// addNetwork takes a network or a single address.
func addNetwork(networks *[]netip.Prefix, text string) error {
	network, err := netip.ParsePrefix(text)
	if ip, single := netip.ParseAddr(text); single == nil {
		network, err = netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	if err == nil {
		*networks = append(*networks, network)
	}
	return err
}
