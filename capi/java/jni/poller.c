/* A poller. */
#include "thingp2p_jni.h"

enum { MOST_EVENTS = 64, NUMBERS = 5 };

NATIVE(jint, pollerOpen)(JNIEnv *env, jclass class)
{
  (void)env, (void)class;
  return thing_p2p_poller_open();
}

NATIVE(jint, pollerSet)(JNIEnv *env, jclass class, jint poller, jint handle, jint events, jint channels)
{
  (void)env, (void)class;
  return thing_p2p_poller_set(poller, handle, (uint32_t)events, (uint32_t)channels);
}

/* What Event.java reads. */
NATIVE(jint, pollerWait)(JNIEnv *env, jclass class, jint poller, jintArray events, jint count, jint timeout_ms)
{
  thing_p2p_event list[MOST_EVENTS];
  jint found, i;

  (void)class;
  list[0].struct_size = sizeof list[0];
  found = thing_p2p_poller_wait(poller, list, count < MOST_EVENTS ? count : MOST_EVENTS, timeout_ms);
  for (i = 0; i < found; i++) {
    const jint values[NUMBERS] = {list[i].handle, (jint)list[i].events, (jint)list[i].readable, (jint)list[i].writable,
                                  list[i].code};

    (*env)->SetIntArrayRegion(env, events, NUMBERS * i, NUMBERS, values);
  }
  return found;
}

NATIVE(jint, pollerWake)(JNIEnv *env, jclass class, jint poller)
{
  (void)env, (void)class;
  return thing_p2p_poller_wake(poller);
}

NATIVE(jint, pollerFd)(JNIEnv *env, jclass class, jint poller)
{
  (void)env, (void)class;
  return thing_p2p_poller_fd(poller);
}

NATIVE(jint, pollerClose)(JNIEnv *env, jclass class, jint poller)
{
  (void)env, (void)class;
  return thing_p2p_poller_close(poller);
}
