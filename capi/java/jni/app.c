/* The library, and the app's side. */
#include "thingp2p_jni.h"

NATIVE(jint, setOption)(JNIEnv *env, jclass class, jbyteArray key, jbyteArray value)
{
  const char *key_bytes = text_get(env, key), *value_bytes = text_get(env, value);
  jint code = thing_p2p_set_option(key_bytes, value_bytes);

  (void)class;
  text_release(env, key, key_bytes);
  text_release(env, value, value_bytes);
  return code;
}

NATIVE(jint, init)(JNIEnv *env, jclass class, jbyteArray uid)
{
  (void)class;
  return text_pass(env, uid, thing_p2p_init);
}

NATIVE(jint, deinit)(JNIEnv *env, jclass class)
{
  (void)env, (void)class;
  return thing_p2p_deinit();
}

NATIVE(jbyteArray, version)(JNIEnv *env, jclass class)
{
  (void)class;
  return text_to_java(env, thing_p2p_version());
}

NATIVE(jbyteArray, strerror)(JNIEnv *env, jclass class, jint code)
{
  (void)class;
  return text_to_java(env, thing_p2p_strerror(code));
}

NATIVE(jbyteArray, errorName)(JNIEnv *env, jclass class, jint code)
{
  (void)class;
  return text_to_java(env, thing_p2p_error_name(code));
}

NATIVE(jint, setLog)(JNIEnv *env, jclass class, jint level, jint listener)
{
  (void)env, (void)class;
  return thing_p2p_set_log(level, listener != 0 ? on_log : NULL, (void *)(intptr_t)listener);
}

NATIVE(jint, addDevice)(JNIEnv *env, jclass class, jbyteArray name, jbyteArray ticket)
{
  const char *name_bytes = text_get(env, name), *ticket_bytes = text_get(env, ticket);
  jint code = thing_p2p_add_device(name_bytes, ticket_bytes);

  (void)class;
  text_release(env, name, name_bytes);
  text_release(env, ticket, ticket_bytes);
  return code;
}

NATIVE(jint, addAddress)(JNIEnv *env, jclass class, jbyteArray target, jbyteArray address)
{
  const char *target_bytes = text_get(env, target), *address_bytes = text_get(env, address);
  jint code = thing_p2p_add_address(target_bytes, address_bytes);

  (void)class;
  text_release(env, target, target_bytes);
  text_release(env, address, address_bytes);
  return code;
}

NATIVE(jint, networkChanged)(JNIEnv *env, jclass class)
{
  (void)env, (void)class;
  return thing_p2p_network_changed();
}

NATIVE(jint, setAddresses)(JNIEnv *env, jclass class, jbyteArray addresses)
{
  (void)class;
  return text_pass(env, addresses, thing_p2p_set_addresses);
}

NATIVE(jint, connect)(JNIEnv *env, jclass class, jbyteArray target, jint mode, jint timeout_ms, jobject callback,
                      jbyteArray trace_id)
{
  char trace[THING_P2P_TRACE_ID_SIZE] = "";
  jobject user = (*env)->NewGlobalRef(env, callback); /* the one callback that is called deletes it */
  const char *bytes;
  jint code;

  (void)class;
  if (user == NULL)
    return THING_P2P_ERR_NO_MEMORY;
  bytes = text_get(env, target);
  code = thing_p2p_connect(bytes, mode, timeout_ms, on_success, on_failure, user, trace);
  text_release(env, target, bytes);
  if (code < 0)
    (*env)->DeleteGlobalRef(env, user);
  else
    (*env)->SetByteArrayRegion(env, trace_id, 0, sizeof trace, (const jbyte *)trace);
  return code;
}

NATIVE(jint, connectWait)(JNIEnv *env, jclass class, jbyteArray target, jint mode, jint timeout_ms)
{
  const char *bytes = text_get(env, target);
  jint code = thing_p2p_connect_wait(bytes, mode, timeout_ms, NULL);

  (void)class;
  text_release(env, target, bytes);
  return code;
}

NATIVE(jint, breakConnect)(JNIEnv *env, jclass class, jbyteArray trace_id)
{
  (void)class;
  return text_pass(env, trace_id, thing_p2p_break_connect);
}

NATIVE(jint, preconnect)(JNIEnv *env, jclass class, jbyteArray target)
{
  (void)class;
  return text_pass(env, target, thing_p2p_preconnect);
}

NATIVE(jint, closePreconnect)(JNIEnv *env, jclass class, jbyteArray target)
{
  (void)class;
  return text_pass(env, target, thing_p2p_close_preconnect);
}

NATIVE(jint, resendOffer)(JNIEnv *env, jclass class, jbyteArray target)
{
  (void)class;
  return text_pass(env, target, thing_p2p_resend_offer);
}

NATIVE(jint, report)(JNIEnv *env, jclass class, jbyteArray trace_id, jbyteArray buffer)
{
  char report[THING_P2P_REPORT_SIZE];
  const char *bytes = text_get(env, trace_id);
  jint code = thing_p2p_report(bytes, report, sizeof report);

  (void)class;
  text_release(env, trace_id, bytes);
  if (code > 0)
    (*env)->SetByteArrayRegion(env, buffer, 0, code, (const jbyte *)report);
  return code;
}
