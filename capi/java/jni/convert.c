#include <string.h>

#include "thingp2p_jni.h"

const char *text_get(JNIEnv *env, jbyteArray text)
{
  return text == NULL ? NULL : (const char *)(*env)->GetByteArrayElements(env, text, NULL);
}

void text_release(JNIEnv *env, jbyteArray text, const char *bytes)
{
  if (bytes != NULL)
    (*env)->ReleaseByteArrayElements(env, text, (jbyte *)bytes, JNI_ABORT);
}

jbyteArray text_to_java(JNIEnv *env, const char *text)
{
  jsize length = (jsize)strlen(text);
  jbyteArray bytes = (*env)->NewByteArray(env, length);

  if (bytes != NULL)
    (*env)->SetByteArrayRegion(env, bytes, 0, length, (const jbyte *)text);
  return bytes;
}

void text_store(JNIEnv *env, jobjectArray texts, jint index, const char *text)
{
  jbyteArray bytes;

  if ((*env)->ExceptionCheck(env) || (bytes = text_to_java(env, text)) == NULL)
    return;
  (*env)->SetObjectArrayElement(env, texts, index, bytes);
  (*env)->DeleteLocalRef(env, bytes);
}

void peer_store(JNIEnv *env, const thing_p2p_peer *peer, jlongArray numbers, jobjectArray texts)
{
  jlong has_ticket = peer->has_ticket;

  (*env)->SetLongArrayRegion(env, numbers, 0, 1, &has_ticket);
  text_store(env, texts, 0, peer->uid);
  text_store(env, texts, 1, peer->app_id);
  text_store(env, texts, 2, peer->trace_id);
}

jint text_fill(JNIEnv *env, jint handle, jbyteArray buffer, int (*get)(int, char *, int))
{
  jbyte *bytes = (*env)->GetByteArrayElements(env, buffer, NULL);
  jint code;

  if (bytes == NULL)
    return THING_P2P_ERR_NO_MEMORY; /* Java has its exception */
  code = get(handle, (char *)bytes, (*env)->GetArrayLength(env, buffer));
  (*env)->ReleaseByteArrayElements(env, buffer, bytes, 0);
  return code;
}

jint text_pass(JNIEnv *env, jbyteArray text, int (*call)(const char *))
{
  const char *bytes = text_get(env, text);
  jint code;

  if (text != NULL && bytes == NULL)
    return THING_P2P_ERR_NO_MEMORY; /* Java has its exception */
  code = call(bytes);
  text_release(env, text, bytes);
  return code;
}
