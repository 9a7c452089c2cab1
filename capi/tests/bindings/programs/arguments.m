// What is no text, no buffer or out of range gets THING_P2P_ERR_INVALID_PARAMETER from each method that takes such.
#import "ThingSmartP2pChannel.h"

#include <stdint.h>

#include "scenario.h"

static ThingSmartP2pChannel *channel;
static int calls;

static void refused(const char *what, long got) {
  calls++;
  expect(what, got, THING_P2P_ERR_INVALID_PARAMETER);
}

static void connectIsRefused(const char *what, id target, ThingSmartP2pConnectMode mode, NSInteger timeout) {
  NSConditionLock *done = [[NSConditionLock alloc] initWithCondition:0];
  __block long code = 0;
  NSString *trace = [channel connectWithDeviceId:target mode:mode timeout:timeout success:^(int p2pHandle) {
    expect("a session", p2pHandle, 0);
  } failure:^(NSInteger errCode) {
    [done lock];
    code = errCode;
    [done unlockWithCondition:1];
  }];
  expect("length of a trace id", [trace length], 0);
  [done lockWhenCondition:1];
  [done unlock];
  refused(what, code);
}

static void textIsRefused(id bad) {
  connectIsRefused("connect", bad, ThingSmartP2pConnectModeLAN, 0);
  refused("breakConnect", [channel breakConnectWithTraceId:bad]);
  refused("startPreConnect", [channel startPreConnectWithDeviceId:bad]);
  refused("closePreConnect", [channel closePreConnectWithDeviceId:bad]);
  refused("resendOffer", [channel resendOffer:bad]);
  // It does not say so, but does nothing: the user is still the one of main.
  [channel initSDKWithUid:bad];
  expect("init with the first user's uid", thing_p2p_init("objective-c"), THING_P2P_OK);
}

int main(void) {
  @autoreleasepool {
    channel = [ThingSmartP2pChannel sharedInstance];
    [channel initSDKWithUid:@"objective-c"];
    const unichar nul[] = {'o', 'n', 'e', 0, 't', 'w', 'o'}, half[] = {'x', 0xD800, 'y'};
    textIsRefused(nil);
    textIsRefused([NSNull null]);
    textIsRefused([NSNumber numberWithInt:5]);
    textIsRefused([NSString stringWithCharacters:nul length:7]);
    textIsRefused([NSString stringWithCharacters:half length:3]);
    textIsRefused([@"" stringByPaddingToLength:5000 withString:@"x" startingAtIndex:0]);

    NSString *name = @"x";
    connectIsRefused("mode", name, (ThingSmartP2pConnectMode)7, 0);
    connectIsRefused("mode", name, (ThingSmartP2pConnectMode)((NSUInteger)1 << 32), 0);
    connectIsRefused("timeout", name, ThingSmartP2pConnectModeLAN, -1);
    connectIsRefused("timeout", name, ThingSmartP2pConnectModeLAN, INTPTR_MIN);

    unsigned char bytes[ThingSmartP2pReadMaxLength];
    refused("read to nil", [channel readDataWithP2pHandle:1 channel:0 buffer:NULL]);
    refused("read of nothing", [channel readDataWithP2pHandle:1 channel:0 buffer:bytes length:0 timeout:0]);
    refused("read, channel", [channel readDataWithP2pHandle:1 channel:8 buffer:bytes timeout:0]);
    refused("send of nil", [channel sendDataWithP2pHandle:1 channel:0 buffer:NULL length:4]);
    refused("send of nothing", [channel sendDataWithP2pHandle:1 channel:0 buffer:bytes length:-1]);
    refused("send, channel", [channel sendDataWithP2pHandle:1 channel:-1 buffer:bytes length:4]);
    [channel deInitSDK];
    printf("ok: %d calls\n", calls);
  }
  return 0;
}
