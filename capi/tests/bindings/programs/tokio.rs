//! The scenario in Rust for tokio, by the crate thingp2p-tokio, on one thread. Before it, many sessions with a task that reads on
//! each of their channels: no thread waits, and nothing is lost.

use std::fs;
use std::future::Future;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use thingp2p::{Error, Mode, CHANNELS};
use thingp2p_tokio::{App, Channel, Device, Session};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::runtime::Builder;
use tokio::task::{yield_now, JoinHandle};
use tokio::time::{sleep, timeout};

use stream::{pattern, stream_crc, Crc, BLOCK};

mod stream;

const SESSIONS: usize = 20;
const AT_ONCE: usize = 4;
const FRAMES: Range<u32> = 4..8; // the channels of frames; the others carry bytes
const STREAM_BYTES: usize = 16 << 20;
const PATIENCE: Duration = Duration::from_secs(180);

static PARKS: AtomicUsize = AtomicUsize::new(0); // how often the runtime had nothing to do

type Pair = (Session, Session); // the app's end and the device's
type Reading = JoinHandle<io::Result<Vec<u8>>>;

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("in time")
}

async fn yields(number: usize) {
    for _ in 0..number {
        yield_now().await;
    }
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("Linux").count()
}

async fn pairs(app: &Arc<App>, device: &Arc<Device>, number: usize) -> io::Result<Vec<Pair>> {
    let ticket = device.ticket()?;
    let mut pairs = Vec::new();
    while pairs.len() < number {
        let some = AT_ONCE.min(number - pairs.len());
        let connect = || {
            let (app, ticket) = (app.clone(), ticket.clone());
            tokio::spawn(async move { app.connect_with(&ticket, Mode::Internet, Some(PATIENCE)).await })
        };
        let connects: Vec<_> = (0..some).map(|_| connect()).collect();
        let mut far = Vec::new();
        for _ in 0..some {
            far.push(in_time(device.accept()).await?);
        }
        for connecting in connects {
            let near = connecting.await??;
            let trace_id = near.info()?.trace_id;
            let at = far.iter().position(|f| f.peer().expect("an app").trace_id == trace_id);
            pairs.push((near, far.swap_remove(at.expect("the other end"))));
        }
    }
    Ok(pairs)
}

async fn send(session: &Session, channel: u32, bytes: &[u8]) -> io::Result<()> {
    match FRAMES.contains(&channel) {
        true => Ok(session.channel(channel).send_frame(bytes, true, None)?),
        false => session.channel(channel).write_all(bytes).await,
    }
}

async fn receive(mut channel: Channel, frames: bool) -> io::Result<Vec<u8>> {
    if frames {
        return Ok(channel.read_frame().await?.data);
    }
    let mut bytes = vec![0; BLOCK];
    let size = channel.read(&mut bytes).await?;
    bytes.truncate(size);
    Ok(bytes)
}

fn reading(session: &Session, channel: u32) -> Reading {
    tokio::spawn(receive(session.channel(channel), FRAMES.contains(&channel)))
}

fn readings(session: &Session) -> Vec<Reading> {
    (0..CHANNELS).map(|channel| reading(session, channel)).collect()
}

/// What it has read, if it was not cancelled before.
async fn cancel(reading: Reading) -> io::Result<Option<Vec<u8>>> {
    reading.abort();
    match reading.await {
        Ok(done) => done.map(Some),
        Err(_) => Ok(None),
    }
}

async fn many_reads(app: &Arc<App>, device: &Arc<Device>) -> io::Result<(Vec<Pair>, usize)> {
    let mut all = pairs(app, device, 1).await?;
    let mut reads = readings(&all[0].0);
    yields(5).await;
    let before = threads();
    all.extend(pairs(app, device, SESSIONS - 1).await?);
    all[1..].iter().for_each(|(near, _)| reads.extend(readings(near)));
    yields(5).await;
    assert_eq!(reads.iter().filter(|r| !r.is_finished()).count(), SESSIONS * CHANNELS as usize);
    let grown = threads().saturating_sub(before);
    assert!(grown < reads.len() / 8, "{} threads more", grown);

    for (number, read) in reads.iter_mut().enumerate().filter(|(number, _)| number % 3 == 0) {
        let (session, channel) = (number / CHANNELS as usize, number as u32 % CHANNELS);
        let given_up = std::mem::replace(read, reading(&all[session].0, channel));
        assert_eq!(cancel(given_up).await?, None); // what comes for it, the other shall get
    }
    let text = |number: usize| format!("read {}", number).into_bytes();
    for number in 0..reads.len() {
        let (session, channel) = (number / CHANNELS as usize, number as u32 % CHANNELS);
        send(&all[session].1, channel, &text(number)).await?;
    }
    for (number, read) in reads.into_iter().enumerate() {
        assert_eq!(in_time(read).await??, text(number));
    }
    Ok((all, grown))
}

/// Reads that are given up at any moment: all comes once, and in order.
async fn given_up_again_and_again(near: &Session, far: Session, channel: u32) -> io::Result<Session> {
    const MESSAGES: usize = 200; // of frames, a channel takes 256 that have not left
    let expected: Vec<u8> = (0..MESSAGES).flat_map(|n| format!("{:06}", n).into_bytes()).collect();
    let sender = tokio::spawn(async move {
        for n in 0..MESSAGES {
            send(&far, channel, format!("{:06}", n).as_bytes()).await?;
            yields(n % 3).await;
        }
        io::Result::Ok(far)
    });
    let (mut got, mut turn) = (Vec::new(), 0);
    while got.len() < expected.len() {
        let read = reading(near, channel);
        yields(turn % 7).await;
        turn += 1;
        let given_up = turn % 5 != 0;
        got.extend(if given_up { cancel(read).await?.unwrap_or_default() } else { in_time(read).await?? });
    }
    assert!(got == expected, "changed on its way");
    in_time(sender).await?
}

/// While there is always something to read, other tasks run, too.
async fn others_run(near: &Session, far: &Session) -> io::Result<()> {
    send(far, 0, &[7; 4096]).await?;
    in_time(rest()).await;
    let turns = Arc::new(AtomicUsize::new(0));
    let counter = turns.clone();
    let other = tokio::spawn(async move {
        loop {
            counter.fetch_add(1, Ordering::Relaxed);
            yield_now().await;
        }
    });
    let mut channel = near.channel(0);
    for _ in 0..4096 {
        assert_eq!(in_time(channel.read_u8()).await?, 7);
    }
    assert!(turns.load(Ordering::Relaxed) > 10);
    other.abort();
    Ok(())
}

/// Waits until for a while nothing wakes the runtime but this.
async fn rest() {
    loop {
        let before = PARKS.load(Ordering::Relaxed);
        sleep(Duration::from_millis(50)).await;
        if PARKS.load(Ordering::Relaxed) - before < 5 {
            return;
        }
    }
}

/// Nothing runs while there are bytes that nobody reads, and while a full buffer's other channels have room.
async fn nobody_wants_it(near: &Session, far: Session) -> io::Result<Session> {
    let unread = reading(near, 1);
    yields(5).await;
    assert_eq!(cancel(unread).await?, None);
    send(&far, 1, b"unread").await?;
    let reads = readings(&far);
    let data: Vec<u8> = pattern().repeat(16);
    let (mut full, sent) = (far.channel(0), data.clone());
    let sending = tokio::spawn(async move { full.write_all(&sent).await });
    in_time(rest()).await;
    assert!(!sending.is_finished(), "the buffer is larger than {}", data.len());
    let mut got = vec![0; data.len()];
    in_time(near.channel(0).read_exact(&mut got)).await?;
    assert!(got == data, "changed on its way");
    in_time(sending).await??;
    assert_eq!(in_time(reading(near, 1)).await??, b"unread");
    for read in reads {
        assert_eq!(cancel(read).await?, None);
    }
    Ok(far)
}

/// Each ends with the error, but a read of bytes with nothing more if the other side has closed the session.
async fn expect_end(reads: Vec<Reading>, wanted: Error) {
    for (channel, read) in (0..).zip(reads) {
        let end = in_time(read).await.expect("no panic").map_err(code);
        match wanted == Error::ClosedRemote && !FRAMES.contains(&channel) {
            true => assert_eq!(end, Ok(Vec::new()), "on {}", channel),
            false => assert_eq!(end, Err(Some(wanted)), "on {}", channel),
        }
    }
}

fn code(e: io::Error) -> Option<Error> {
    e.get_ref().and_then(|e| e.downcast_ref()).copied()
}

/// More than the other side takes that does not read.
fn writing(session: &Session) -> JoinHandle<io::Result<()>> {
    let mut channel = session.channel(0);
    tokio::spawn(async move { channel.write_all(&vec![0; 16 << 20]).await })
}

async fn close_while_waiting(device: Arc<Device>, mut pairs: Vec<Pair>) -> io::Result<()> {
    let (near, far) = pairs.remove(0);
    let (reads, write) = (readings(&near), writing(&near));
    in_time(rest()).await;
    near.close().await?;
    expect_end(reads, Error::ClosedLocal).await;
    assert_eq!(in_time(write).await?.map_err(code), Err(Some(Error::ClosedLocal)));
    assert_eq!(near.check(), Err(Error::InvalidSession));
    assert_eq!(in_time(reading(&far, 1)).await??, b"");

    let (near, _far) = pairs.remove(0);
    let (reads, write) = (readings(&near), writing(&near));
    in_time(rest()).await;
    let beneath: &thingp2p::Session = &near;
    beneath.close()?;
    expect_end(reads, Error::ClosedLocal).await;
    assert_eq!(in_time(write).await?.map_err(code), Err(Some(Error::ClosedLocal)));

    let (near, far) = pairs.remove(0);
    let (reads, write) = (readings(&near), writing(&near));
    in_time(rest()).await;
    drop(far); // closes it in the background
    expect_end(reads, Error::ClosedRemote).await;
    assert_eq!(in_time(write).await?.map_err(code), Err(Some(Error::ClosedRemote)));

    let (near, far) = pairs.remove(0);
    let (reads, far_reads, accepting) = (readings(&near), readings(&far), device.clone());
    let accept = tokio::spawn(async move { accepting.accept().await.err() });
    yields(5).await;
    device.close().await?;
    assert_eq!(in_time(accept).await?, Some(Error::ListenBreak));
    expect_end(far_reads, Error::ClosedLocal).await;
    expect_end(reads, Error::ClosedRemote).await;
    Ok(())
}

async fn give_up_a_connect(app: &Arc<App>) -> io::Result<()> {
    let absent = Device::in_memory()?.id()?;
    let (connecting, to) = (app.clone(), absent.clone());
    let attempt = tokio::spawn(async move { connecting.connect_with(&to, Mode::Internet, Some(2 * PATIENCE)).await });
    yields(5).await;
    app.resend_offer(&absent)?; // it is under way
    attempt.abort();
    assert!(attempt.await.is_err());
    let end = async {
        while app.resend_offer(&absent) != Err(Error::InvalidParameter) {
            sleep(Duration::from_millis(1)).await;
        }
    };
    in_time(end).await;
    Ok(())
}

/// An authorizer that needs the runtime, on whose only thread it is replaced meanwhile.
async fn authorizer_that_waits_for_a_task(app: &Arc<App>) -> io::Result<()> {
    let device = Device::in_memory()?;
    let (asked, mut questions) = tokio::sync::mpsc::unbounded_channel();
    let (answer, answers) = std::sync::mpsc::channel();
    let answers = Mutex::new(answers);
    device.set_authorizer(move |_| {
        asked.send(()).expect("someone waits");
        answers.lock().expect("no panic").recv().map_err(|_| Error::Auth)
    })?;
    device.listen()?;
    let (connecting, ticket) = (app.clone(), device.ticket()?);
    let connect = tokio::spawn(async move { connecting.connect_with(&ticket, Mode::Internet, Some(PATIENCE)).await });
    in_time(questions.recv()).await.expect("a question");
    device.remove_authorizer()?;
    device.set_authorizer(|_| Err(Error::DevicePrivacy))?;
    answer.send(()).expect("it waits");
    in_time(connect).await??;
    Ok(())
}

async fn end_the_app(app: Arc<App>) -> io::Result<()> {
    let device = Arc::new(Device::in_memory()?);
    device.listen()?;
    let (near, _far) = pairs(&app, &device, 1).await?.remove(0);
    let reads = readings(&near);
    yields(5).await;
    Arc::try_unwrap(app).expect("nobody else has it").close().await;
    expect_end(reads, Error::ClosedLocal).await;
    Ok(())
}

async fn streams(commands: &mut BufReader<Channel>, mut video: Channel) -> io::Result<()> {
    commands.write_all(format!("stream {}\n", STREAM_BYTES).as_bytes()).await?;
    let (mut crc, mut done, mut block) = (Crc::new(), 0, vec![0; BLOCK]);
    while done < STREAM_BYTES {
        let got = in_time(video.read(&mut block)).await?;
        assert!(got > 0);
        crc.add(&block[..got]);
        done += got;
    }
    assert_eq!(crc.sum(), stream_crc(STREAM_BYTES));

    commands.write_all(format!("sink {}\n", STREAM_BYTES).as_bytes()).await?;
    let pattern = pattern();
    for offset in (0..STREAM_BYTES).step_by(BLOCK) {
        in_time(video.write_all(&pattern[offset % 251..][..BLOCK])).await?;
    }
    let mut line = String::new();
    in_time(commands.read_line(&mut line)).await?;
    assert_eq!(line.trim().parse(), Ok(stream_crc(STREAM_BYTES)));
    Ok(())
}

async fn scenario(ticket: &str) -> io::Result<()> {
    let app = App::new("tokio")?;
    assert_eq!(app.connect("nobody").await.err(), Some(Error::InvalidId));
    let session = app.connect_with(ticket, Mode::Internet, Some(PATIENCE)).await?;
    let mut commands = BufReader::new(session.channel(0));
    commands.write_all(b"echo hello\n").await?;
    let mut line = String::new();
    in_time(commands.read_line(&mut line)).await?;
    assert_eq!(line, "hello\n");
    assert!(timeout(Duration::from_millis(20), commands.read_u8()).await.is_err());
    streams(&mut commands, session.channel(1)).await?;
    commands.write_all(b"bye\n").await?;
    assert_eq!(in_time(commands.read_line(&mut line)).await?, 0);
    assert_eq!(session.check(), Err(Error::ClosedRemote));
    session.close().await?;
    assert_eq!(session.close().await, Err(Error::InvalidSession));
    assert_eq!(commands.read_u8().await.map_err(code), Err(Some(Error::ClosedLocal)));
    Ok(())
}

async fn run() -> io::Result<()> {
    let ticket = std::env::args().nth(1).expect("a ticket");
    let (app, device) = (Arc::new(App::new("tokio")?), Arc::new(Device::in_memory()?));
    device.listen()?;
    let (mut pairs, grown) = many_reads(&app, &device).await?;
    let (near, mut far) = pairs.remove(0);
    for channel in [0, FRAMES.start] {
        far = given_up_again_and_again(&near, far, channel).await?;
    }
    others_run(&near, &far).await?;
    nobody_wants_it(&near, far).await?;
    give_up_a_connect(&app).await?;
    authorizer_that_waits_for_a_task(&app).await?;
    close_while_waiting(device, pairs).await?;
    end_the_app(app).await?;
    scenario(&ticket).await?;
    println!("ok: {} sessions with {} reads each took {} threads", SESSIONS, CHANNELS, grown);
    Ok(())
}

fn main() -> io::Result<()> {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().on_thread_park(|| {
        PARKS.fetch_add(1, Ordering::Relaxed);
    });
    builder.build()?.block_on(run())
}
