/*
 * ThingSmartP2pChannel over libthingp2p: source-compatible with the public interface of Tuya's class, so that a program
 * written for that one compiles and runs with this one. Add capi/objc/ThingSmartP2pChannel.m to it, with or without ARC,
 * and link thingp2p.
 *
 *   ThingSmartP2pChannel *channel = [ThingSmartP2pChannel sharedInstance];
 *   [channel initSDKWithUid:@"alice"];
 *   [channel connectWithDeviceId:ticket mode:ThingSmartP2pConnectModeInternet timeout:0
 *       success:^(int handle) { [channel sendDataWithP2pHandle:handle channel:0 buffer:info length:5]; }
 *       failure:^(NSInteger errCode) { NSLog(@"%s", thing_p2p_strerror((int)errCode)); }];
 *
 * Codes, channels and the semantics of each call are those of thingp2p.h, which has the rest too: the option that names
 * the server (set it before initSDKWithUid:), live frames, the device's side, the log.
 *
 * Its members, each described below, or in thingp2p.h at the function named here:
 *
 *   sharedInstance                           one for the process
 *   readDataTimeOut, sendDataTimeOut         of the methods without a timeout
 *   p2pVersion                               thing_p2p_version
 *   detailErrorCodes                         what connectWithDevId: tells apart and connectWithDeviceId: does not
 *   initSDKWithUid:, initP2PSDKWithUid:      thing_p2p_init
 *   deInitSDK, deInitP2PSDK                  thing_p2p_deinit
 *   connectWithDevId:mode:...                thing_p2p_connect
 *   connectWithDeviceId:mode:...             the same, with fewer codes
 *   sweeper_connectWithDeviceId:mode:...     the same as connectWithDeviceId:; a sweeper is no special device here
 *   startPreConnectWithDeviceId:             thing_p2p_preconnect
 *   closePreConnectWithDeviceId:             thing_p2p_close_preconnect
 *   resendOffer:                             thing_p2p_resend_offer
 *   breakConnectWithTraceId:                 thing_p2p_break_connect
 *   disconnectWithP2pHandle:                 thing_p2p_disconnect
 *   closeAllSessions                         these two and closePreConnectWithDeviceId:, for all that this class has begun
 *   readDataWithP2pHandle:...                thing_p2p_read
 *   sendDataWithP2pHandle:...                thing_p2p_send
 *   activeCheckWithHandle:                   thing_p2p_active_check
 *   enableLogReport:                         thing_p2p_set_log; nothing is reported to anybody
 *   destroy                                  deprecated: deInitSDK
 *   onDeviceOnline:                          deprecated: resendOffer:
 *   isP2pActive:                             deprecated: activeCheckWithHandle:
 *   connectWithDeviceId:token:...,           deprecated: connectWithDeviceId:; the token is not used
 *   sweeper_connectWithDeviceId:token:...
 *
 * Not here are the two functions MQTTSendBlcok and httpRequest, which are for Tuya's servers.
 *
 * Threads      Any thread may call any method. Blocks are called on the main queue where there is libdispatch, as on Apple's
 *              systems, and so may still come after deInitSDK; elsewhere on a thread of the library. Never inside the call
 *              that was given them. Read and send wait: keep them off the main thread.
 */
#import <Foundation/Foundation.h>

#include "thingp2p.h"

typedef NS_ENUM(NSUInteger, ThingSmartP2pConnectMode) {
  ThingSmartP2pConnectModeInternet = 0,
  ThingSmartP2pConnectModeLAN = 1
};

/* The most that readDataWithP2pHandle: without a length writes to its buffer, in bytes: it must have that many. */
enum { ThingSmartP2pReadMaxLength = 1024 };

@interface ThingSmartP2pChannel : NSObject

/* For the methods without a timeout, in milliseconds; 3000 at first. 0: do not wait; negative: for ever. */
@property (nonatomic, assign) NSInteger readDataTimeOut;
@property (nonatomic, assign) NSInteger sendDataTimeOut;

@property (nonatomic, copy, readonly) NSString *p2pVersion;

/* The codes, as NSNumbers, for which connectWithDeviceId: gives -3: -10, no relay; -50, no answer; -58, no server. A sentence
 * for each, and for any other code: thing_p2p_strerror. */
@property (nonatomic, copy, readonly) NSArray *detailErrorCodes;

+ (instancetype)sharedInstance;

/* Prepares the app's side for a user. If another one is there, that one's attempts and sessions end first. */
- (void)initSDKWithUid:(NSString *)uid;
- (void)deInitSDK;
- (void)destroy __attribute__((deprecated("use deInitSDK")));

/* The same as the two above, for programs that initialise at login. */
- (void)initP2PSDKWithUid:(NSString *)uid;
- (void)deInitP2PSDK;

/* Starts to connect; timeout is in milliseconds, 0 is the mode's default. Exactly one of the two blocks is called, once,
 * also when the attempt could not be started. Either may be nil; a session that nobody gets is closed. Returns the trace
 * id, which is empty if the attempt could not be started. The failure block gets a code of thing_p2p_connect. */
- (NSString *)connectWithDevId:(NSString *)devId
                          mode:(ThingSmartP2pConnectMode)mode
                       timeout:(NSInteger)timeout
                       success:(void (^)(int p2pHandle))success
                       failure:(void (^)(NSInteger errCode))failure;

/* The same, for programs that know one code, -3, for all that may be missing when the time is up: the failure block gets it
 * instead of those of detailErrorCodes. */
- (NSString *)connectWithDeviceId:(NSString *)devId
                             mode:(ThingSmartP2pConnectMode)mode
                          timeout:(NSInteger)timeout
                          success:(void (^)(int p2pHandle))success
                          failure:(void (^)(NSInteger errCode))failure;
- (NSString *)sweeper_connectWithDeviceId:(NSString *)devId
                                     mode:(ThingSmartP2pConnectMode)mode
                                  timeout:(NSInteger)timeout
                                  success:(void (^)(int p2pHandle))success
                                  failure:(void (^)(NSInteger errCode))failure;

/* The same with the mode's default timeout and another failure block. The trace id, if not nil, is what
 * breakConnectWithTraceId: takes, and what is returned; the device gets one of the library's. */
- (NSString *)connectWithDeviceId:(NSString *)devId
                            token:(NSString *)token
                          traceId:(NSString *)traceId
                             mode:(ThingSmartP2pConnectMode)mode
                          success:(void (^)(int p2pHandle))success
                          failure:(void (^)(NSError *error))failure
    __attribute__((deprecated("use connectWithDeviceId:mode:timeout:success:failure:")));
- (NSString *)sweeper_connectWithDeviceId:(NSString *)devId
                                    token:(NSString *)token
                                  traceId:(NSString *)traceId
                                     mode:(ThingSmartP2pConnectMode)mode
                                  success:(void (^)(int p2pHandle))success
                                  failure:(void (^)(NSError *error))failure
    __attribute__((deprecated("use connectWithDeviceId:mode:timeout:success:failure:")));

/* Makes the next connect to the device quick, if it comes within five minutes; ends that. Both return 0 or a negative code, as
 * all that follow. */
- (int)startPreConnectWithDeviceId:(NSString *)devId;
- (int)closePreConnectWithDeviceId:(NSString *)devId;

/* Repeats the offers of all attempts to a device, which has just woken; -5: there is none. */
- (int)resendOffer:(NSString *)deviceId;
- (int)onDeviceOnline:(NSString *)deviceId __attribute__((deprecated("use resendOffer:")));

/* Breaks an attempt off: its failure block gets -19. */
- (int)breakConnectWithTraceId:(NSString *)traceId;
- (int)disconnectWithP2pHandle:(int)handle;

/* Breaks off each attempt, disconnects each session and closes each preconnection that this class has begun, one after the
 * other; those of thingp2p.h's functions stay. What another thread begins meanwhile may stay too. Returns 0. */
- (int)closeAllSessions;

/* Without a length: at most ThingSmartP2pReadMaxLength bytes, so the buffer must have that many.
 * Returns the number of bytes, -3 when the time was up, another negative code when the session has ended. */
- (int)readDataWithP2pHandle:(int)handle channel:(int)channel buffer:(unsigned char *)buffer;
- (int)readDataWithP2pHandle:(int)handle channel:(int)channel buffer:(unsigned char *)buffer timeout:(int)timeout;
/* Not in Tuya's class: with the buffer's length. */
- (int)readDataWithP2pHandle:(int)handle
                     channel:(int)channel
                      buffer:(unsigned char *)buffer
                      length:(int)length
                     timeout:(int)timeout;

/* Returns the number of bytes taken, which may be less than length; or as above. */
- (int)sendDataWithP2pHandle:(int)handle channel:(int)channel buffer:(unsigned char *)buffer length:(int)length;
- (int)sendDataWithP2pHandle:(int)handle
                     channel:(int)channel
                      buffer:(unsigned char *)buffer
                      length:(int)length
                     timeout:(int)timeout;

/* Returns 0 while the session is usable, else why it is not. */
- (int)activeCheckWithHandle:(int)p2pHandle;
- (BOOL)isP2pActive:(int)p2pHandle __attribute__((deprecated("use activeCheckWithHandle:")));

/* Hands the library's log, up to THING_P2P_LOG_INFO, to NSLog, or to nobody. Takes the place of thing_p2p_set_log. */
+ (void)enableLogReport:(BOOL)enabled;

@end
