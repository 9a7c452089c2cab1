/*
 * From the library's threads to Java. A thread of the library that comes here for the first time becomes a daemon thread of
 * Java's, and stays one until it ends.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <signal.h>

#include "thingp2p_jni.h"

/* The two headers differ in C. */
#ifdef __ANDROID__
#define ADDRESS_OF_ENV(env) (&(env))
#else
#define ADDRESS_OF_ENV(env) ((void **)&(env))
#endif

static JavaVM *vm;
static pthread_key_t attached; /* set on threads that were attached here */

/* Native.java and its methods. The reference keeps the class, and with it this code. */
static jclass native, text_class;
static jmethodID connected, failed, authorize, logged;

static void detach(void *unused)
{
  (void)unused;
  (*vm)->DetachCurrentThread(vm);
}

jint JNI_OnLoad(JavaVM *loader, void *reserved)
{
  JNIEnv *env;
  jclass class, text;

  (void)reserved;
  vm = loader;
  if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_6) != JNI_OK || pthread_key_create(&attached, detach) != 0)
    return JNI_ERR;
  /* Threads that were attached do not find the classes of a program: so this thread does. */
  if ((class = (*env)->FindClass(env, "com/thingp2p/Native")) == NULL || (text = (*env)->FindClass(env, "[B")) == NULL ||
      (connected = (*env)->GetStaticMethodID(env, class, "onConnected", "(Lcom/thingp2p/ConnectCallback;I)V")) == NULL ||
      (failed = (*env)->GetStaticMethodID(env, class, "onFailed", "(Lcom/thingp2p/ConnectCallback;I)V")) == NULL ||
      (authorize = (*env)->GetStaticMethodID(env, class, "onAuthorize", "(I[J[[B)I")) == NULL ||
      (logged = (*env)->GetStaticMethodID(env, class, "onLog", "(II[B)V")) == NULL ||
      (native = (*env)->NewGlobalRef(env, class)) == NULL || (text_class = (*env)->NewGlobalRef(env, text)) == NULL)
    return JNI_ERR;
  return JNI_VERSION_1_6;
}

/* NULL once Java has ended. To attach a thread opens signals in it, and the library's threads keep all closed: a handler has
 * no room there. Those of faults are always open. */
static JNIEnv *attach(void)
{
  static char name[] = "thingp2p";
  JavaVMAttachArgs arguments = {JNI_VERSION_1_6, name, NULL};
  JNIEnv *env = NULL;
  sigset_t mask;

  if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_6) == JNI_OK)
    return env;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  if ((*vm)->AttachCurrentThreadAsDaemon(vm, ADDRESS_OF_ENV(env), &arguments) != JNI_OK)
    env = NULL;
  else
    pthread_setspecific(attached, vm);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  return env;
}

/* Java hands its exceptions to whom they belong; what is left, such as no memory for that, ends here. */
static int forget_exception(JNIEnv *env)
{
  if (!(*env)->ExceptionCheck(env))
    return 0;
  (*env)->ExceptionClear(env);
  return 1;
}

void on_success(int handle, void *user)
{
  JNIEnv *env = attach();

  if (env == NULL) { /* nobody gets it */
    thing_p2p_disconnect(handle);
    return;
  }
  (*env)->CallStaticVoidMethod(env, native, connected, (jobject)user, (jint)handle);
  forget_exception(env);
  (*env)->DeleteGlobalRef(env, (jobject)user);
}

void on_failure(int code, void *user)
{
  JNIEnv *env = attach();

  if (env == NULL)
    return;
  (*env)->CallStaticVoidMethod(env, native, failed, (jobject)user, (jint)code);
  forget_exception(env);
  (*env)->DeleteGlobalRef(env, (jobject)user);
}

static jint ask(JNIEnv *env, int device, const thing_p2p_peer *peer)
{
  jlongArray numbers = (*env)->NewLongArray(env, 1);
  jobjectArray texts = numbers == NULL ? NULL : (*env)->NewObjectArray(env, 3, text_class, NULL);

  if (texts == NULL)
    return THING_P2P_ERR_AUTH;
  peer_store(env, peer, numbers, texts);
  if ((*env)->ExceptionCheck(env))
    return THING_P2P_ERR_AUTH;
  return (*env)->CallStaticIntMethod(env, native, authorize, (jint)device, numbers, texts);
}

int on_authorize(int device, const thing_p2p_peer *peer, void *user)
{
  JNIEnv *env = attach();
  jint code;

  (void)user;
  if (env == NULL)
    return THING_P2P_ERR_AUTH;
  if ((*env)->PushLocalFrame(env, 8) != 0) { /* an attached thread never returns to Java, which would drop references */
    forget_exception(env);
    return THING_P2P_ERR_AUTH;
  }
  code = ask(env, device, peer);
  if (forget_exception(env))
    code = THING_P2P_ERR_AUTH;
  (*env)->PopLocalFrame(env, NULL);
  return code;
}

void on_log(int level, const char *line, void *user)
{
  JNIEnv *env = attach();
  jbyteArray bytes;

  if (env == NULL)
    return;
  bytes = text_to_java(env, line);
  if (bytes != NULL)
    (*env)->CallStaticVoidMethod(env, native, logged, (jint)(intptr_t)user, (jint)level, bytes);
  forget_exception(env);
  if (bytes != NULL)
    (*env)->DeleteLocalRef(env, bytes);
}
