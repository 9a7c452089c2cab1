/*
 * A session. Bytes go through a copy in C where they are in an array of Java's, since that may move while a call waits; those
 * of a direct buffer stay where they are.
 */
#include <stdlib.h>
#include <string.h>

#include "thingp2p_jni.h"

/* The most that is read at once, in bytes. */
enum { MOST_READ = 1 << 18 };

static unsigned char *address(JNIEnv *env, jobject buffer, jint offset)
{
  return (unsigned char *)(*env)->GetDirectBufferAddress(env, buffer) + offset;
}

/* Of length bytes of an array, with room for them even if there are none; NULL: no memory, or no such bytes. */
static void *copy(JNIEnv *env, jbyteArray array, jint offset, jint length)
{
  void *bytes = malloc((size_t)length + 1);

  if (bytes == NULL)
    return NULL;
  (*env)->GetByteArrayRegion(env, array, offset, length, bytes);
  if (!(*env)->ExceptionCheck(env))
    return bytes;
  free(bytes);
  return NULL;
}

NATIVE(jint, read)(JNIEnv *env, jclass class, jint handle, jint channel, jbyteArray buffer, jint offset, jint length,
                   jint timeout_ms)
{
  jint room = length < MOST_READ ? length : MOST_READ;
  void *bytes = malloc((size_t)room + 1);
  jint got;

  (void)class;
  if (bytes == NULL)
    return THING_P2P_ERR_NO_MEMORY;
  got = thing_p2p_read(handle, channel, bytes, room, timeout_ms);
  if (got > 0)
    (*env)->SetByteArrayRegion(env, buffer, offset, got, bytes);
  free(bytes);
  return got;
}

NATIVE(jint, readDirect)(JNIEnv *env, jclass class, jint handle, jint channel, jobject buffer, jint offset, jint length,
                         jint timeout_ms)
{
  (void)class;
  return thing_p2p_read(handle, channel, address(env, buffer, offset), length, timeout_ms);
}

NATIVE(jint, send)(JNIEnv *env, jclass class, jint handle, jint channel, jbyteArray data, jint offset, jint length,
                   jint timeout_ms)
{
  void *bytes = copy(env, data, offset, length);
  jint taken;

  (void)class;
  if (bytes == NULL)
    return THING_P2P_ERR_NO_MEMORY;
  taken = thing_p2p_send(handle, channel, bytes, length, timeout_ms);
  free(bytes);
  return taken;
}

NATIVE(jint, sendDirect)(JNIEnv *env, jclass class, jint handle, jint channel, jobject data, jint offset, jint length,
                         jint timeout_ms)
{
  (void)class;
  return thing_p2p_send(handle, channel, address(env, data, offset), length, timeout_ms);
}

/* What Frame.java reads. */
static jint read_frame(JNIEnv *env, jint handle, jint channel, void *bytes, jint length, jlongArray frame, jint timeout_ms)
{
  thing_p2p_frame f;
  jlong numbers[4];
  jint got;

  memset(&f, 0, sizeof f);
  f.struct_size = sizeof f;
  got = thing_p2p_read_frame(handle, channel, bytes, length, &f, timeout_ms);
  numbers[0] = f.flags;
  numbers[1] = (jlong)f.sequence;
  numbers[2] = f.missing;
  numbers[3] = f.length;
  (*env)->SetLongArrayRegion(env, frame, 0, 4, numbers);
  return got;
}

NATIVE(jint, readFrame)(JNIEnv *env, jclass class, jint handle, jint channel, jbyteArray buffer, jint offset, jint length,
                        jlongArray frame, jint timeout_ms)
{
  jint room = length < THING_P2P_MAX_FRAME ? length : THING_P2P_MAX_FRAME;
  void *bytes = malloc((size_t)room + 1);
  jint got;

  (void)class;
  if (bytes == NULL)
    return THING_P2P_ERR_NO_MEMORY;
  got = read_frame(env, handle, channel, bytes, room, frame, timeout_ms);
  if (got > 0)
    (*env)->SetByteArrayRegion(env, buffer, offset, got, bytes);
  free(bytes);
  return got;
}

NATIVE(jint, readFrameDirect)(JNIEnv *env, jclass class, jint handle, jint channel, jobject buffer, jint offset,
                              jint length, jlongArray frame, jint timeout_ms)
{
  (void)class;
  return read_frame(env, handle, channel, address(env, buffer, offset), length, frame, timeout_ms);
}

NATIVE(jint, sendFrame)(JNIEnv *env, jclass class, jint handle, jint channel, jbyteArray data, jint offset, jint length,
                        jint flags, jint deadline_ms)
{
  void *bytes = copy(env, data, offset, length);
  jint taken;

  (void)class;
  if (bytes == NULL)
    return THING_P2P_ERR_NO_MEMORY;
  taken = thing_p2p_send_frame(handle, channel, bytes, length, flags, deadline_ms);
  free(bytes);
  return taken;
}

NATIVE(jint, sendFrameDirect)(JNIEnv *env, jclass class, jint handle, jint channel, jobject data, jint offset, jint length,
                              jint flags, jint deadline_ms)
{
  (void)class;
  return thing_p2p_send_frame(handle, channel, address(env, data, offset), length, flags, deadline_ms);
}

NATIVE(jint, clear)(JNIEnv *env, jclass class, jint handle, jint channel)
{
  (void)env, (void)class;
  return thing_p2p_clear(handle, channel);
}

NATIVE(jint, unsent)(JNIEnv *env, jclass class, jint handle, jint channel, jintArray age_ms)
{
  int age = 0;
  jint code = thing_p2p_unsent(handle, channel, &age), number = age;

  (void)class;
  (*env)->SetIntArrayRegion(env, age_ms, 0, 1, &number);
  return code;
}

NATIVE(jint, activeCheck)(JNIEnv *env, jclass class, jint handle)
{
  (void)env, (void)class;
  return thing_p2p_active_check(handle);
}

/* What Info.java reads. */
NATIVE(jint, sessionInfo)(JNIEnv *env, jclass class, jint handle, jlongArray numbers, jobjectArray texts)
{
  thing_p2p_info info;
  jint code;

  (void)class;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  code = thing_p2p_session_info(handle, &info);
  if (code >= 0) {
    const jlong values[] = {info.path,
                            info.rtt_us,
                            info.min_rtt_us,
                            info.connect_ms,
                            (jlong)info.bytes_sent,
                            (jlong)info.bytes_received,
                            (jlong)info.packets_sent,
                            (jlong)info.packets_lost,
                            (jlong)info.bandwidth_bps,
                            (jlong)info.frame_bps};

    (*env)->SetLongArrayRegion(env, numbers, 0, sizeof values / sizeof *values, values);
    text_store(env, texts, 0, info.trace_id);
    text_store(env, texts, 1, info.device_id);
    text_store(env, texts, 2, info.local_address);
    text_store(env, texts, 3, info.remote_address);
  }
  return code;
}

NATIVE(jint, sessionPeer)(JNIEnv *env, jclass class, jint handle, jlongArray numbers, jobjectArray texts)
{
  thing_p2p_peer peer;
  jint code;

  (void)class;
  memset(&peer, 0, sizeof peer);
  peer.struct_size = sizeof peer;
  code = thing_p2p_session_peer(handle, &peer);
  if (code >= 0)
    peer_store(env, &peer, numbers, texts);
  return code;
}

NATIVE(jint, disconnect)(JNIEnv *env, jclass class, jint handle)
{
  (void)env, (void)class;
  return thing_p2p_disconnect(handle);
}
