/*
 * For blocks with Debian's GNUstep, whose GNU runtime lacks the header of this name: compile with clang -fblocks and -I of
 * this file's grandparent, link -lBlocksRuntime (package libblocksruntime-dev) before GNUstep's libraries, whose own
 * _Block_copy does not know these blocks and leaves them on the stack. Blocks do not retain the objects that they capture
 * there. Apple's systems and libobjc2 need none of this.
 */
#include <Block.h>
