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
  void (^_success)(int);
  void (^_failure)(NSInteger);
}
- (instancetype)initWithSuccess:(void (^)(int))success failure:(void (^)(NSInteger))failure;
- (void)succeed:(int)handle;
- (void)fail:(NSNumber *)code;
@end

static void deliver(void (^call)(void)) {
#if HAS_MAIN_QUEUE
  dispatch_async(dispatch_get_main_queue(), call);
#else
  call();
#endif
}

@implementation ThingSmartP2pAttempt

- (instancetype)initWithSuccess:(void (^)(int))success failure:(void (^)(NSInteger))failure {
  self = [super init];
  if (self) {
    _success = COPY_BLOCK(success);
    _failure = COPY_BLOCK(failure);
  }
  return self;
}

#if !__has_feature(objc_arc)
- (void)dealloc {
  if (_success) Block_release(_success);
  if (_failure) Block_release(_failure);
  [super dealloc];
}
#endif

- (void)succeed:(int)handle {
  if (!_success) {
    thing_p2p_disconnect(handle);
    return;
  }
  deliver(^{ self->_success(handle); });
}

- (void)fail:(NSNumber *)code {
  if (!_failure) return;
  deliver(^{ self->_failure([code integerValue]); });
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
  thing_p2p_deinit();
  thing_p2p_init(toText(uid));
}

- (void)deInitSDK {
  thing_p2p_deinit();
}

- (void)initP2PSDKWithUid:(NSString *)uid {
  [self initSDKWithUid:uid];
}

- (void)deInitP2PSDK {
  [self deInitSDK];
}

- (NSString *)connectWithDeviceId:(NSString *)devId
                             mode:(ThingSmartP2pConnectMode)mode
                          timeout:(NSInteger)timeout
                          success:(void (^)(int))success
                          failure:(void (^)(NSInteger))failure {
  ThingSmartP2pAttempt *attempt = [[ThingSmartP2pAttempt alloc] initWithSuccess:success failure:failure];
  void *user = GIVE_TO_C(attempt);
  char traceId[THING_P2P_TRACE_ID_SIZE] = "";
  int code = thing_p2p_connect(toText(devId), toMode(mode), toInt(timeout), onSuccess, onFailure, user, traceId);
  if (code < 0) /* not from inside this call, where the caller may hold a lock */
    [TAKE_FROM_C(user) performSelectorInBackground:@selector(fail:) withObject:@(code)];
#if !__has_feature(objc_arc)
  [attempt release];
#endif
  return [NSString stringWithUTF8String:traceId];
}

- (NSString *)connectWithDevId:(NSString *)devId
                          mode:(ThingSmartP2pConnectMode)mode
                       timeout:(NSInteger)timeout
                       success:(void (^)(int))success
                       failure:(void (^)(NSInteger))failure {
  return [self connectWithDeviceId:devId mode:mode timeout:timeout success:success failure:failure];
}

- (int)breakConnectWithTraceId:(NSString *)traceId {
  return thing_p2p_break_connect(toText(traceId));
}

- (int)disconnectWithP2pHandle:(int)handle {
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

@end
