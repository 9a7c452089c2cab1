/* As much of Apple's Foundation as ThingSmartP2pChannel needs, to compile it for an iPhone where there is no SDK. */
#include <stdint.h>

typedef long NSInteger;
typedef unsigned long NSUInteger;
typedef signed char BOOL;
#define nil ((id)0)
#define YES ((BOOL)1)
#define NO ((BOOL)0)
#define NS_ENUM(type, name) enum name : type name; enum name : type

__attribute__((objc_root_class)) @interface NSObject
+ (instancetype)alloc;
- (instancetype)init;
- (instancetype)retain;
- (oneway void)release;
- (instancetype)autorelease;
- (id)copy;
- (BOOL)isEqual:(id)other;
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
@property (readonly) NSUInteger length;
- (NSData *)dataUsingEncoding:(NSUInteger)encoding;
@end

@interface NSNumber : NSObject
+ (NSNumber *)numberWithInt:(int)value;
@property (readonly) int intValue;
@property (readonly) NSInteger integerValue;
@end

@interface NSArray : NSObject
+ (instancetype)arrayWithObjects:(const id[])objects count:(NSUInteger)count;
- (BOOL)containsObject:(id)object;
- (NSUInteger)countByEnumeratingWithState:(void *)state objects:(id __unsafe_unretained[])buffer count:(NSUInteger)length;
@end

@interface NSMutableSet : NSObject
- (void)addObject:(id)object;
- (void)removeObject:(id)object;
- (void)removeAllObjects;
- (NSArray *)allObjects;
- (NSUInteger)countByEnumeratingWithState:(void *)state objects:(id __unsafe_unretained[])buffer count:(NSUInteger)length;
@end

@interface NSDictionary : NSObject
+ (instancetype)dictionaryWithObjects:(const id[])objects forKeys:(const id[])keys count:(NSUInteger)count;
@end

extern NSString *const NSLocalizedDescriptionKey;

@interface NSError : NSObject
+ (instancetype)errorWithDomain:(NSString *)domain code:(NSInteger)code userInfo:(NSDictionary *)userInfo;
@end

void NSLog(NSString *format, ...);
