import static com.thingp2p.Constants.*;

import com.thingp2p.Authorizer;
import com.thingp2p.ConnectCallback;
import com.thingp2p.Device;
import com.thingp2p.Event;
import com.thingp2p.IThingP2P;
import com.thingp2p.Poller;
import com.thingp2p.Session;
import com.thingp2p.ThingP2P;
import com.thingp2p.ThingP2PException;
import com.thingp2p.ThingP2PSdk;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Each public call of the package gets, for each of its parameters, what is no such thing: all of it is refused, as in C.
 * Then all calls are made on what has been closed.
 */
final class Arguments {
  private static final String LONG = new String(new char[5000]).replace('\0', 'x');
  private static final Object[] TEXTS = {null, "one\0two", LONG, "\ud800"}, NONE = {};
  private static final Map<String, Object[]> WRONG = new HashMap<>();
  private static final Map<String, Object> RIGHT = new HashMap<>();
  private static final List<String> FAILURES = new ArrayList<>();
  private static int tried;

  public static void main(String[] args) throws Exception {
    ThingP2P.init("java");
    Device device = Device.open(null), closed = Device.open(null);
    Poller poller = Poller.open(), closedPoller = Poller.open();
    closed.close();
    closedPoller.close();
    fill(device);
    for (Object owner : new Object[] {ThingP2P.class, device, poller, new Session(0)}) {
      for (Method call : calls(owner)) {
        giveWrong(owner, call);
      }
    }
    for (Object owner : new Object[] {new Session(0), new Session(-1), closed, closedPoller}) {
      for (Method call : calls(owner)) {
        if (Modifier.isStatic(call.getModifiers())) {
          continue;
        }
        Object[] arguments = right(call);
        boolean tells = Arrays.asList(call.getExceptionTypes()).contains(ThingP2PException.class);
        expect(owner, call, arguments, tells ? THING_P2P_ERR_INVALID_SESSION : 0);
      }
    }
    tuya();
    ThingP2P.deinit();
    device.close();
    if (!FAILURES.isEmpty()) {
      System.out.println(String.join("\n", FAILURES));
      System.exit(1);
    }
    System.out.println("ok: " + tried + " calls");
  }

  /** By the name of a parameter, or of a method and a parameter: a value that is accepted, and some that are not. */
  private static void fill(Device device) throws ThingP2PException {
    ConnectCallback callback =
        new ConnectCallback() {
          @Override
          public void onConnected(Session session) {
            FAILURES.add("connected");
          }

          @Override
          public void onFailed(ThingP2PException error) {
            FAILURES.add("called back");
          }
        };
    ByteBuffer buffer = ByteBuffer.allocateDirect(4), empty = ByteBuffer.allocateDirect(0);
    Object[] numbers = {-1, 8, Integer.MAX_VALUE, Integer.MIN_VALUE};
    put("uid", "java", with(TEXTS, ""));
    put("name", "name", with(TEXTS, ""));
    put("ticket", device.ticket(), TEXTS);
    put("devId", device.id(), TEXTS);
    put("target", device.id(), TEXTS);
    put("address", "192.0.2.1:4711", with(TEXTS, "", "example.org:1"));
    put("addresses", "", with(TEXTS, "no address"));
    put("traceId", "x", TEXTS);
    put("appId", "x", with(TEXTS, ""));
    put("key", "lan", with(TEXTS, "", "no option"));
    put("value", "on", TEXTS);
    put("stateDir", null, "one\0two", "\ud800", "", LONG);
    put("mode", THING_P2P_MODE_LAN, numbers);
    put("level", THING_P2P_LOG_INFO, numbers);
    put("setLog.listener", (com.thingp2p.LogListener) (level, line) -> {}, NONE);
    put("authorizer", (Authorizer) peer -> 0, NONE);
    put("callback", callback, (Object) null);
    put("channel", 0, numbers);
    put("timeoutMs", 1, NONE);
    put("connect.timeoutMs", 1, -1, Integer.MIN_VALUE);
    put("connectWait.timeoutMs", 1, -1, Integer.MIN_VALUE);
    put("deadlineMs", 0, -1, Integer.MIN_VALUE);
    put("flags", 0, -1, 2);
    put("offset", 0, -1, 1, 5, Integer.MAX_VALUE, Integer.MIN_VALUE);
    put("length", 4, 0, -1, 5, Integer.MAX_VALUE, Integer.MIN_VALUE);
    put("buffer", new byte[4], null, new byte[0], new byte[3]);
    put("data", new byte[4], null, new byte[3]);
    put("sendFrame.data", new byte[4], null, new byte[0], new byte[THING_P2P_MAX_FRAME + 1]);
    put("ByteBuffer buffer", buffer, null, empty, buffer.asReadOnlyBuffer(), ByteBuffer.allocate(0));
    put("ByteBuffer data", buffer, null, empty, ByteBuffer.allocate(0));
    put("handle", device.handle(), NONE);
    put("set.events", THING_P2P_EVENT_ACCEPT, -1, 256);
    put("wait.events", new Event[1], null, new Event[0]);
    put("channels", 0xff, -1, 256);
    put("code", 1, NONE);
  }

  private static void put(String name, Object right, Object... wrong) {
    RIGHT.put(name, right);
    WRONG.put(name, wrong == null ? new Object[] {null} : wrong);
  }

  private static Object[] with(Object[] some, Object... more) {
    Object[] all = Arrays.copyOf(some, some.length + more.length);
    System.arraycopy(more, 0, all, some.length, more.length);
    return all;
  }

  private static String name(Method call, Parameter parameter) {
    String name = parameter.getName();
    if (parameter.getType() == ByteBuffer.class) {
      return "ByteBuffer " + name;
    }
    String own = call.getName() + "." + name;
    if (!RIGHT.containsKey(own) && !RIGHT.containsKey(name)) {
      throw new IllegalStateException("nothing is known of " + own);
    }
    return RIGHT.containsKey(own) ? own : name;
  }

  private static List<Method> calls(Object owner) {
    Class<?> type = owner instanceof Class ? (Class<?>) owner : owner.getClass();
    List<Method> calls = new ArrayList<>();
    for (Method call : type.getDeclaredMethods()) {
      boolean isStatic = Modifier.isStatic(call.getModifiers());
      if (Modifier.isPublic(call.getModifiers()) && !call.isSynthetic() && (!isStatic || owner == type || type == Device.class)) {
        calls.add(call);
      }
    }
    return calls;
  }

  private static Object[] right(Method call) {
    Parameter[] parameters = call.getParameters();
    Object[] arguments = new Object[parameters.length];
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] = RIGHT.get(name(call, parameters[i]));
    }
    return arguments;
  }

  private static void giveWrong(Object owner, Method call) {
    Parameter[] parameters = call.getParameters();
    for (int i = 0; i < parameters.length; i++) {
      for (Object wrong : WRONG.get(name(call, parameters[i]))) {
        if (wrong instanceof byte[] && ((byte[]) wrong).length == 3 && parameters.length < 5) {
          continue; // too small only for a length that is given, too
        }
        Object[] arguments = right(call);
        arguments[i] = wrong;
        expect(owner, call, arguments, THING_P2P_ERR_INVALID_PARAMETER);
      }
    }
  }

  private static void expect(Object owner, Method call, Object[] arguments, int wanted) {
    int code = 0;
    tried++;
    try {
      call.invoke(owner, arguments);
    } catch (InvocationTargetException e) {
      Throwable thrown = e.getCause();
      code = thrown instanceof ThingP2PException ? ((ThingP2PException) thrown).code() : 1;
    } catch (IllegalAccessException e) {
      code = 2;
    }
    if (code != wanted) {
      FAILURES.add(call + " " + Arrays.deepToString(arguments) + ": " + code + ", not " + wanted);
    }
  }

  /** Of Tuya's interface, which throws nothing. */
  private static void tuya() {
    IThingP2P p2p = ThingP2PSdk.getP2P();
    for (Object text : with(TEXTS, "")) {
      refused("init", p2p.init((String) text));
      refused("connectBreak", p2p.connectBreak((String) text));
      if (!p2p.connect((String) text, 0, 0, null).isEmpty()) {
        FAILURES.add("connect took " + text);
      }
    }
    byte[] data = new byte[4];
    for (int length : new int[] {0, -1, 5, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      refused("recvData", p2p.recvData(0, 0, data, length, 0));
      refused("sendData", p2p.sendData(0, 0, data, length, 0));
    }
    refused("recvData", p2p.recvData(0, 0, null, 4, 0));
    refused("sendData", p2p.sendData(0, 0, null, 4, 0));
    refused("recvData", p2p.recvData(0, 8, data, 4, 0));
    tried += 5;
  }

  private static void refused(String call, int code) {
    tried++;
    if (code != THING_P2P_ERR_INVALID_PARAMETER) {
      FAILURES.add(call + " returned " + code);
    }
  }
}
