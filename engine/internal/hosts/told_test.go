package hosts

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseAddresses(t *testing.T) {
	five := Address{netip.MustParsePrefix("192.168.1.5/24"), ""}
	local := Address{netip.MustParsePrefix("fe80::1/64"), "wlan0"}
	for text, want := range map[string][]Address{
		"":                                  nil,
		" \t\n":                             nil,
		"192.168.1.5/24":                    {five},
		" 192.168.1.5/24  fe80::1%wlan0/64": {five, local},
		"2001:db8::5/128":                   {{netip.MustParsePrefix("2001:db8::5/128"), ""}},
	} {
		if got, err := ParseAddresses(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, bad := range []string{
		"192.168.1.5", "192.168.1.5/33", "192.168.1.5/-1", "192.168.1/24", "/24", "fe80::1/64", "192.168.1.5%eth0/24", "2001:db8::1%eth0/64",
		"::ffff:1.2.3.4/120", "224.0.0.1/4", "0.0.0.0/0", "::/0", "x", "192.168.1.5/24,10.0.0.1/8", strings.Repeat("10.0.0.1/8 ", maxTold+1),
	} {
		if got, err := ParseAddresses(bad); err == nil {
			t.Errorf("%.80q is %v", bad, got)
		}
	}
}

// What the program says counts more than what the system does.
func TestToldAddresses(t *testing.T) {
	t.Cleanup(func() { SetAddresses(nil) })
	system := System{}.Prefixes()
	all, err := ParseAddresses("198.51.100.7/24 fe80::1%wlan0/64")
	if err != nil {
		t.Fatal(err)
	}
	SetAddresses(all)
	if got := (System{}).Prefixes(); !slices.Equal(got, []netip.Prefix{all[0].Prefix, all[1].Prefix}) {
		t.Errorf("%v", got)
	}
	SetAddresses(nil)
	if got := (System{}).Prefixes(); !slices.Equal(got, system) {
		t.Errorf("%v, and %v before", got, system)
	}
}

// FuzzParseAddresses: what is read is addresses that a host may have.
func FuzzParseAddresses(f *testing.F) {
	for _, text := range []string{"192.168.1.5/24 fe80::1%wlan0/64", "::1/128", "a/1", "1.2.3.4/", "%/", "fe80::1%/64"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseAddresses(text)
		if err != nil && all != nil || len(all) > maxTold {
			t.Fatalf("%d addresses, %v", len(all), err)
		}
		for _, a := range all {
			if !a.IsValid() || a.Addr().IsMulticast() || a.Addr().IsUnspecified() || strings.ContainsAny(a.Zone, " \t\n") {
				t.Errorf("%q holds %v", text, a)
			}
		}
	})
}
