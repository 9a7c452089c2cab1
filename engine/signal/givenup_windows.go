package signal

import "syscall"

// givenUp is what a connection says that this host has given up, since it has no way to the other: WSAENETDOWN,
// WSAENETUNREACH, WSAECONNABORTED, WSAEHOSTUNREACH and WSAEADDRNOTAVAIL, of which package syscall knows none.
var givenUp = []syscall.Errno{10050, 10051, 10053, 10065, 10049}
