import static com.thingp2p.Constants.*;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.thingp2p.ConnectCallback;
import com.thingp2p.Device;
import com.thingp2p.Event;
import com.thingp2p.Frame;
import com.thingp2p.IThingP2P;
import com.thingp2p.Info;
import com.thingp2p.Pairing;
import com.thingp2p.Poller;
import com.thingp2p.Session;
import com.thingp2p.ThingP2P;
import com.thingp2p.ThingP2PException;
import com.thingp2p.ThingP2PSdk;
import com.thingp2p.Unsent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;

/** The scenario in Java, by the package com.thingp2p. */
final class Scenario {
  private static final int COMMANDS = 0, VIDEO = 1, FRAMES = 4, BYTES = 6;
  private static final int TIMEOUT = 180000, STREAM_BYTES = 64 << 20, BLOCK = 256 << 10, PERIOD = 251;
  private static final byte[] PATTERN = pattern();

  /** What callbacks threw. */
  private static final BlockingQueue<Throwable> THROWN = new LinkedBlockingQueue<>();

  public static void main(String[] args) throws Exception {
    expect("arguments", args.length, 1);
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, e) -> {
          if (thread.getName().equals("main")) {
            e.printStackTrace();
            System.exit(1); // also when other threads wait for ever
          }
          THROWN.add(e);
        });
    expectCode("connect before init", THING_P2P_ERR_NOT_INITIALIZED, () -> connect(args[0]));
    BlockingQueue<Integer> levels = new LinkedBlockingQueue<>();
    ThingP2P.setLog(THING_P2P_LOG_INFO, (level, line) -> levels.add(line.isEmpty() ? -1 : level));
    ThingP2P.init("java \ud83d\udcf7");
    expect("a line of the log", take(levels), THING_P2P_LOG_INFO);
    ThingP2P.setLog(THING_P2P_LOG_OFF, null);
    expectCode("bad id", THING_P2P_ERR_INVALID_ID, () -> connect("nobody"));
    brokenConnect();
    Info info = peerPart(args[0]);
    deviceByCallback(args[0]);
    beADevice();
    onePoller();
    tuyaPart(args[0]);
    faults();
    ThingP2P.deinit();
    expectCode("second deinit", THING_P2P_ERR_NOT_INITIALIZED, ThingP2P::deinit);
    expect("nothing more was thrown", THROWN.poll(), null);
    System.out.printf("ok: %s, path %d, connected in %d ms%n", ThingP2P.version(), info.path, info.connectMs);
  }

  private static Session connect(String target) throws ThingP2PException {
    return ThingP2P.connectWait(target, THING_P2P_MODE_INTERNET, TIMEOUT);
  }

  /** Keeps the outcome: a session or an exception. */
  private static final class Outcome implements ConnectCallback {
    final BlockingQueue<Object> result = new ArrayBlockingQueue<>(1);

    @Override
    public void onConnected(Session session) {
      expect("a daemon thread", Thread.currentThread().isDaemon(), true);
      result.add(session);
    }

    @Override
    public void onFailed(ThingP2PException error) {
      result.add(error);
    }
  }

  private static void brokenConnect() throws Exception {
    try (Device absent = Device.open(null)) {
      Outcome outcome = new Outcome();
      String traceId = ThingP2P.connect(absent.id(), THING_P2P_MODE_INTERNET, TIMEOUT, outcome);
      ThingP2P.breakConnect(traceId);
      ThingP2PException error = (ThingP2PException) take(outcome.result);
      expect("outcome", error.name(), "THING_P2P_ERR_CONNECT_BREAK");
      expect("a sentence", error.getMessage(), ThingP2P.strerror(THING_P2P_ERR_CONNECT_BREAK));
      expect("its report", ThingP2P.report(traceId).contains("\"broken\""), true);
      expectCode("broken before", THING_P2P_ERR_INVALID_PARAMETER, () -> ThingP2P.breakConnect(traceId));
    }
  }

  /** With the peer in C: both ways through arrays and through direct buffers. */
  private static Info peerPart(String ticket) throws Exception {
    Session session = connect(ticket);
    Info info = session.info();
    session.sendAll(COMMANDS, "echo hello\n".getBytes(UTF_8), TIMEOUT);
    expect("echo", readLine(session), "hello");
    expectCode("read of nothing", THING_P2P_ERR_TIMEOUT, () -> session.read(COMMANDS, 20));
    expectCode("an app's peer", THING_P2P_ERR_INVALID_PARAMETER, session::peer);

    session.sendAll(COMMANDS, ("stream " + STREAM_BYTES + "\n").getBytes(UTF_8), TIMEOUT);
    ByteBuffer direct = ByteBuffer.allocateDirect(BLOCK);
    CRC32 crc = new CRC32();
    for (int done = 0; done < STREAM_BYTES; ) {
      direct.clear();
      int got = session.read(VIDEO, direct, TIMEOUT);
      expect("position", direct.position(), got);
      direct.flip();
      crc.update(direct);
      done += got;
    }
    expect("crc of the stream", crc.getValue(), streamCrc());

    session.sendAll(COMMANDS, ("sink " + STREAM_BYTES + "\n").getBytes(UTF_8), TIMEOUT);
    for (int offset = 0; offset < STREAM_BYTES; offset += BLOCK) {
      if (offset % (2 * BLOCK) == 0) {
        session.sendAll(VIDEO, block(offset), TIMEOUT);
      } else {
        direct.clear();
        direct.put(block(offset)).flip();
        while (direct.hasRemaining()) {
          session.send(VIDEO, direct, TIMEOUT);
        }
      }
    }
    expect("crc at the device", Long.parseLong(readLine(session)), streamCrc());

    session.sendAll(COMMANDS, "bye\n".getBytes(UTF_8), TIMEOUT);
    expectCode("read at the end", THING_P2P_ERR_CLOSED_REMOTE, () -> session.read(COMMANDS, TIMEOUT));
    expectCode("check at the end", THING_P2P_ERR_CLOSED_REMOTE, session::check);
    expect("active at the end", session.isActive(), false);
    session.close();
    session.close();
    expectCode("disconnect after that", THING_P2P_ERR_INVALID_SESSION, session::disconnect);
    expectCode("read after that", THING_P2P_ERR_INVALID_SESSION, () -> session.read(COMMANDS, 1));
    return info;
  }

  /** What a callback throws goes to the handler, and nothing else comes of it. */
  private static void deviceByCallback(String ticket) throws Exception {
    Outcome outcome = new Outcome();
    ThingP2P.connect(ticket, THING_P2P_MODE_INTERNET, TIMEOUT, outcome);
    try (Session session = (Session) take(outcome.result)) {
      session.sendAll(COMMANDS, "echo again\n".getBytes(UTF_8), TIMEOUT);
      expect("echo", readLine(session), "again");
    }
    ConnectCallback thrower =
        new ConnectCallback() {
          @Override
          public void onConnected(Session session) {
            session.close();
            throw new IllegalStateException("connected");
          }

          @Override
          public void onFailed(ThingP2PException error) {
            throw new IllegalStateException("failed", error);
          }
        };
    ThingP2P.connect(ticket, THING_P2P_MODE_INTERNET, TIMEOUT, thrower);
    expect("thrown", take(THROWN).getMessage(), "connected");
    try (Device absent = Device.open(null)) {
      ThingP2P.breakConnect(ThingP2P.connect(absent.id(), THING_P2P_MODE_LAN, TIMEOUT, thrower));
      expect("thrown", take(THROWN).getMessage(), "failed");
    }
    ThingP2P.setLog(
        THING_P2P_LOG_DEBUG,
        (level, line) -> {
          throw new StackOverflowError("log");
        });
    ThingP2P.networkChanged();
    expectCode("something for the log", THING_P2P_ERR_INVALID_PARAMETER, () -> ThingP2P.setAddresses("nonsense"));
    expect("thrown", take(THROWN).getMessage(), "log");
    ThingP2P.setLog(THING_P2P_LOG_OFF, null);
    THROWN.clear();
  }

  private interface Answer {
    int get() throws ThingP2PException;
  }

  private static void beADevice() throws Exception {
    Thread blocked;
    Session near;
    Device device = Device.open(null);
    try {
      Iterator<Answer> answers =
          Arrays.<Answer>asList(
                  () -> THING_P2P_ERR_DEVICE_PRIVACY,
                  () -> 1,
                  () -> {
                    throw new ThingP2PException(THING_P2P_ERR_DEVICE_FULL);
                  },
                  () -> {
                    throw new ThingP2PException(THING_P2P_OK);
                  },
                  () -> {
                    throw new IllegalStateException("authorize");
                  },
                  () -> THING_P2P_OK)
              .iterator();
      device.setAuthorizer(
          peer -> {
            expect("uid", peer.uid, "java \ud83d\udcf7");
            expect("has the ticket", peer.hasTicket, true);
            return answers.next().get();
          });
      device.listen();
      String ticket = device.ticket();
      expectCode("privacy", THING_P2P_ERR_DEVICE_PRIVACY, () -> connect(ticket));
      expectCode("no code", THING_P2P_ERR_AUTH, () -> connect(ticket));
      expectCode("thrown code", THING_P2P_ERR_DEVICE_FULL, () -> connect(ticket));
      expectCode("thrown success", THING_P2P_ERR_AUTH, () -> connect(ticket));
      expectCode("thrown", THING_P2P_ERR_AUTH, () -> connect(ticket));
      expect("thrown", take(THROWN).getMessage(), "authorize");
      near = connect(ticket);
      Session far = device.accept(TIMEOUT);
      expect("trace id", far.peer().traceId, near.info().traceId);
      far.sendAll(3, "hi".getBytes(UTF_8), TIMEOUT);
      expect("bytes from the device", text(near.read(3, TIMEOUT)), "hi");
      framesPart(near, far);
      clearPart(near, far);
      pairingPart(device, far.peer().appId);
      CountDownLatch begun = new CountDownLatch(1);
      blocked =
          new Thread(
              () -> {
                begun.countDown();
                expectCode("blocked read", THING_P2P_ERR_CLOSED_LOCAL, () -> far.read(0, -1));
              });
      blocked.start();
      begun.await();
      far.check();
      expectCode("nothing came", THING_P2P_ERR_TIMEOUT, () -> device.accept(20));
    } finally {
      device.close();
      device.close();
    }
    blocked.join();
    expectCode("far end", THING_P2P_ERR_CLOSED_REMOTE, () -> near.read(3, TIMEOUT));
    near.close();
    expectCode("closed device", THING_P2P_ERR_INVALID_SESSION, () -> device.accept(1));
  }

  private static void framesPart(Session near, Session far) throws Exception {
    byte[] large = new byte[4 * BLOCK];
    Arrays.fill(large, (byte) 7);
    far.sendFrame(FRAMES, "key".getBytes(UTF_8), THING_P2P_FRAME_KEY, 0);
    far.sendFrame(FRAMES, ByteBuffer.wrap(large).asReadOnlyBuffer(), 0, TIMEOUT);
    Frame key = near.readFrame(FRAMES, TIMEOUT);
    expect("a key frame", text(key.data) + key.isKey() + key.length + key.sequence + key.missing, "keytrue310");
    ByteBuffer small = ByteBuffer.allocate(10), direct = ByteBuffer.allocateDirect(large.length + 1);
    expectCode("too small", THING_P2P_ERR_BUFFER_TOO_SMALL, () -> near.readFrame(FRAMES, small, TIMEOUT));
    direct.position(1);
    Frame second = near.readFrame(FRAMES, direct, TIMEOUT);
    direct.flip().position(1);
    expect("a large frame", direct.equals(ByteBuffer.wrap(large)), true);
    expect("of it", second.data == null && !second.isKey() && second.sequence == 2, true);
    direct.limit(3);
    far.sendFrame(FRAMES, direct, 0, 0);
    expect("two bytes", direct.hasRemaining() ? 0 : near.readFrame(FRAMES, small, TIMEOUT).length, 2);
    far.sendFrame(FRAMES, large, 0, 0);
    expect("grown", Arrays.equals(near.readFrame(FRAMES, TIMEOUT).data, large), true);
    expect("a rate", far.info().frameBps >= 0 && near.info().frameBps == 0, true);
    expectCode("no frame", THING_P2P_ERR_TIMEOUT, () -> near.readFrame(FRAMES, 20));
    expectCode("bytes there", THING_P2P_ERR_INVALID_PARAMETER, () -> far.send(FRAMES, large, 0));
    for (int code = 0; code != THING_P2P_ERR_KEY_FRAME; ) { // until one is late
      code = code(() -> far.sendFrame(FRAMES, large, 0, 1));
    }
    far.sendFrame(FRAMES, "again".getBytes(UTF_8), THING_P2P_FRAME_KEY, 0);
    Frame last, frame = near.readFrame(FRAMES, TIMEOUT);
    while (!text(frame.data).equals("again")) {
      last = frame;
      frame = near.readFrame(FRAMES, TIMEOUT);
      expect("missing", frame.missing, frame.sequence - last.sequence - 1);
    }
  }

  private static void clearPart(Session near, Session far) throws Exception {
    far.sendAll(BYTES, "!".getBytes(UTF_8), TIMEOUT);
    expect("a channel in use", text(near.read(BYTES, TIMEOUT)), "!");
    long left = 0;
    int dropped = 0;
    while (dropped == 0) { // once nothing leaves any more, as nobody reads, there is something to drop
      try {
        left += far.send(BYTES, block(0), 0);
      } catch (ThingP2PException e) {
        expect("full", e.code(), THING_P2P_ERR_TIMEOUT);
        Unsent unsent = far.unsent(BYTES);
        dropped = far.clear(BYTES);
        left -= dropped;
        expect("unsent", dropped <= unsent.bytes && unsent.ageMs >= 0 && unsent.ageMs < TIMEOUT, true);
      }
    }
    expect("cleared", far.unsent(BYTES).bytes + far.clear(BYTES), 0);
    far.sendAll(BYTES, "next".getBytes(UTF_8), TIMEOUT);
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    while (data.size() < left + 4) {
      data.write(near.read(BYTES, TIMEOUT));
    }
    byte[] all = data.toByteArray();
    expect("after what had left", text(Arrays.copyOfRange(all, (int) left, all.length)), "next");
  }

  private static void pairingPart(Device device, String appId) throws Exception {
    List<Pairing> pairings = device.pairings();
    Pairing paired = pairings.get(0);
    expect("pairings", pairings.size() + paired.uid + paired.appId + paired.sessions, "1java \ud83d\udcf7" + appId + 1);
    expect("since", Math.abs(System.currentTimeMillis() / 1000 - paired.since) < TIMEOUT / 1000, true);
    String ticket = device.ticket();
    device.resetTicket();
    expect("another ticket", device.ticket().equals(ticket), false);
    expect("listening", device.status().contains("\"listening\":true"), true);
    ThingP2P.addAddress(device.id(), device.address());
    ThingP2P.addDevice("camera", device.ticket());
    ThingP2P.preconnect("camera");
    ThingP2P.closePreconnect("camera");
    expectCode("no attempt", THING_P2P_ERR_INVALID_PARAMETER, () -> ThingP2P.resendOffer("camera"));
    expectCode("late option", THING_P2P_ERR_INVALID_PARAMETER, () -> device.setOption("lan", "off"));
    expectCode("unpair of nobody", THING_P2P_ERR_INVALID_ID, () -> device.unpair(device.id()));
  }

  /** A device that serves its apps on one thread, until it is woken. */
  private static void onePoller() throws Exception {
    try (Device device = Device.open(null);
        Poller poller = Poller.open()) {
      device.listen();
      poller.set(device.handle(), THING_P2P_EVENT_ACCEPT, 0);
      BlockingQueue<Integer> served = new LinkedBlockingQueue<>();
      Thread server = new Thread(() -> expect("end", code(() -> serve(poller, device, served)), 0));
      server.start();
      expect("a descriptor", poller.fd() >= 0, true);
      for (int i = 1; i <= 2; i++) {
        try (Session near = connect(device.ticket())) {
          near.sendAll(5, "ping".getBytes(UTF_8), TIMEOUT);
          expect("echo", text(near.read(5, TIMEOUT)), "ping");
        }
        expect("served", take(served), i);
      }
      poller.wake();
      server.join();
      expectCode("nothing more", THING_P2P_ERR_TIMEOUT, () -> poller.wait(new Event[1], 0));
    }
  }

  private static void serve(Poller poller, Device device, BlockingQueue<Integer> served) throws ThingP2PException {
    Event[] events = new Event[100];
    int closed = 0;
    for (int count; (count = poller.wait(events, -1)) > 0; ) {
      for (Event event : Arrays.copyOf(events, count)) {
        if (event.is(THING_P2P_EVENT_ACCEPT)) {
          int handle = device.accept(0).handle();
          poller.set(handle, THING_P2P_EVENT_READABLE | THING_P2P_EVENT_CLOSED, 0xff);
        } else if (event.isReadable(5)) {
          Session session = new Session(event.handle);
          session.sendAll(5, session.read(5, 0), TIMEOUT);
        } else if (event.is(THING_P2P_EVENT_CLOSED)) {
          expect("its end", event.code, THING_P2P_ERR_CLOSED_REMOTE);
          new Session(event.handle).close();
          served.add(++closed);
        }
      }
    }
  }

  private static void tuyaPart(String ticket) throws Exception {
    IThingP2P p2p = ThingP2PSdk.getP2P();
    BlockingQueue<Integer> results = new LinkedBlockingQueue<>();
    expect("another user", p2p.init("tuya"), THING_P2P_OK);
    expect("no trace id", p2p.connect(ticket, 7, 0, results::add), "");
    expect("bad mode", take(results), THING_P2P_ERR_INVALID_PARAMETER);
    String traceId = p2p.connect(ticket, 2, TIMEOUT, results::add);
    int handle = take(results);
    expect("break too late", p2p.connectBreak(traceId), THING_P2P_ERR_INVALID_PARAMETER);
    expect("active", p2p.activeCheck(handle), THING_P2P_OK);
    byte[] command = "echo tuya\n".getBytes(UTF_8), answer = new byte[5];
    expect("too long", p2p.sendData(handle, COMMANDS, command, command.length + 1, 0), THING_P2P_ERR_INVALID_PARAMETER);
    expect("sent", p2p.sendData(handle, COMMANDS, command, command.length, TIMEOUT), command.length);
    for (int n = 0, got; n < answer.length; n += got) {
      got = p2p.recvData(handle, COMMANDS, answer, answer.length - n, TIMEOUT);
      expect("received", got > 0, true);
    }
    expect("nothing", p2p.recvData(handle, COMMANDS, answer, 1, 0), THING_P2P_ERR_TIMEOUT);
    expect("disconnected", p2p.disConnect(handle), THING_P2P_OK);
    expect("disconnected", p2p.activeCheck(handle), THING_P2P_ERR_INVALID_SESSION);
  }

  /** Java makes exceptions of faults, whose signals go through handlers of the library's. */
  private static void faults() throws Exception {
    try (Device device = Device.open(null)) {
      device.setAuthorizer(
          peer -> {
            expect("faults in a callback", fault(), 3);
            expect("open signals", openSignals(), "");
            return THING_P2P_OK;
          });
      device.listen();
      try (Session near = connect(device.ticket());
          Session far = device.accept(TIMEOUT)) {
        expect("faults", fault(), 3);
        expectCode("nothing", THING_P2P_ERR_TIMEOUT, () -> far.read(0, 0));
        expect("faults after a call that did not wait", fault(), 3);
        near.check();
      }
    }
  }

  /** Of those that Java opens in its threads, and that the library's keep closed. */
  private static String openSignals() {
    String open = "";
    try {
      for (String line : Files.readAllLines(Paths.get("/proc/thread-self/status"))) {
        for (int signal : line.startsWith("SigBlk:") ? new int[] {1, 2, 12, 15} : new int[0]) {
          open += (Long.parseUnsignedLong(line.substring(7).trim(), 16) >> (signal - 1) & 1) == 1 ? "" : signal + " ";
        }
      }
    } catch (IOException e) {
      open = e.toString();
    }
    return open;
  }

  private static int[] nothing;
  private static int zero;

  private static int fault() {
    int caught = 0;
    for (int i = 0; i < 3; i++) {
      try {
        caught += i == 0 ? nothing.length : i == 1 ? 1 / zero : deeper(0);
      } catch (NullPointerException | ArithmeticException | StackOverflowError e) {
        caught++;
      }
    }
    return caught;
  }

  private static int deeper(int depth) {
    return depth == Integer.MAX_VALUE ? 0 : deeper(depth + 1) + 1;
  }

  // ---- what the parts share

  private static byte[] pattern() {
    byte[] bytes = new byte[BLOCK + PERIOD];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i % PERIOD);
    }
    return bytes;
  }

  private static byte[] block(int offset) {
    return Arrays.copyOfRange(PATTERN, offset % PERIOD, offset % PERIOD + BLOCK);
  }

  private static long streamCrc() {
    CRC32 crc = new CRC32();
    for (int offset = 0; offset < STREAM_BYTES; offset += BLOCK) {
      crc.update(PATTERN, offset % PERIOD, BLOCK);
    }
    return crc.getValue();
  }

  private static String text(byte[] bytes) {
    return new String(bytes, UTF_8);
  }

  private static String readLine(Session session) throws ThingP2PException {
    StringBuilder line = new StringBuilder();
    byte[] one = new byte[1];
    while (session.read(COMMANDS, one, TIMEOUT) == 1 && one[0] != '\n') {
      line.append((char) one[0]);
    }
    return line.toString();
  }

  private static <T> T take(BlockingQueue<T> queue) throws InterruptedException {
    T value = queue.poll(TIMEOUT, TimeUnit.MILLISECONDS);
    expect("something came in time", value != null, true);
    return value;
  }

  private static void expect(String what, Object got, Object wanted) {
    if (!Objects.equals(got, wanted)) {
      new Error(what + ": got " + got + ", expected " + wanted).printStackTrace();
      System.exit(1);
    }
  }

  private interface Call {
    void run() throws ThingP2PException;
  }

  /** 0, or the code of what was thrown. */
  private static int code(Call call) {
    try {
      call.run();
      return 0;
    } catch (ThingP2PException e) {
      return e.code();
    }
  }

  private static void expectCode(String what, int wanted, Call call) {
    expect(what, ThingP2P.errorName(code(call)), ThingP2P.errorName(wanted));
  }
}
