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
- (BOOL)isKindOfClass:(Class)other;
- (void)performSelectorInBackground:(SEL)selector withObject:(id)argument;
@end

@interface NSData : NSObject
@property (readonly) const void *bytes;
@property (readonly) NSUInteger length;
@end

enum { NSUTF8StringEncoding = 4 };

@interface NSString : NSObject
+ (instancetype)stringWithUTF8String:(const char *)text;
@property (readonly) const char *UTF8String;
- (NSData *)dataUsingEncoding:(NSUInteger)encoding;
@end

@interface NSNumber : NSObject
+ (NSNumber *)numberWithInt:(int)value;
@property (readonly) NSInteger integerValue;
@end
