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
 * the server (set it before initSDKWithUid:), the device's side, the log.
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

/* The most that the methods without a length write to their buffer, in bytes: it must have that many. */
enum { ThingSmartP2pReadMaxLength = 1024 };

@interface ThingSmartP2pChannel : NSObject

/* For the methods without a timeout, in milliseconds; 3000 at first. 0: do not wait; negative: for ever. */
@property (nonatomic, assign) NSInteger readDataTimeOut;
@property (nonatomic, assign) NSInteger sendDataTimeOut;

@property (nonatomic, copy, readonly) NSString *p2pVersion;

+ (instancetype)sharedInstance;

/* Prepares the app's side for a user. If another one is there, that one's attempts and sessions end first. */
- (void)initSDKWithUid:(NSString *)uid;
- (void)deInitSDK;

/* The same as the two above, for programs that initialise at login. */
- (void)initP2PSDKWithUid:(NSString *)uid;
- (void)deInitP2PSDK;

/* Starts to connect; timeout is in milliseconds, 0 is the mode's default. Exactly one of the two blocks is called, once,
 * also when the attempt could not be started. Either may be nil; a session that nobody gets is closed. Returns the trace
 * id, which is empty if the attempt could not be started. Both selectors are the same. */
- (NSString *)connectWithDeviceId:(NSString *)devId
                             mode:(ThingSmartP2pConnectMode)mode
                          timeout:(NSInteger)timeout
                          success:(void (^)(int p2pHandle))success
                          failure:(void (^)(NSInteger errCode))failure;
- (NSString *)connectWithDevId:(NSString *)devId
                          mode:(ThingSmartP2pConnectMode)mode
                       timeout:(NSInteger)timeout
                       success:(void (^)(int p2pHandle))success
                       failure:(void (^)(NSInteger errCode))failure;

/* Breaks an attempt off: its failure block gets -19. Returns 0 or a negative code, as all that follow. */
- (int)breakConnectWithTraceId:(NSString *)traceId;
- (int)disconnectWithP2pHandle:(int)handle;

/* Returns the number of bytes, -3 when the time was up, another negative code when the session has ended. */
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

@end
