/* See ThingSmartP2pChannel.h. With and without ARC. */
#import "ThingSmartP2pChannel.h"

#include <limits.h>
#include <stdatomic.h>
#include <string.h>

#if __has_include(<dispatch/dispatch.h>)
#include <dispatch/dispatch.h>
#define HAS_MAIN_QUEUE 1
#else
#define HAS_MAIN_QUEUE 0
#endif

/* An attempt belongs to the one callback that the library will call. */
#if __has_feature(objc_arc)
#define COPY_BLOCK(block) [(block) copy]
#define GIVE_TO_C(object) ((__bridge_retained void *)(object))
#define TAKE_FROM_C(pointer) ((__bridge_transfer ThingSmartP2pAttempt *)(pointer))
#else
#include <Block.h>
#define COPY_BLOCK(block) Block_copy(block)
#define GIVE_TO_C(object) ((void *)[(object) retain])
#define TAKE_FROM_C(pointer) ([(ThingSmartP2pAttempt *)(pointer) autorelease])
#endif

@interface ThingSmartP2pAttempt : NSObject {
 @public
  void (^_success)(int);
  void (^_failure)(NSInteger);
  BOOL _detailed;                          /* all codes */
  NSString *_name;                         /* what the caller calls it, if not by its trace id */
  char _traceId[THING_P2P_TRACE_ID_SIZE];  /* empty: not started */
  BOOL _finished, _closed;                 /* has been called back; by closeAllSessions */
}
- (void)started;
- (void)succeed:(int)handle;
- (void)fail:(NSNumber *)code;
@end

/* What closeAllSessions closes. The class ThingSmartP2pAttempt is the lock of these, and of an attempt's flags; it makes the
 * sets before it is first locked. No call to the library is made under it. */
static NSMutableSet *attempts; /* that have started and not finished */
static NSMutableSet *sessions; /* handles of those that succeeded */
static NSMutableSet *preconnected; /* as the caller names the devices */

/* Empties a set. */
static NSArray *takeAll(NSMutableSet *set) {
  @synchronized([ThingSmartP2pAttempt class]) {
    NSArray *all = [set allObjects];
    [set removeAllObjects];
    return all;
  }
}

static NSArray *detailErrorCodes(void) {
  return @[ @(THING_P2P_ERR_NO_RELAY), @(THING_P2P_ERR_NO_ANSWER), @(THING_P2P_ERR_SIGNALING) ];
}

static void deliver(void (^call)(void)) {
#if HAS_MAIN_QUEUE
  dispatch_async(dispatch_get_main_queue(), call);
#else
  call();
#endif
}

@implementation ThingSmartP2pAttempt

+ (void)initialize {
  attempts = [[NSMutableSet alloc] init];
  sessions = [[NSMutableSet alloc] init];
  preconnected = [[NSMutableSet alloc] init];
}

#if !__has_feature(objc_arc)
- (void)dealloc {
  if (_success) Block_release(_success);
  if (_failure) Block_release(_failure);
  [_name release];
  [super dealloc];
}
#endif

/* The callback may have come before. */
- (void)started {
  @synchronized([ThingSmartP2pAttempt class]) {
    if (!_finished) [attempts addObject:self];
  }
}

- (void)succeed:(int)handle {
  BOOL wanted, closed;
  @synchronized([ThingSmartP2pAttempt class]) {
    _finished = YES;
    [attempts removeObject:self];
    closed = _closed;
    wanted = _success && !closed;
    if (wanted) [sessions addObject:@(handle)];
  }
  if (wanted)
    deliver(^{ self->_success(handle); });
  else
    thing_p2p_disconnect(handle);
  if (closed) [self report:THING_P2P_ERR_CONNECT_BREAK];
}

- (void)fail:(NSNumber *)code {
  @autoreleasepool { /* GNUstep makes none for performSelectorInBackground: */
    @synchronized([ThingSmartP2pAttempt class]) {
      _finished = YES;
      [attempts removeObject:self];
    }
    BOOL shortened = !_detailed && [detailErrorCodes() containsObject:code];
    [self report:shortened ? THING_P2P_ERR_TIMEOUT : [code integerValue]];
  }
}

- (void)report:(NSInteger)code {
  if (_failure) deliver(^{ self->_failure(code); });
}

@end

static void onSuccess(int handle, void *user) {
  @autoreleasepool {
    [TAKE_FROM_C(user) succeed:handle];
  }
}

static void onFailure(int code, void *user) {
  @autoreleasepool {
    [TAKE_FROM_C(user) fail:@(code)];
  }
}

static void onLog(int level, const char *line, void *user) {
  (void)level, (void)user;
  @autoreleasepool {
    NSLog(@"%@", [NSString stringWithUTF8String:line]);
  }
}

static int toInt(NSInteger value) { return value > INT_MAX ? INT_MAX : value < 0 ? -1 : (int)value; }
static int toMode(ThingSmartP2pConnectMode mode) { return mode > INT_MAX ? INT_MAX : (int)mode; }

/* NULL, which the library refuses, for what is no text to it: nil, an object of another class, such as the NSNull of a JSON
 * parser, half a surrogate pair, and a text with a NUL inside, which C would take for a shorter one. */
static const char *toText(NSString *text) {
  if (![text isKindOfClass:[NSString class]]) return NULL;
  NSData *bytes = [text dataUsingEncoding:NSUTF8StringEncoding];
  if (!bytes || ([bytes length] > 0 && memchr([bytes bytes], 0, [bytes length]))) return NULL;
  return [text UTF8String];
}

static NSError *toError(NSInteger code) {
  NSString *sentence = [NSString stringWithUTF8String:thing_p2p_strerror((int)code)];
  return [NSError errorWithDomain:@"ThingSmartP2pChannel" code:code userInfo:@{NSLocalizedDescriptionKey : sentence}];
}

static NSString *begin(NSString *devId, BOOL detailed, NSString *name, ThingSmartP2pConnectMode mode, NSInteger timeout,
                       void (^success)(int), void (^failure)(NSInteger)) {
  if (![name isKindOfClass:[NSString class]] || [name length] == 0) name = nil;
  ThingSmartP2pAttempt *attempt = [[ThingSmartP2pAttempt alloc] init];
  attempt->_success = COPY_BLOCK(success);
  attempt->_failure = COPY_BLOCK(failure);
  attempt->_detailed = detailed;
  attempt->_name = [name copy];
  void *user = GIVE_TO_C(attempt);
  int code = thing_p2p_connect(toText(devId), toMode(mode), toInt(timeout), onSuccess, onFailure, user, attempt->_traceId);
  if (code < 0) /* not from inside this call, where the caller may hold a lock */
    [TAKE_FROM_C(user) performSelectorInBackground:@selector(fail:) withObject:@(code)];
  else
    [attempt started];
  NSString *traceId = code == THING_P2P_OK && name ? name : [NSString stringWithUTF8String:attempt->_traceId];
#if !__has_feature(objc_arc)
  [attempt release];
#endif
  return traceId;
}

/* The library is one for the process, and so are these. */
static _Atomic(NSInteger) readTimeOut = 3000;
static _Atomic(NSInteger) sendTimeOut = 3000;

@implementation ThingSmartP2pChannel

+ (instancetype)sharedInstance {
  static ThingSmartP2pChannel *shared;
  @synchronized([ThingSmartP2pChannel class]) {
    if (!shared) shared = [[ThingSmartP2pChannel alloc] init];
  }
  return shared;
}

- (NSInteger)readDataTimeOut {
  return readTimeOut;
}
- (void)setReadDataTimeOut:(NSInteger)timeout {
  readTimeOut = timeout;
}
- (NSInteger)sendDataTimeOut {
  return sendTimeOut;
}
- (void)setSendDataTimeOut:(NSInteger)timeout {
  sendTimeOut = timeout;
}

- (NSString *)p2pVersion {
  return [NSString stringWithUTF8String:thing_p2p_version()];
}

- (void)initSDKWithUid:(NSString *)uid {
  if (thing_p2p_init(toText(uid)) != THING_P2P_ERR_ALREADY_INITIALIZED) return;
  [self deInitSDK];
  thing_p2p_init(toText(uid));
}

- (void)deInitSDK {
  takeAll(sessions); /* deinit closes them */
  takeAll(preconnected);
  thing_p2p_deinit();
}

- (void)destroy {
  [self deInitSDK];
}

- (void)initP2PSDKWithUid:(NSString *)uid {
  [self initSDKWithUid:uid];
}

- (void)deInitP2PSDK {
  [self deInitSDK];
}

- (NSArray *)detailErrorCodes {
  return detailErrorCodes();
}

- (NSString *)connectWithDevId:(NSString *)devId
                          mode:(ThingSmartP2pConnectMode)mode
                       timeout:(NSInteger)timeout
                       success:(void (^)(int))success
                       failure:(void (^)(NSInteger))failure {
  return begin(devId, YES, nil, mode, timeout, success, failure);
}

- (NSString *)connectWithDeviceId:(NSString *)devId
                             mode:(ThingSmartP2pConnectMode)mode
                          timeout:(NSInteger)timeout
                          success:(void (^)(int))success
                          failure:(void (^)(NSInteger))failure {
  return begin(devId, NO, nil, mode, timeout, success, failure);
}

- (NSString *)sweeper_connectWithDeviceId:(NSString *)devId
                                     mode:(ThingSmartP2pConnectMode)mode
                                  timeout:(NSInteger)timeout
                                  success:(void (^)(int))success
                                  failure:(void (^)(NSInteger))failure {
  return begin(devId, NO, nil, mode, timeout, success, failure);
}

- (NSString *)connectWithDeviceId:(NSString *)devId
                            token:(NSString *)token
                          traceId:(NSString *)traceId
                             mode:(ThingSmartP2pConnectMode)mode
                          success:(void (^)(int))success
                          failure:(void (^)(NSError *))failure {
  (void)token;
  return begin(devId, NO, traceId, mode, 0, success, ^(NSInteger code) {
    if (failure) failure(toError(code));
  });
}

- (NSString *)sweeper_connectWithDeviceId:(NSString *)devId
                                    token:(NSString *)token
                                  traceId:(NSString *)traceId
                                     mode:(ThingSmartP2pConnectMode)mode
                                  success:(void (^)(int))success
                                  failure:(void (^)(NSError *))failure {
  (void)token;
  return begin(devId, NO, traceId, mode, 0, success, ^(NSInteger code) {
    if (failure) failure(toError(code));
  });
}

- (int)startPreConnectWithDeviceId:(NSString *)devId {
  int code = thing_p2p_preconnect(toText(devId));
  if (code == THING_P2P_OK) {
    @synchronized([ThingSmartP2pAttempt class]) {
      [preconnected addObject:[NSString stringWithUTF8String:toText(devId)]]; /* devId may be mutable */
    }
  }
  return code;
}

- (int)closePreConnectWithDeviceId:(NSString *)devId {
  int code = thing_p2p_close_preconnect(toText(devId));
  if (code == THING_P2P_OK) {
    @synchronized([ThingSmartP2pAttempt class]) {
      [preconnected removeObject:devId];
    }
  }
  return code;
}

- (int)resendOffer:(NSString *)deviceId {
  return thing_p2p_resend_offer(toText(deviceId));
}

- (int)onDeviceOnline:(NSString *)deviceId {
  return [self resendOffer:deviceId];
}

- (int)breakConnectWithTraceId:(NSString *)traceId {
  NSArray *begun;
  @synchronized([ThingSmartP2pAttempt class]) {
    begun = [attempts allObjects];
  }
  int result = thing_p2p_break_connect(toText(traceId)); /* one of the library's own, perhaps */
  for (ThingSmartP2pAttempt *attempt in begun)
    if ([attempt->_name isEqual:traceId] && thing_p2p_break_connect(attempt->_traceId) == THING_P2P_OK)
      result = THING_P2P_OK; /* one of the others may just have ended */
  return result;
}

- (int)closeAllSessions {
  NSArray *begun;
  @synchronized([ThingSmartP2pAttempt class]) {
    begun = [attempts allObjects];
    for (ThingSmartP2pAttempt *attempt in begun) attempt->_closed = YES; /* if it succeeds before it is broken off */
  }
  for (ThingSmartP2pAttempt *attempt in begun) thing_p2p_break_connect(attempt->_traceId);
  for (NSNumber *handle in takeAll(sessions)) thing_p2p_disconnect([handle intValue]);
  for (NSString *device in takeAll(preconnected)) thing_p2p_close_preconnect(toText(device));
  return THING_P2P_OK;
}

- (int)disconnectWithP2pHandle:(int)handle {
  @synchronized([ThingSmartP2pAttempt class]) {
    [sessions removeObject:@(handle)];
  }
  return thing_p2p_disconnect(handle);
}

- (int)readDataWithP2pHandle:(int)handle channel:(int)channel buffer:(unsigned char *)buffer {
  return [self readDataWithP2pHandle:handle channel:channel buffer:buffer timeout:toInt(self.readDataTimeOut)];
}

- (int)readDataWithP2pHandle:(int)handle channel:(int)channel buffer:(unsigned char *)buffer timeout:(int)timeout {
  return thing_p2p_read(handle, channel, buffer, ThingSmartP2pReadMaxLength, timeout);
}

- (int)readDataWithP2pHandle:(int)handle
                     channel:(int)channel
                      buffer:(unsigned char *)buffer
                      length:(int)length
                     timeout:(int)timeout {
  return thing_p2p_read(handle, channel, buffer, length, timeout);
}

- (int)sendDataWithP2pHandle:(int)handle channel:(int)channel buffer:(unsigned char *)buffer length:(int)length {
  return [self sendDataWithP2pHandle:handle channel:channel buffer:buffer length:length timeout:toInt(self.sendDataTimeOut)];
}

- (int)sendDataWithP2pHandle:(int)handle
                     channel:(int)channel
                      buffer:(unsigned char *)buffer
                      length:(int)length
                     timeout:(int)timeout {
  return thing_p2p_send(handle, channel, buffer, length, timeout);
}

- (int)activeCheckWithHandle:(int)p2pHandle {
  return thing_p2p_active_check(p2pHandle);
}

- (BOOL)isP2pActive:(int)p2pHandle {
  return thing_p2p_active_check(p2pHandle) == THING_P2P_OK;
}

+ (void)enableLogReport:(BOOL)enabled {
  thing_p2p_set_log(enabled ? THING_P2P_LOG_INFO : THING_P2P_LOG_OFF, onLog, NULL);
}

@end
