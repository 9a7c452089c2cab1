/* The ABI's texts are UTF-8, and Windows' own are UTF-16: its functions for char take what the user's code page has. */
#include <stdlib.h>
#include <windows.h>

#include "shim.h"

/* NULL: no memory, or no UTF-8. */
wchar_t *tp2p_wide(const char *text) {
  int size = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
  wchar_t *wide = size > 0 ? malloc((size_t)size * sizeof *wide) : NULL;
  if (wide != NULL) MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, size);
  return wide;
}

/* NULL: no memory. What is no text, such as half a pair of surrogates, becomes U+FFFD. */
char *tp2p_utf8(const wchar_t *text) {
  int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
  char *narrow = size > 0 ? malloc((size_t)size) : NULL;
  if (narrow != NULL) WideCharToMultiByte(CP_UTF8, 0, text, -1, narrow, size, NULL, NULL);
  return narrow;
}
