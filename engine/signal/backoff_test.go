package signal

import (
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// mostDialsInAMinute is far more than full jitter makes, and far less than a loop.
const mostDialsInAMinute = 30

// A client of a server that stays away asks less and less often, each at times of its own.
func TestBackoff(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		s.answer(nil)
		c := s.client(App, "app")
		time.Sleep(10 * time.Hour)
		dials := s.dialled()
		window, different := backoffBase, map[time.Duration]bool{}
		for i := range dials[1:] {
			pause := dials[i+1].Sub(dials[i])
			if pause > window {
				t.Errorf("pause %d is %v, want %v at most", i, pause, window)
			}
			different[pause] = true
			window = min(2*window, backoffMost)
		}
		if n, want := len(dials), int(10*time.Hour/(backoffMost/2)); n < want*3/4 || n > want*5/4 {
			t.Errorf("%d dials in ten hours, want about %d", n, want)
		}
		if len(different) < len(dials)*9/10 {
			t.Errorf("only %d different pauses of %d: a whole fleet would come at once", len(different), len(dials))
		}

		// Who waits ends the pause, and starts the backoff over: nobody is left alone for a minute
		// because of what was before.
		begin := time.Now()
		for range 20 {
			c.Online()
			synctest.Wait()
			if n := len(s.dialled()); n == 0 {
				t.Fatal("somebody waits, and nothing is dialled")
			}
			time.Sleep(backoffBase)
			if n := len(s.dialled()); n == 0 {
				t.Fatalf("no second attempt within %v", backoffBase)
			}
		}
		if took := time.Since(begin); took != 20*backoffBase {
			t.Error(took)
		}
		s.answer(s.broker.Serve)
		begin = time.Now()
		<-c.Online()
		if waited := time.Since(begin); waited > 0 || c.Err() != nil {
			t.Errorf("online after %v, %v", waited, c.Err())
		}
	})
}

// A client whose server ended a connection that had lasted comes back within the time in which all
// of them do; what was asked for while it was online does not make it come earlier.
func TestComingBack(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		c := s.client(Device, "dev")
		early := 0
		const rounds = 100
		for range rounds {
			time.Sleep(backoffStable)
			<-c.Online()
			c.Doubt()
			time.Sleep(time.Second)
			s.cut()
			synctest.Wait()
			if c.isOnline() {
				t.Fatal("back without a pause")
			}
			time.Sleep(backoffReturn / 2)
			if c.isOnline() {
				early++
			}
			time.Sleep(backoffReturn / 2)
			if !c.isOnline() {
				t.Fatal("not back")
			}
		}
		if early < rounds/4 || early > rounds*3/4 {
			t.Errorf("%d of %d were back after half of the time", early, rounds)
		}
	})
}

// Refusals that bid a client come again are failures like others.
func TestARefusalForNowBacksOff(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		s.answer((&scriptedServer{code: packets.ErrRefusedServerUnavailable}).serve)
		s.client(Device, "dev")
		time.Sleep(time.Hour)
		s.dialled()
		time.Sleep(10 * time.Hour)
		if n, want := len(s.dialled()), int(10*time.Hour/(backoffMost/2)); n > want*5/4 {
			t.Errorf("%d dials in ten hours, want about %d", n, want)
		}
	})
}

// fleet is a model of the clients of a server that is away for a while: what backoff says they do,
// and a server that logs in so many a second, in their order. Who is too many there is refused.
type fleet struct {
	away    time.Duration
	every   time.Duration // the time of one login
	waiting int           // for whom there is room
}

// over returns when all are logged in again, and the most attempts that came within one second.
func (f fleet) over(clients int) (over time.Duration, busiest int) {
	attempts := make([]int, 600)
	events := make(map[time.Duration][]*backoff) // in steps of a millisecond
	add := func(at time.Duration, b *backoff) {
		events[at.Truncate(time.Millisecond)] = append(events[at.Truncate(time.Millisecond)], b)
	}
	for range clients {
		b := &backoff{}
		add(b.lost(io.EOF), b)
	}
	free := f.away // when the server has logged in all who wait
	for now := time.Duration(0); clients > 0; now += time.Millisecond {
		for _, b := range events[now] {
			attempts[now/time.Second]++
			queue := max(0, free-now)
			switch {
			case now < f.away:
				add(now+time.Millisecond+b.failed(), b) // refused by its machine
			case queue > connectTimeout:
				add(now+connectTimeout+b.failed(), b)
			case int(queue/f.every) >= f.waiting:
				add(now+time.Millisecond+b.failed(), b)
			default:
				free = max(free, now) + f.every
				over = free
				clients--
			}
		}
		delete(events, now)
	}
	for _, n := range attempts {
		busiest = max(busiest, n)
	}
	return over, busiest
}

// After a restart a full server has all of its clients back within 15 s.
func TestTenThousandComeBack(t *testing.T) {
	const clients = 10000
	for _, away := range []time.Duration{200 * time.Millisecond, time.Second, 2 * time.Second} {
		for _, perSecond := range []int{1250, 2500, 10000} {
			f := fleet{away: away, every: time.Second / time.Duration(perSecond), waiting: 2048}
			over, busiest := f.over(clients)
			t.Logf("away for %v, %d logins a second: over after %v, %d attempts in a second at most", away, perSecond, over, busiest)
			if over > 15*time.Second {
				t.Errorf("away for %v, %d logins a second: over after %v", away, perSecond, over)
			}
			if busiest > clients/4 {
				t.Errorf("away for %v: %d attempts within a second", away, busiest)
			}
		}
	}
}

// A server that stays away gets few attempts, in the long run.
func TestTenThousandWithoutAServer(t *testing.T) {
	const clients, hours = 10000, 1
	attempts := 0
	for range clients {
		b := &backoff{}
		for at := b.lost(io.EOF); at < (hours+1)*time.Hour; at += b.failed() {
			if at >= hours*time.Hour {
				attempts++
			}
		}
	}
	perSecond := attempts / int(time.Hour/time.Second)
	t.Logf("%d attempts a second", perSecond)
	if perSecond > clients/25 {
		t.Errorf("%d attempts a second", perSecond)
	}
}

// A client that was suspended finds that its server has ended its connection, and that of nobody else: it comes back at once,
// also if there was something to read first.
func TestWhoWasSuspendedComesBackAtOnce(t *testing.T) {
	for name, wake := range map[string]func(l *link){
		"to nothing":   func(*link) {},
		"to a message": func(l *link) { l.notice(); l.heard.Store(time.Now().UnixNano()) },
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *testServer) {
				c := s.client(Device, "dev")
				time.Sleep(2 * lease) // it is heard meanwhile
				l := c.currentLink()
				if l.reason(nil) != nil {
					t.Error("a client that is awake is taken for one that was suspended")
				}
				l.heard.Store(time.Now().Add(-lease - time.Second).UnixNano())
				wake(l)
				s.cut()
				synctest.Wait()
				if !c.isOnline() {
					t.Error("it waits")
				}
			})
		})
	}
}

// A connection that this host has given up was ended for nobody else; nor is it this client's trouble for ever that its clock
// was set once.
func TestWhoseTroubleItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		longest := func(why error) (pause time.Duration) {
			var b backoff
			for range 1000 {
				pause = max(pause, b.lost(why))
			}
			return pause
		}
		own := []error{errSilent, errAway, os.NewSyscallError("read", syscall.ETIMEDOUT), os.ErrDeadlineExceeded}
		for _, why := range givenUp {
			own = append(own, &net.OpError{Op: "read", Err: os.NewSyscallError("read", why)})
		}
		for _, own := range own {
			if pause := longest(own); pause != 0 {
				t.Errorf("%v: waits up to %v", own, pause)
			}
		}
		l := &link{begun: time.Now()}
		hear := func() {
			l.notice()
			l.heard.Store(time.Now().UnixNano())
		}
		l.heard.Store(time.Now().Add(-time.Hour).UnixNano()) // the clock was set
		for range 10 {
			time.Sleep(15 * time.Second)
			hear()
		}
		for _, servers := range []error{io.EOF, &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}} {
			if pause := longest(l.reason(servers)); pause < backoffReturn/2 {
				t.Errorf("%v: all are back within %v", servers, pause)
			}
		}
	})
}
