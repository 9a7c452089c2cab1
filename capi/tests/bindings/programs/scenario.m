// The scenario in Objective-C, by the class ThingSmartP2pChannel. A program for Tuya's class has nothing else.
#import "ThingSmartP2pChannel.h"

#include <string.h>

#import "Outcome.h"

enum { COMMANDS = 0, VIDEO = 1 };

static ThingSmartP2pChannel *channel;

static NSString *start(NSString *target, Outcome *outcome) {
  return [channel connectWithDeviceId:target mode:ThingSmartP2pConnectModeInternet timeout:TIMEOUT_MS
      success:^(int p2pHandle) { [outcome finish:p2pHandle]; }
      failure:^(NSInteger errCode) { [outcome finish:errCode]; }];
}

static void sendAll(int handle, int number, const void *bytes, int length) {
  for (int done = 0; done < length;) {
    int sent = [channel sendDataWithP2pHandle:handle channel:number buffer:(unsigned char *)bytes + done length:length - done
        timeout:TIMEOUT_MS];
    expect("send", sent > 0, 1);
    done += sent;
  }
}

static void command(int handle, const char *text) { sendAll(handle, COMMANDS, text, (int)strlen(text)); }

// Each answer comes alone, so what one read brings is the begin of the same line.
static NSString *readLine(int handle) {
  unsigned char buffer[ThingSmartP2pReadMaxLength];
  NSMutableString *line = [NSMutableString string];
  while (![line hasSuffix:@"\n"]) {
    int got = [channel readDataWithP2pHandle:handle channel:COMMANDS buffer:buffer];
    expect("read of a line", got > 0, 1);
    [line appendString:[[[NSString alloc] initWithBytes:buffer length:got encoding:NSUTF8StringEncoding] autorelease]];
  }
  return line;
}

static void streams(int handle) {
  static unsigned char block[BLOCK];
  uint32_t crc = 0;
  command(handle, [[NSString stringWithFormat:@"stream %d\n", STREAM_BYTES] UTF8String]);
  for (long done = 0; done < STREAM_BYTES;) {
    int got = [channel readDataWithP2pHandle:handle channel:VIDEO buffer:block length:BLOCK timeout:TIMEOUT_MS];
    expect("read of the stream", got > 0, 1);
    crc = crc32_of(crc, block, got);
    done += got;
  }
  expect("crc of the stream", crc, stream_crc());

  command(handle, [[NSString stringWithFormat:@"sink %d\n", STREAM_BYTES] UTF8String]);
  for (long done = 0; done < STREAM_BYTES; done += BLOCK) sendAll(handle, VIDEO, pattern(done), BLOCK);
  expect("crc at the device", (long)[readLine(handle) longLongValue], stream_crc());
}

// A read without a length keeps to its bound, however much there is.
static void bound(int handle) {
  unsigned char buffer[ThingSmartP2pReadMaxLength + 1];
  command(handle, "stream 4096\n");
  for (int done = 0; done < 4096;) {
    buffer[ThingSmartP2pReadMaxLength] = 0xA5;
    int got = [channel readDataWithP2pHandle:handle channel:VIDEO buffer:buffer timeout:TIMEOUT_MS];
    expect("read within the bound", got > 0 && got <= ThingSmartP2pReadMaxLength, 1);
    expect("byte after the bound", buffer[ThingSmartP2pReadMaxLength], 0xA5);
    done += got;
  }
}

int main(int argc, char **argv) {
  @autoreleasepool {
    expect("arguments", argc, 2);
    channel = [ThingSmartP2pChannel sharedInstance];
    expect("one instance", channel == [ThingSmartP2pChannel sharedInstance], 1);
    NSString *ticket = [NSString stringWithUTF8String:argv[1]];
    Outcome *early = [Outcome new], *bad = [Outcome new], *broken = [Outcome new], *good = [Outcome new];

    expect("no trace id", [start(ticket, early) length], 0);
    expect("connect before init", [early wait], THING_P2P_ERR_NOT_INITIALIZED);
    [channel initP2PSDKWithUid:@"somebody"];
    [channel initSDKWithUid:@"objective-c"];
    start(@"nobody", bad);
    expect("bad id", [bad wait], THING_P2P_ERR_INVALID_ID);

    char id[THING_P2P_ID_SIZE];
    int absent = thing_p2p_device_open(NULL);
    expect("device_id", thing_p2p_device_id(absent, id, sizeof id) > 0, 1);
    expect("break", [channel breakConnectWithTraceId:start([NSString stringWithUTF8String:id], broken)], THING_P2P_OK);
    expect("broken connect", [broken wait], THING_P2P_ERR_CONNECT_BREAK);
    thing_p2p_device_close(absent);

    expect("length of a trace id", [start(ticket, good) length], 36);
    int handle = (int)[good wait];
    expect("connect", handle > 0, 1);
    command(handle, "echo hello\n");
    expect("echo", [readLine(handle) isEqualToString:@"hello\n"], 1);
    unsigned char buffer[ThingSmartP2pReadMaxLength];
    channel.readDataTimeOut = 20;
    expect("read of nothing", [channel readDataWithP2pHandle:handle channel:COMMANDS buffer:buffer], THING_P2P_ERR_TIMEOUT);
    channel.readDataTimeOut = TIMEOUT_MS;
    streams(handle);
    bound(handle);

    command(handle, "bye\n");
    int got = [channel readDataWithP2pHandle:handle channel:COMMANDS buffer:buffer];
    expect("read at the end", got, THING_P2P_ERR_CLOSED_REMOTE);
    expect("check at the end", [channel activeCheckWithHandle:handle], THING_P2P_ERR_CLOSED_REMOTE);
    expect("disconnect", [channel disconnectWithP2pHandle:handle], THING_P2P_OK);
    got = [channel readDataWithP2pHandle:handle channel:COMMANDS buffer:buffer timeout:0];
    expect("read after that", got, THING_P2P_ERR_INVALID_SESSION);
    [channel deInitSDK];
    [channel deInitP2PSDK];
    printf("ok: %s\n", [channel.p2pVersion UTF8String]);
  }
  return 0;
}
