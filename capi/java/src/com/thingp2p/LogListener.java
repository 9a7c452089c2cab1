package com.thingp2p;

/** Gets the lines of the log, see {@link ThingP2P#setLog}. */
@FunctionalInterface
public interface LogListener {
  /** {@code level} is one of {@code THING_P2P_LOG_ERROR} to {@code _DEBUG}. */
  void log(int level, String line);
}
