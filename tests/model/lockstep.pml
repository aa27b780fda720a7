/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lockstep: rules 1 to 5, and with FUTEX or a small SLOTS rule 7.
 *
 * Members with own timers send to their neighbours, on a timer or in answer to
 * a message (replies and forwarding).
 *
 * TOPOLOGY: PAIR, RING3 (one way round), LINE (0-1-2, both ways), TRIANGLE (all
 * to all, the direct way from 0 to 2 being the longest).
 * Bounds: SENDS and TIMERS for each member (SENDS0: of member 0), START: the later
 * of the possible first timers, PERIOD between timers. ENDS: a window may end at any
 * event. FILLS with a small SLOTS: rings fill up.
 *
 * Asserted: no message is pushed or drained at a time its receiver has executed
 * through; none is left in a ring at the end; the run ends.
 */
#define PAIR 1
#define RING3 2
#define LINE 3
#define TRIANGLE 4

#if TOPOLOGY == PAIR
#define N 2
#else
#define N 3
#endif
#ifndef LATENCY
#define LATENCY 1
#endif
#ifndef SENDS0
#define SENDS0 SENDS
#endif

#ifdef BREAK_RULE2_FORGET_MESSAGES
#define WORD own
#endif
#ifdef BREAK_RULE1_AT_HORIZON
#define MAY_RUN (EARLIEST <= H && EARLIEST < INF)
#else
#define MAY_RUN (EARLIEST < H)
#endif
#include "words.pml"

byte started;                   /* members whose first word is out */

/* The earliest event: messages before own timers; then what it leads to. */
inline execute()
{
    t = EARLIEST;
    executed[me] = t;
    if
    :: first <= own -> queue?_, _; peek()
    :: else -> own = INF
    fi;
    if
    :: own == INF && timers > 0 ->
       timers--;
       own = t + PERIOD
    :: true
    fi;
    if
    :: sends > 0 ->
       sends--;
       if
       :: LAT(me, 0) > 0 -> dst = 0
       :: LAT(me, 1) > 0 -> dst = 1
#if N == 3
       :: LAT(me, 2) > 0 -> dst = 2
#endif
       fi;
       a = t + LAT(me, dst)
    :: true
    fi;
    t = 0;
    if
    :: true
#ifdef ENDS
    :: H = 0                    /* a window may end at any event */
#endif
    fi;
#ifdef BREAK_RULE2_RAISE_EARLY
    nxt[me] = EARLIEST
#endif
}

proctype Member(byte me)
{
    MEMBER_LOCALS;
    byte sends = (me == 0 -> SENDS0 : SENDS);
    byte timers = TIMERS;

    atomic {
        if
        :: own = 1
        :: me > 0 -> own = START
        fi;
        nxt[me] = own;
        started++;
        started == N
    }
    do
    ::
#ifdef BREAK_RULE1_DRAIN_FIRST
       drain();
       snapshot();
#else
       snapshot();
       drain();
#endif
       do
       :: atomic { dst == NONE && MAY_RUN -> execute() }
       :: dst != NONE -> send()
       :: else -> H = 0; break
       od;
#ifndef BREAK_RULE7_NO_PUBLISH
       publish();
#endif
       wait_for_horizon()
    od;
    atomic {
        for (k : 0 .. N - 1) {
            FAIL_IF(undelivered_at_exit, nempty(RING(k, me)));
        }
    }
}

init {
    byte i, j, k;

    atomic {
#if TOPOLOGY == PAIR
        LAT(0, 1) = LATENCY; LAT(1, 0) = LATENCY + 1;
#elif TOPOLOGY == RING3
        LAT(0, 1) = 1; LAT(1, 2) = 1; LAT(2, 0) = 1;
#elif TOPOLOGY == LINE
        LAT(0, 1) = 1; LAT(1, 0) = 1; LAT(1, 2) = 1; LAT(2, 1) = 1;
#elif TOPOLOGY == TRIANGLE
        LAT(0, 1) = 1; LAT(1, 0) = 2; LAT(1, 2) = 1; LAT(2, 1) = 1;
        LAT(0, 2) = 3; LAT(2, 0) = 1;
#endif
    }
    compute_dist();
    atomic {
        for (i : 0 .. N - 1) {
            run Member(i);
        }
        i = 0;
    }
}
