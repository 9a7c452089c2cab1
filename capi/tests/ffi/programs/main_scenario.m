// The main scenario from Objective-C with Foundation: connect, command, stream, close.
#import <Foundation/Foundation.h>

#include "thingp2p.h"

enum { kCommands = 0, kVideo = 1, kTimeoutMs = 20000, kStreamBytes = 4 << 20 };

static void expect(NSString *what, long got, long wanted) {
  if (got == wanted) return;
  fprintf(stderr, "%s: got %ld, expected %ld\n", [what UTF8String], got, wanted);
  exit(1);
}

// One session. The callbacks come on a thread of the library, which `done` carries over to the one that waits.
@interface Session : NSObject {
  NSConditionLock *done;
  int handle;
  char traceId[THING_P2P_TRACE_ID_SIZE];
}
- (id)initWithTicket:(NSString *)ticket;
- (void)finish:(int)handleOrCode;
- (thing_p2p_info)info;
- (void)send:(NSString *)text;
- (NSData *)readChannel:(int)channel atMost:(int)length;
- (void)expectClosedByDevice;
@end

static void onFinished(int handleOrCode, void *user) {
  [(Session *)user finish:handleOrCode];
}

@implementation Session

- (id)initWithTicket:(NSString *)ticket {
  self = [super init];
  done = [[NSConditionLock alloc] initWithCondition:0];
  int code = thing_p2p_connect([ticket UTF8String], THING_P2P_MODE_INTERNET, kTimeoutMs, onFinished, onFinished, self, traceId);
  expect(@"connect", code, THING_P2P_OK);
  [done lockWhenCondition:1];
  [done unlock];
  if (handle < 0) expect([NSString stringWithUTF8String:thing_p2p_error_name(handle)], handle, 0);
  return self;
}

- (void)dealloc {
  [done release];
  [super dealloc];
}

- (void)finish:(int)handleOrCode {
  // The library's threads have no autorelease pool of their own.
  NSAutoreleasePool *pool = [[NSAutoreleasePool alloc] init];
  [done lock];
  handle = handleOrCode;
  [done unlockWithCondition:1];
  [pool drain];
}

- (thing_p2p_info)info {
  thing_p2p_info info = {0};
  info.struct_size = sizeof info;
  expect(@"session_info", thing_p2p_session_info(handle, &info), THING_P2P_OK);
  expect(@"trace id", strcmp(info.trace_id, traceId), 0);
  return info;
}

- (void)send:(NSString *)text {
  const char *bytes = [text UTF8String];
  int length = (int)strlen(bytes);
  expect(@"send", thing_p2p_send(handle, kCommands, bytes, length, kTimeoutMs), length);
}

- (NSData *)readChannel:(int)channel atMost:(int)length {
  NSMutableData *data = [NSMutableData dataWithLength:length];
  int got = thing_p2p_read(handle, channel, [data mutableBytes], length, kTimeoutMs);
  if (got < 1) expect(@"read", got, 1);
  [data setLength:got];
  return data;
}

- (void)expectClosedByDevice {
  char byte;
  expect(@"read after the device closed", thing_p2p_read(handle, kCommands, &byte, 1, kTimeoutMs), THING_P2P_ERR_CLOSED_REMOTE);
  expect(@"active_check after that", thing_p2p_active_check(handle), THING_P2P_ERR_CLOSED_REMOTE);
  expect(@"disconnect", thing_p2p_disconnect(handle), THING_P2P_OK);
  expect(@"second disconnect", thing_p2p_disconnect(handle), THING_P2P_ERR_INVALID_SESSION);
  expect(@"read after disconnect", thing_p2p_read(handle, kCommands, &byte, 1, 0), THING_P2P_ERR_INVALID_SESSION);
}

@end

static void receiveStream(Session *session) {
  long done = 0;
  [session send:[NSString stringWithFormat:@"stream %d\n", kStreamBytes]];
  while (done < kStreamBytes) {
    NSAutoreleasePool *pool = [[NSAutoreleasePool alloc] init];
    NSData *block = [session readChannel:kVideo atMost:1 << 18];
    const unsigned char *bytes = [block bytes];
    for (NSUInteger i = 0; i < [block length]; i++, done++) expect(@"byte of the stream", bytes[i], done % 251);
    [pool drain];
  }
}

int main(int argc, char **argv) {
  NSAutoreleasePool *pool = [[NSAutoreleasePool alloc] init];
  expect(@"arguments", argc, 2);
  expect(@"init", thing_p2p_init("objective-c"), THING_P2P_OK);
  Session *session = [[Session alloc] initWithTicket:[NSString stringWithUTF8String:argv[1]]];
  thing_p2p_info info = [session info];

  [session send:@"echo hello\n"];
  NSMutableData *reply = [NSMutableData data];
  while ([reply length] < 6) [reply appendData:[session readChannel:kCommands atMost:6 - (int)[reply length]]];
  expect(@"echo", memcmp([reply bytes], "hello\n", 6), 0);

  receiveStream(session);
  [session send:@"bye\n"];
  [session expectClosedByDevice];
  [session release];
  expect(@"deinit", thing_p2p_deinit(), THING_P2P_OK);
  expect(@"second deinit", thing_p2p_deinit(), THING_P2P_ERR_NOT_INITIALIZED);
  printf("ok: %s, path %d, connected in %u ms\n", thing_p2p_version(), info.path, info.connect_ms);
  [pool drain];
  return 0;
}
