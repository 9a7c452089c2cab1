/* The environment and the names of files have characters that no code page has. */
#include <stdio.h>
#include <windows.h>

#define NAME L"log \u017e\u6f22.txt"

int main(int argc, char **argv) {
  HMODULE library;
  int (*init)(const char *), (*deinit)(void);
  FILE *log;
  if (argc != 2 || !SetEnvironmentVariableW(L"THINGP2P_LOG", L"debug:" NAME)) return 2;
  library = LoadLibraryA(argv[1]);
  if (library == NULL) return 3;
  init = (int (*)(const char *))(void *)GetProcAddress(library, "thing_p2p_init");
  deinit = (int (*)(void))(void *)GetProcAddress(library, "thing_p2p_deinit");
  if (init == NULL || deinit == NULL || init("windows") != 0) return 4;
  deinit();
  log = _wfopen(NAME, L"r");
  if (log == NULL || fgetc(log) == EOF) {
    fprintf(stderr, "there is no log in the file that the environment names\n");
    return 1;
  }
  fclose(log);
  return 0;
}
