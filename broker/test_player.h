/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_player.h - a member in a process of its own that needs no QEMU: joins by Hello, plays a
 * small firmware over serial0 (a link) and serial1 (the host), leaves its digests.
 */
#ifndef ORRERY_BROKER_TEST_PLAYER_H
#define ORRERY_BROKER_TEST_PLAYER_H

/*
 * main() of the process: RUN_DIR NAME [KEY=VALUE]...
 *   period=NS   a frame on serial0 so often (0: never)
 *   say=N       "tick K\n" on serial1 every N periods
 *   text=BYTES  what to write on serial1 at 1 us, ~ for the end of a line
 *   echo=1      bytes from serial1 go back there in capitals
 *   off=NS      power off with success then; fail=NS code=C: fail then
 *   unready=1   join, and never say ready
 *   hang=1      ignore SIGTERM and the end of the run
 * SIGUSR1 stops it as a debugger would, and again lets it go on.
 */
int orrery_test_player(int argc, char **argv);

#endif
