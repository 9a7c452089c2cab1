#import <Foundation/Foundation.h>

#include "scenario.h"

// Waits for one of the two blocks, and sees that no more than one is called.
@interface Outcome : NSObject {
  NSConditionLock *lock;
  long result, calls;
}
- (void)finish:(long)handleOrCode;
- (long)wait;
@end

@implementation Outcome
- (instancetype)init {
  self = [super init];
  lock = [[NSConditionLock alloc] initWithCondition:0];
  return self;
}
- (void)finish:(long)handleOrCode {
  [lock lock];
  result = handleOrCode;
  calls++;
  [lock unlockWithCondition:1];
}
- (long)wait {
  [lock lockWhenCondition:1];
  expect("calls of blocks", calls, 1);
  [lock unlock];
  return result;
}
@end
