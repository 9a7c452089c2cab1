//go:build linux

package lab

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// timerfd is an emulator.Alarm with the precision of the kernel's timers.
type timerfd struct {
	fd   int
	file *os.File
}

func newTimerfd() (*timerfd, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &timerfd{fd, os.NewFile(uintptr(fd), "timerfd")}, nil
}

func (t *timerfd) Set(d time.Duration) {
	d = max(d, 1) // 0 would disarm it
	unix.TimerfdSettime(t.fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}, nil)
}

func (t *timerfd) Wait() bool {
	var expirations [8]byte
	_, err := t.file.Read(expirations[:])
	return err == nil
}

func (t *timerfd) Close() { t.file.Close() }
