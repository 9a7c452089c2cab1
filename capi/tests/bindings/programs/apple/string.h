#include <stddef.h>

void *memchr(const void *bytes, int byte, size_t length);
