//! What is no text in C, or out of range, gets Error::InvalidParameter from each call that takes such.

use std::ffi::OsStr;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::thread;
use std::time::Duration;

use thingp2p::{App, Device, Error, LogLevel, Mode, MAX_FRAME};

const REFUSED: Option<Error> = Some(Error::InvalidParameter);

fn text_is_refused(app: &App, device: &Device, bad: &str) -> Result<(), Error> {
    let (id, ticket) = (device.id()?, device.ticket()?);
    assert_eq!(App::new(bad).err(), REFUSED);
    assert_eq!(app.add_device(bad, &ticket).err(), REFUSED);
    assert_eq!(app.add_device("name", bad).err(), REFUSED);
    assert_eq!(app.add_address(bad, "192.0.2.1:4711").err(), REFUSED);
    assert_eq!(app.add_address(&id, bad).err(), REFUSED);
    assert_eq!(app.connect(bad).err(), REFUSED);
    assert_eq!(app.connect_with(bad, Mode::Lan, None).err(), REFUSED);
    assert_eq!(app.start_connect(bad, Mode::Lan, None, |_| panic!("called")).err(), REFUSED);
    assert_eq!(app.break_connect(bad).err(), REFUSED);
    assert_eq!(app.preconnect(bad).err(), REFUSED);
    assert_eq!(app.close_preconnect(bad).err(), REFUSED);
    assert_eq!(app.resend_offer(bad).err(), REFUSED);
    assert_eq!(thingp2p::report(bad).err(), REFUSED);
    assert_eq!(Device::open(bad).err(), REFUSED);
    assert_eq!(device.unpair(bad).err(), REFUSED);
    assert_eq!(device.set_option(bad, "x").err(), REFUSED);
    assert_eq!(device.set_option("server", bad).err(), REFUSED);
    assert_eq!(thingp2p::set_option(bad, "x").err(), REFUSED);
    assert_eq!(thingp2p::set_addresses(bad).err(), REFUSED);
    assert_eq!(thingp2p::set_option("state_dir", bad).err(), REFUSED);
    Ok(())
}

/// A session whose device's authorizer gave an error that is no refusal does not come about.
fn only_ok_lets_in(app: &App, device: &Device) -> Result<(), Error> {
    device.listen()?;
    for answer in [Error::Unknown(0), Error::Unknown(1), Error::Unknown(i32::MAX)] {
        device.set_authorizer(move |_| Err(answer))?;
        assert_eq!(app.connect(&device.ticket()?).err(), Some(Error::Auth));
    }
    // Of two threads that set one, the last says what happens, and no other.
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..200 {
                    device.remove_authorizer().expect("removed");
                    device.set_authorizer(|_| Ok(())).expect("set");
                }
            });
        }
    });
    let session = app.connect(&device.ticket()?)?;
    for number in [8, u32::MAX] {
        let mut channel = session.channel(number);
        assert_eq!(channel.read(&mut [0; 8]).expect_err("no such channel").kind(), ErrorKind::InvalidInput);
        assert_eq!(channel.write(&[0; 8]).expect_err("no such channel").kind(), ErrorKind::InvalidInput);
        assert_eq!(channel.send_frame(&[0; 8], true, None).err(), REFUSED);
        assert_eq!(channel.read_frame().err(), REFUSED);
        assert_eq!(channel.clear().err(), REFUSED);
        assert_eq!(channel.unsent().err(), REFUSED);
    }
    for size in [0, MAX_FRAME + 1] {
        assert_eq!(session.channel(0).send_frame(&vec![0; size], true, None).err(), REFUSED);
    }
    Ok(())
}

fn main() -> Result<(), Error> {
    let (app, device) = (App::new("rust")?, Device::in_memory()?);
    text_is_refused(&app, &device, "one\0two")?;
    text_is_refused(&app, &device, &"x".repeat(5000))?;
    assert_eq!(App::new("").err(), REFUSED);
    assert_eq!(App::new("rust").err(), Some(Error::AlreadyInitialized), "one app would end the other");
    assert_eq!(Device::open("").err(), REFUSED);
    assert_eq!(Device::open(OsStr::from_bytes(b"not \xff UTF-8")).err(), REFUSED);
    assert_eq!(app.connect_with("nobody", Mode::Lan, Some(Duration::MAX)).err(), Some(Error::InvalidId));
    thingp2p::set_log(LogLevel::Off, |_, _| ())?;
    only_ok_lets_in(&app, &device)?;
    println!("ok: the arguments");
    Ok(())
}
