//! The scenario in Rust, by the crate thingp2p.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::io::{AsFd, AsRawFd};
use std::sync::{mpsc, Arc};
use std::thread;
use std::time::{Duration, SystemTime};

use thingp2p::{App, Channel, Device, Error, Event, Events, LogLevel, Mode, Poller, Session};

use stream::{pattern, stream_crc, Crc, BLOCK};

mod stream;

const COMMANDS: u32 = 0;
const VIDEO: u32 = 1;
const FRAMES: u32 = 4;
const BYTES: u32 = 6;
const PATIENCE: Option<Duration> = Some(Duration::from_secs(180));
const STREAM_BYTES: usize = 64 << 20;

fn streams(mut commands: &Channel, lines: &mut impl BufRead, mut video: Channel) -> io::Result<()> {
    writeln!(commands, "stream {}", STREAM_BYTES)?;
    let (mut crc, mut done, mut block) = (Crc::new(), 0, vec![0; BLOCK]);
    while done < STREAM_BYTES {
        let got = video.read(&mut block)?;
        assert!(got > 0);
        crc.add(&block[..got]);
        done += got;
    }
    assert_eq!(crc.sum(), stream_crc(STREAM_BYTES));

    writeln!(commands, "sink {}", STREAM_BYTES)?;
    let pattern = pattern();
    for offset in (0..STREAM_BYTES).step_by(BLOCK) {
        video.write_all(&pattern[offset % 251..][..BLOCK])?;
    }
    let mut line = String::new();
    lines.read_line(&mut line)?;
    assert_eq!(line.trim().parse(), Ok(stream_crc(STREAM_BYTES)));
    Ok(())
}

fn break_connect(app: &App) -> Result<(), Error> {
    let absent = Device::in_memory()?;
    let (sender, outcome) = mpsc::channel();
    let trace_id = app.start_connect(&absent.id()?, Mode::Internet, None, move |result| {
        sender.send(result.map(drop)).expect("someone waits")
    })?;
    app.break_connect(&trace_id)?;
    assert_eq!(outcome.recv(), Ok(Err(Error::ConnectBreak)));
    assert!(
        outcome.recv().is_err(),
        "the callback is called once, and dropped"
    );

    let token = Arc::new(());
    let kept = token.clone();
    assert_eq!(
        app.start_connect("nobody", Mode::Internet, None, move |_| drop(kept)),
        Err(Error::InvalidId)
    );
    assert_eq!(Arc::strong_count(&token), 1);
    Ok(())
}

/// A device and its app in one process.
fn be_a_device(app: &App) -> io::Result<()> {
    let device = Device::in_memory()?;
    let token = Arc::new(());
    let first = token.clone();
    device.set_authorizer(move |_| {
        let _ = &first;
        Err(Error::DevicePrivacy)
    })?;
    device.listen()?;
    let ticket = device.ticket()?;
    assert_eq!(app.connect(&ticket).err(), Some(Error::DevicePrivacy));
    device.set_authorizer(|peer| {
        if peer.uid == "rust" && peer.has_ticket {
            Ok(())
        } else {
            Err(Error::Auth)
        }
    })?;
    assert_eq!(Arc::strong_count(&token), 1);

    let near = app.connect(&ticket)?;
    let far = device.accept(PATIENCE)?;
    assert_eq!(far.peer().expect("an app").trace_id, near.info()?.trace_id);
    far.channel(3).write_all(b"hi")?;
    let mut text = [0; 2];
    near.channel(3).read_exact(&mut text)?;
    assert_eq!(&text, b"hi");
    assert_eq!(
        device.accept(Some(Duration::from_millis(20))).err(),
        Some(Error::Timeout)
    );

    frames(&near, &far)?;
    clear(&near, &far)?;
    poll(&device, &near, &far)?;
    pairings(app, &device, &far.peer().expect("an app").app_id)?;
    let blocked = {
        let mut channel = far.channel(0);
        thread::spawn(move || channel.read(&mut [0; 8]).expect_err("closed here").kind())
    };
    drop(device);
    let kind = blocked.join().expect("no panic");
    assert!(
        kind == ErrorKind::ConnectionAborted || kind == ErrorKind::NotConnected,
        "{:?}",
        kind
    );
    assert_eq!(near.channel(3).read(&mut text)?, 0);
    assert_eq!(far.check(), Err(Error::InvalidSession));
    Ok(())
}

fn frames(near: &Session, far: &Session) -> Result<(), Error> {
    let (mut reader, sender) = (near.channel(FRAMES), far.channel(FRAMES));
    let large = vec![7; 1 << 20];
    sender.send_frame(b"key", true, None)?;
    sender.send_frame(&large, false, PATIENCE)?;
    let frame = reader.read_frame()?;
    assert_eq!((frame.data.as_slice(), frame.key, frame.sequence, frame.missing), (&b"key"[..], true, 1, 0));
    reader.set_read_timeout(PATIENCE);
    let mut frame = reader.read_frame()?;
    assert!(frame.data == large && !frame.key && frame.sequence == 2 && frame.missing == 0);
    assert_eq!(near.info()?.frame_bps, 0, "no frame was sent there");
    reader.set_read_timeout(Some(Duration::from_millis(20)));
    assert_eq!(reader.read_frame(), Err(Error::Timeout));
    assert_eq!(far.channel(FRAMES).write(b"bytes").expect_err("frames").kind(), ErrorKind::InvalidInput);

    while sender.send_frame(&large, false, Some(Duration::ZERO)) != Err(Error::KeyFrame) {} // until one is late
    sender.send_frame(b"again", true, None)?;
    reader.set_read_timeout(PATIENCE);
    while frame.data != b"again" {
        let last = frame.sequence;
        frame = reader.read_frame()?;
        assert_eq!(u64::from(frame.missing), frame.sequence - last - 1);
    }
    Ok(())
}

fn clear(near: &Session, far: &Session) -> io::Result<()> {
    let mut sender = far.channel(BYTES);
    let (mut left, mut dropped, block) = (0, 0, vec![0; BLOCK]);
    sender.write_all(b"!")?;
    near.channel(BYTES).read_exact(&mut [0])?; // of a new channel, clear leaves what is sent first
    sender.set_write_timeout(Some(Duration::ZERO));
    while dropped == 0 {
        // Once nothing leaves any more, as nobody reads, there is something to drop.
        match sender.write(&block) {
            Ok(n) => left += n,
            Err(e) => {
                assert_eq!(e.kind(), ErrorKind::TimedOut);
                let (unsent, age) = sender.unsent()?;
                dropped = sender.clear()?;
                left -= dropped;
                assert!(dropped <= unsent && Some(age) < PATIENCE);
            }
        }
    }
    assert_eq!((sender.unsent()?, sender.clear()?), ((0, Duration::ZERO), 0));
    sender.set_write_timeout(PATIENCE);
    sender.write_all(b"next")?;
    let mut got = vec![1; left + 4];
    near.channel(BYTES).read_exact(&mut got)?;
    assert_eq!(&got[left..], b"next");
    Ok(())
}

fn poll(device: &Device, near: &Session, far: &Session) -> io::Result<()> {
    let poller = Poller::new()?;
    assert!(poller.as_fd().as_raw_fd() >= 0 && poller.as_raw_fd() == poller.as_fd().as_raw_fd());
    poller.set(device.handle(), Events::ACCEPT, 0)?;
    poller.set(far.handle(), Events::READABLE | Events::CLOSED, 1 << BYTES)?;
    assert_eq!(poller.wait(Some(Duration::ZERO)), Err(Error::Timeout));
    poller.wake()?;
    assert_eq!(poller.wait(None), Ok(Vec::new()));
    assert_eq!(poller.set(i32::MAX, Events::CLOSED, 0), Err(Error::InvalidSession));

    near.channel(BYTES).write_all(b"hi")?;
    let told = poller.wait(PATIENCE)?;
    let is_readable = |e: &Event| (e.handle, e.readable, e.writable) == (far.handle(), 1 << BYTES, 0);
    assert!(told.len() == 1 && is_readable(&told[0]) && told[0].events == Events::READABLE, "{:?}", told);
    far.channel(BYTES).read_exact(&mut [0; 2])?;
    assert_eq!(poller.wait(Some(Duration::ZERO)), Err(Error::Timeout));
    poller.set(far.handle(), Events::WRITABLE, 1 << COMMANDS | 1 << VIDEO)?;
    assert_eq!(poller.wait(None)?[0].writable, 1 << COMMANDS | 1 << VIDEO);
    poller.set(far.handle(), Events::NONE, 0)?;
    assert_eq!(poller.wait(Some(Duration::ZERO)), Err(Error::Timeout));
    Ok(())
}

fn pairings(app: &App, device: &Device, app_id: &str) -> Result<(), Error> {
    let paired = device.pairings()?;
    assert_eq!(paired.len(), 1);
    assert_eq!((paired[0].app_id.as_str(), paired[0].uid.as_str(), paired[0].sessions), (app_id, "rust", 1));
    let age = SystemTime::now().duration_since(paired[0].since).expect("paired before now");
    assert!(age < PATIENCE.unwrap());
    let ticket = device.ticket()?;
    device.reset_ticket()?;
    assert_ne!(device.ticket()?, ticket);
    app.add_address(&device.id()?, &device.address()?)?;
    thingp2p::network_changed()?;
    assert_eq!(app.add_address(&device.id()?, "nowhere"), Err(Error::InvalidParameter));
    assert_eq!(device.unpair(&device.id()?), Err(Error::InvalidId));
    Ok(())
}

fn need_send_sync<T: Send + Sync>(_: &T) {}

fn main() -> io::Result<()> {
    let ticket = std::env::args().nth(1).expect("a ticket");
    let (sender, lines) = mpsc::sync_channel(1);
    thingp2p::set_log(LogLevel::Info, move |level, line| {
        drop(sender.try_send((level, line.to_string())))
    })?;
    let app = App::new("rust")?;
    assert_eq!(lines.recv().expect("a line of the log").0, LogLevel::Info);
    thingp2p::set_log(LogLevel::Off, |_, _| ())?;
    assert!(lines.iter().count() <= 1, "the first handler is gone");
    assert_eq!(App::new("other").err(), Some(Error::AlreadyInitialized));
    assert_eq!(app.connect("nobody").err(), Some(Error::InvalidId));
    break_connect(&app)?;

    let session: Session = app.connect_with(&ticket, Mode::Internet, PATIENCE)?;
    need_send_sync(&session);
    let info = session.info()?;
    let mut commands = session.channel(COMMANDS);
    let mut lines = BufReader::new(commands.clone());
    writeln!(commands, "echo hello")?;
    let mut line = String::new();
    lines.read_line(&mut line)?;
    assert_eq!(line, "hello\n");
    commands.set_read_timeout(Some(Duration::from_millis(20)));
    let error = commands.read(&mut [0; 8]).expect_err("nothing to read");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(Error::Timeout.name(), "THING_P2P_ERR_TIMEOUT");
    streams(&commands, &mut lines, session.channel(VIDEO))?;

    writeln!(commands, "bye")?;
    assert_eq!(lines.read_line(&mut line)?, 0);
    assert_eq!(session.check(), Err(Error::ClosedRemote));
    session.close()?;
    assert_eq!(session.close(), Err(Error::InvalidSession));
    drop(session);
    assert_eq!(
        commands.read(&mut [0; 8]).expect_err("closed").kind(),
        ErrorKind::NotConnected
    );
    be_a_device(&app)?;
    println!(
        "ok: {}, {:?}, connected in {:?}",
        thingp2p::version(),
        info.path,
        info.connect_time
    );
    Ok(())
}
