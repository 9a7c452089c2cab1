// What the scenario has not of Tuya's class, also the deprecated, and the codes of what is missing when the time is up.
#import "ThingSmartP2pChannel.h"

#include "../../c/process.h"
#import "Outcome.h"

#pragma clang diagnostic ignored "-Wdeprecated-declarations"

static ThingSmartP2pChannel *channel;

typedef NSString *(^Connect)(NSString *target, NSInteger timeout, Outcome *outcome);

static Connect byDevId = ^(NSString *target, NSInteger timeout, Outcome *outcome) {
  return [channel connectWithDevId:target mode:ThingSmartP2pConnectModeInternet timeout:timeout
      success:^(int p2pHandle) { [outcome finish:p2pHandle]; }
      failure:^(NSInteger errCode) { [outcome finish:errCode]; }];
};

static Connect byDeviceId = ^(NSString *target, NSInteger timeout, Outcome *outcome) {
  return [channel connectWithDeviceId:target mode:ThingSmartP2pConnectModeInternet timeout:timeout
      success:^(int p2pHandle) { [outcome finish:p2pHandle]; }
      failure:^(NSInteger errCode) { [outcome finish:errCode]; }];
};

static Connect sweeper = ^(NSString *target, NSInteger timeout, Outcome *outcome) {
  return [channel sweeper_connectWithDeviceId:target mode:ThingSmartP2pConnectModeInternet timeout:timeout
      success:^(int p2pHandle) { [outcome finish:p2pHandle]; }
      failure:^(NSInteger errCode) { [outcome finish:errCode]; }];
};

static long codeOf(NSError *error) {
  expect("domain", [[error domain] isEqual:@"ThingSmartP2pChannel"], 1);
  expect("sentence", strcmp([[error localizedDescription] UTF8String], thing_p2p_strerror((int)[error code])), 0);
  return [error code];
}

static Connect named = ^(NSString *target, NSInteger timeout, Outcome *outcome) {
  (void)timeout;
  return [channel connectWithDeviceId:target token:@"token" traceId:@"mine" mode:ThingSmartP2pConnectModeInternet
      success:^(int p2pHandle) { [outcome finish:p2pHandle]; }
      failure:^(NSError *error) { [outcome finish:codeOf(error)]; }];
};

static Connect unnamed = ^(NSString *target, NSInteger timeout, Outcome *outcome) {
  (void)timeout;
  return [channel sweeper_connectWithDeviceId:target token:nil traceId:nil mode:ThingSmartP2pConnectModeLAN
      success:^(int p2pHandle) { [outcome finish:p2pHandle]; }
      failure:^(NSError *error) { [outcome finish:codeOf(error)]; }];
};

static long result(Connect connect, NSString *target, NSInteger timeout) {
  Outcome *outcome = [[Outcome new] autorelease];
  connect(target, timeout, outcome);
  return [outcome wait];
}

// On a busy machine an attempt may not come as far as it can: then it gets more time.
static void fails(const char *what, Connect connect, NSString *target, long wanted) {
  long code = 0;
  for (NSInteger timeout = 1000; code != wanted && timeout < TIMEOUT_MS; timeout *= 2) code = result(connect, target, timeout);
  expect(what, code, wanted);
}

static void isMissing(NSString *target, long detailed, long simple) {
  fails("connectWithDevId", byDevId, target, detailed);
  fails("connectWithDeviceId", byDeviceId, target, simple);
  fails("sweeper_connectWithDeviceId", sweeper, target, simple);
  expect("among detailErrorCodes", [channel.detailErrorCodes containsObject:@(detailed)], detailed != simple);
}

static void sessionsAndAttempts(NSString *ticket, struct process *device) {
  Connect ways[] = {byDevId, byDeviceId, sweeper, named, unnamed};
  int handles[5];
  for (int i = 0; i < 5; i++) {
    handles[i] = (int)result(ways[i], ticket, TIMEOUT_MS);
    expect("isP2pActive", [channel isP2pActive:handles[i]], YES);
  }
  expect("disconnect", [channel disconnectWithP2pHandle:handles[0]], THING_P2P_OK);

  kill(device->pid, SIGSTOP); // so that attempts last
  Outcome *broken = [[Outcome new] autorelease], *closed = [[Outcome new] autorelease];
  expect("trace id of the caller", [named(ticket, 0, broken) isEqual:@"mine"], 1);
  expect("break", [channel breakConnectWithTraceId:@"mine"], THING_P2P_OK);
  expect("broken connect", [broken wait], THING_P2P_ERR_CONNECT_BREAK);
  Outcome *first = [[Outcome new] autorelease], *second = [[Outcome new] autorelease];
  named(ticket, 0, first);
  named(ticket, 0, second);
  expect("break both", [channel breakConnectWithTraceId:@"mine"], THING_P2P_OK);
  expect("the first of one name", [first wait], THING_P2P_ERR_CONNECT_BREAK);
  expect("the second of one name", [second wait], THING_P2P_ERR_CONNECT_BREAK);
  expect("break of nothing", [channel breakConnectWithTraceId:@"mine"], THING_P2P_ERR_INVALID_PARAMETER);

  expect("trace id", [byDeviceId(ticket, TIMEOUT_MS, closed) length], 36);
  expect("resendOffer", [channel resendOffer:ticket], THING_P2P_OK);
  expect("onDeviceOnline", [channel onDeviceOnline:ticket], THING_P2P_OK);
  expect("closeAllSessions", [channel closeAllSessions], THING_P2P_OK);
  expect("closed connect", [closed wait], THING_P2P_ERR_CONNECT_BREAK);
  for (int i = 0; i < 5; i++) {
    expect("isP2pActive after that", [channel isP2pActive:handles[i]], NO);
    expect("disconnect after that", [channel disconnectWithP2pHandle:handles[i]], THING_P2P_ERR_INVALID_SESSION);
  }
  expect("resendOffer after that", [channel resendOffer:ticket], THING_P2P_ERR_INVALID_PARAMETER);
  expect("closeAllSessions again", [channel closeAllSessions], THING_P2P_OK);
}

// No more than eight at once; after closeAllSessions there is room.
static void preconnections(void) {
  enum { MOST = 8 };
  NSString *ids[MOST + 1];
  for (int i = 0; i <= MOST; i++) {
    char id[THING_P2P_ID_SIZE];
    int device = thing_p2p_device_open(NULL);
    NEED(thing_p2p_device_id(device, id, sizeof id) > 0);
    ids[i] = [NSString stringWithUTF8String:id];
    thing_p2p_device_close(device);
  }
  for (int i = 0; i < MOST; i++) expect("preconnect", [channel startPreConnectWithDeviceId:ids[i]], THING_P2P_OK);
  expect("one more", [channel startPreConnectWithDeviceId:ids[MOST]], THING_P2P_ERR_SESSION_LIMIT);
  expect("close one", [channel closePreConnectWithDeviceId:ids[0]], THING_P2P_OK);
  expect("another", [channel startPreConnectWithDeviceId:ids[MOST]], THING_P2P_OK);
  expect("close all", [channel closeAllSessions], THING_P2P_OK);
  for (int i = 0; i < MOST; i++) expect("preconnect again", [channel startPreConnectWithDeviceId:ids[i]], THING_P2P_OK);
  expect("bad id", [channel startPreConnectWithDeviceId:@"nobody"], THING_P2P_ERR_INVALID_ID);
}

// What the start of two devices, which is logged as information, adds to stderr; the log is off for the second.
static NSString *logged(BOOL enabled) {
  char text[4096];
  int saved = dup(STDERR_FILENO);
  FILE *file = tmpfile();
  NEED(saved >= 0 && file != NULL);
  dup2(fileno(file), STDERR_FILENO);
  [ThingSmartP2pChannel enableLogReport:enabled];
  thing_p2p_device_close(thing_p2p_device_open(NULL));
  [ThingSmartP2pChannel enableLogReport:NO];
  thing_p2p_device_close(thing_p2p_device_open(NULL));
  dup2(saved, STDERR_FILENO);
  close(saved);
  rewind(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  return [NSString stringWithUTF8String:text];
}

static int beDevice(void) {
  char ticket[THING_P2P_TICKET_SIZE];
  int device = thing_p2p_device_open(NULL);
  NEED(thing_p2p_device_ticket(device, ticket, sizeof ticket) > 0);
  NEED(thing_p2p_device_listen(device) == THING_P2P_OK);
  printf("%s\n", ticket);
  fflush(stdout);
  for (;;) pause();
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return beDevice();
  @autoreleasepool {
    channel = [ThingSmartP2pChannel sharedInstance];
    expect("closeAllSessions before init", [channel closeAllSessions], THING_P2P_OK);
    expect("connect before init", result(unnamed, @"x", 0), THING_P2P_ERR_NOT_INITIALIZED);
    [channel initSDKWithUid:@"objective-c"];
    expect("bad id", result(named, @"nobody", 0), THING_P2P_ERR_INVALID_ID);

    char line[THING_P2P_TICKET_SIZE], id[THING_P2P_ID_SIZE];
    struct process device = process_again("device", NULL);
    process_line(&device, line, sizeof line);
    NSString *ticket = [NSString stringWithUTF8String:line];
    sessionsAndAttempts(ticket, &device);
    isMissing(ticket, THING_P2P_ERR_NO_ANSWER, THING_P2P_ERR_TIMEOUT);
    process_kill(&device);

    int off = thing_p2p_device_open(NULL);
    NEED(thing_p2p_device_id(off, id, sizeof id) > 0);
    NSString *absent = [NSString stringWithUTF8String:id];
    isMissing(absent, THING_P2P_ERR_DEVICE_NOT_ONLINE, THING_P2P_ERR_DEVICE_NOT_ONLINE);

    preconnections();
    [channel destroy];
    expect("connect after destroy", result(byDeviceId, ticket, 0), THING_P2P_ERR_NOT_INITIALIZED);
    thing_p2p_set_option("server", "mqtt://127.0.0.1:1"); // where nobody listens
    thing_p2p_set_option("lan", "off");
    [channel initSDKWithUid:@"objective-c"];
    isMissing(absent, THING_P2P_ERR_SIGNALING, THING_P2P_ERR_TIMEOUT);
    expect("a dead server, by the old method", result(unnamed, absent, 0), THING_P2P_ERR_TIMEOUT);
    thing_p2p_device_close(off);

    expect("log of two devices", [[logged(YES) componentsSeparatedByString:@"device started"] count], 2);
    expect("no log", [logged(NO) length], 0);
    [channel deInitSDK];
    printf("ok: %lu finer codes\n", (unsigned long)[channel.detailErrorCodes count]);
  }
  return 0;
}
