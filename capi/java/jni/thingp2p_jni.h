/*
 * Java's native methods over thingp2p.h, for a Java virtual machine and for Android. A method of Native.java is a function
 * here, which translates its arguments and does nothing else: what Java must not pass, Java has refused.
 */
#ifndef THINGP2P_JNI_H
#define THINGP2P_JNI_H

#include <jni.h>

#include "thingp2p.h"

/* What javac -h has made of Native.java, where it was asked to: then the compiler compares. */
#ifdef __has_include
#if __has_include("com_thingp2p_Native.h")
#include "com_thingp2p_Native.h"
#endif
#endif

#define NATIVE(type, name) JNIEXPORT type JNICALL Java_com_thingp2p_Native_##name

/* ---- convert.c ---- */

/* A text from Java, which has a NUL at its end, and NULL for null. Give it back by text_release. */
const char *text_get(JNIEnv *env, jbyteArray text);
void text_release(JNIEnv *env, jbyteArray text, const char *bytes);

/* A text for Java, without its NUL. */
jbyteArray text_to_java(JNIEnv *env, const char *text);

/* Puts a text into an array of them. Does nothing once an exception is pending. */
void text_store(JNIEnv *env, jobjectArray texts, jint index, const char *text);

/* What Peer.java reads. */
void peer_store(JNIEnv *env, const thing_p2p_peer *peer, jlongArray numbers, jobjectArray texts);

/* A function that writes a text to a buffer, on a buffer of Java's. */
jint text_fill(JNIEnv *env, jint handle, jbyteArray buffer, int (*get)(int handle, char *buffer, int size));

/* A function that takes one text. */
jint text_pass(JNIEnv *env, jbyteArray text, int (*call)(const char *text));

/* ---- callbacks.c: `user` is a global reference to a ConnectCallback, which they delete; or not used ---- */

void on_success(int handle, void *user);
void on_failure(int code, void *user);
int on_authorize(int device, const thing_p2p_peer *peer, void *user);
void on_log(int level, const char *line, void *user);

#endif
