// Package engine connects an app to a device by the device's id, peer to peer, and
// gives them eight channels, each a stream of bytes in both directions.
//
// A device is made by NewDevice and goes online by Device.Listen. Its ticket, see
// Device.Ticket, is all that an app needs to reach it:
//
//	app, err := engine.NewApp(engine.Config{UID: "alice"})
//	target, err := app.Resolve(ticket)
//	session, err := app.Connect(ctx, target, engine.ConnectOptions{})
//	_, err = fmt.Fprintln(session.Channel(0), "hello")
//
// The device gets the other end of the session from Device.Accept. Config.Server
// names the server through which the two find each other; without one they do so in
// the local network.
//
// Errors carry a Code, which errors.Is finds, as in errors.Is(err, ErrAuth), or
// CodeOf. What Go has a word for is that too: a deadline that has passed is
// os.ErrDeadlineExceeded, a closed session or device net.ErrClosed, and a context
// that has ended context.Canceled or context.DeadlineExceeded.
//
// All methods of App, Device, Session and Channel may be called from any goroutine.
// Whoever makes an App or a Device closes it; that closes its sessions.
package engine
