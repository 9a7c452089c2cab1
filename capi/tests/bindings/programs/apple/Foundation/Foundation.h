/* As much of Apple's Foundation as ThingSmartP2pChannel needs, to compile it for an iPhone where there is no SDK. */
#include <stdint.h>

typedef long NSInteger;
typedef unsigned long NSUInteger;
typedef signed char BOOL;
#define nil ((id)0)
#define NS_ENUM(type, name) enum name : type name; enum name : type

__attribute__((objc_root_class)) @interface NSObject
+ (instancetype)alloc;
- (instancetype)init;
- (instancetype)retain;
- (oneway void)release;
- (instancetype)autorelease;
- (id)copy;
- (void)dealloc;
+ (Class)class;
- (void)performSelectorInBackground:(SEL)selector withObject:(id)argument;
@end

@interface NSString : NSObject
+ (instancetype)stringWithUTF8String:(const char *)text;
@property (readonly) const char *UTF8String;
@end

@interface NSNumber : NSObject
+ (NSNumber *)numberWithInt:(int)value;
@property (readonly) NSInteger integerValue;
@end
