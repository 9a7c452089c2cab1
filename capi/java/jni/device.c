/* A device. */
#include <stdlib.h>

#include "thingp2p_jni.h"

NATIVE(jint, deviceOpen)(JNIEnv *env, jclass class, jbyteArray state_dir)
{
  (void)class;
  return text_pass(env, state_dir, thing_p2p_device_open);
}

NATIVE(jint, deviceId)(JNIEnv *env, jclass class, jint device, jbyteArray buffer)
{
  (void)class;
  return text_fill(env, device, buffer, thing_p2p_device_id);
}

NATIVE(jint, deviceTicket)(JNIEnv *env, jclass class, jint device, jbyteArray buffer)
{
  (void)class;
  return text_fill(env, device, buffer, thing_p2p_device_ticket);
}

NATIVE(jint, deviceAddress)(JNIEnv *env, jclass class, jint device, jbyteArray buffer)
{
  (void)class;
  return text_fill(env, device, buffer, thing_p2p_device_address);
}

NATIVE(jint, deviceStatus)(JNIEnv *env, jclass class, jint device, jbyteArray buffer)
{
  (void)class;
  return text_fill(env, device, buffer, thing_p2p_device_status);
}

/* What Pairing.java reads. */
static void store(JNIEnv *env, const thing_p2p_pairing *pairing, jint index, jlongArray numbers, jobjectArray texts)
{
  const jlong values[] = {pairing->sessions, pairing->since};

  (*env)->SetLongArrayRegion(env, numbers, 2 * index, 2, values);
  text_store(env, texts, 2 * index, pairing->app_id);
  text_store(env, texts, 2 * index + 1, pairing->uid);
}

NATIVE(jint, devicePairings)(JNIEnv *env, jclass class, jint device, jlongArray numbers, jobjectArray texts)
{
  jint room = (*env)->GetArrayLength(env, texts) / 2, count, i;
  thing_p2p_pairing *list = calloc((size_t)room + 1, sizeof *list);

  (void)class;
  if (list == NULL)
    return THING_P2P_ERR_NO_MEMORY;
  list[0].struct_size = sizeof *list;
  count = thing_p2p_device_pairings(device, list, room);
  for (i = 0; i < count && i < room && !(*env)->ExceptionCheck(env); i++)
    store(env, &list[i], i, numbers, texts);
  free(list);
  return count;
}

NATIVE(jint, deviceUnpair)(JNIEnv *env, jclass class, jint device, jbyteArray app_id)
{
  const char *bytes = text_get(env, app_id);
  jint code = thing_p2p_device_unpair(device, bytes);

  (void)class;
  text_release(env, app_id, bytes);
  return code;
}

NATIVE(jint, deviceResetTicket)(JNIEnv *env, jclass class, jint device)
{
  (void)env, (void)class;
  return thing_p2p_device_reset_ticket(device);
}

NATIVE(jint, deviceSetAuthorizer)(JNIEnv *env, jclass class, jint device, jboolean on)
{
  (void)env, (void)class;
  return thing_p2p_device_set_authorizer(device, on ? on_authorize : NULL, NULL);
}

NATIVE(jint, deviceSetOption)(JNIEnv *env, jclass class, jint device, jbyteArray key, jbyteArray value)
{
  const char *key_bytes = text_get(env, key), *value_bytes = text_get(env, value);
  jint code = thing_p2p_device_set_option(device, key_bytes, value_bytes);

  (void)class;
  text_release(env, key, key_bytes);
  text_release(env, value, value_bytes);
  return code;
}

NATIVE(jint, deviceListen)(JNIEnv *env, jclass class, jint device)
{
  (void)env, (void)class;
  return thing_p2p_device_listen(device);
}

/* Who it is, thing_p2p_session_peer tells. */
NATIVE(jint, accept)(JNIEnv *env, jclass class, jint device, jint timeout_ms)
{
  (void)env, (void)class;
  return thing_p2p_accept(device, timeout_ms, NULL);
}

NATIVE(jint, deviceClose)(JNIEnv *env, jclass class, jint device)
{
  (void)env, (void)class;
  return thing_p2p_device_close(device);
}
