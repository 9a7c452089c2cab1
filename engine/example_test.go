package engine_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

// serve answers the lines of all apps until the device is closed.
func serve(device *engine.Device) {
	for {
		session, err := device.Accept(-1)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			log.Print(err)
			return
		}
		go func() {
			defer session.Close()
			channel := session.Channel(0)
			for lines := bufio.NewScanner(channel); lines.Scan(); {
				fmt.Fprintf(channel, "you said %q\n", lines.Text())
			}
		}()
	}
}

// ask says a line to a device and returns its answer.
func ask(ctx context.Context, ticket, address, line string) (string, error) {
	app, err := engine.NewApp(engine.Config{UID: "alice", DisableLAN: true})
	if err != nil {
		return "", err
	}
	defer app.Close()
	target, err := app.Resolve(ticket)
	if err != nil {
		return "", err
	}
	if err := app.AddAddress(target, address); err != nil {
		return "", err
	}
	session, err := app.Connect(ctx, target, engine.ConnectOptions{})
	if err != nil {
		return "", err
	}
	defer session.Close()
	channel := session.Channel(0)
	if deadline, ok := ctx.Deadline(); ok {
		channel.SetDeadline(deadline)
	}
	if _, err := fmt.Fprintln(channel, line); err != nil {
		return "", err
	}
	return bufio.NewReader(channel).ReadString('\n')
}

// A device serves, and an app asks it. They need neither a server nor a search in the
// local network, since the app is told the device's address.
func Example() {
	device, err := engine.NewDevice(engine.Config{DisableLAN: true})
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()
	if err := device.Listen(); err != nil {
		log.Fatal(err)
	}
	go serve(device)

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := ask(ctx, device.Ticket(), device.Address(), "hello")
	if err != nil {
		fmt.Println(err)
	}
	fmt.Print(answer)
	// Output: you said "hello"
}
