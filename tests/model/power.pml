/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule 10: member 1 is powered off at OFF and on again at ON, by messages from
 * the broker; 0 sends to it all the while.
 *
 * A member that is off has the word of one that sleeps for ever, drains, and drops
 * what arrived before its horizon. Not all it drains: what arrives later may find
 * the power on again, and whether it is dropped must not depend on when it was
 * drained. 1 sends when it boots.
 *
 * Bounds: SENDS of member 0, one message every PERIOD from 1 on; SLOTS.
 * Asserted: nothing is dropped that may find the power on; no message is pushed or
 * drained in the past; none is left; the run ends.
 */
#define N 3
#define BROKER 2
#define KNOWS_ON queue??[ON, BROKER]

#include "words.pml"

hidden byte dropped_too_early;

byte started;

/* A message from the broker is power, off and then on. */
inline execute()
{
    t = EARLIEST;
    executed[me] = t;
    if
    :: first <= own ->
       queue?_, v;                 /* v is the source, for once */
       peek();
       if
       :: off && v == BROKER -> off = false; own = t     /* boots */
       :: off && v != BROKER                             /* dropped */
       :: !off && v == BROKER -> off = true; own = INF
       :: else
       fi;
       v = 0
    :: else ->
       own = INF;
       sends--;
       if
       :: dst = 1 - me; a = t + LAT(me, dst)
       :: true
       fi;
       if
       :: sends > 0 -> own = t + PERIOD
       :: else
       fi
    fi;
    t = 0
}

#ifdef BREAK_RULE10_DROP_EARLY
inline drop_all()
{
    atomic {
        do
        :: off && KNOWS_ON -> break
        :: off && !KNOWS_ON && first < INF ->
           FAIL_IF(dropped_too_early, first >= nxt[BROKER]);
           queue?_, _;
           peek()
        :: else -> break
        od
    }
}
#endif

proctype Member(byte me)
{
    MEMBER_LOCALS;
    byte sends = (me == 0 -> SENDS : 1);
    bool off;

    atomic {
        own = (me == 0 -> 1 : INF);
        nxt[me] = own;
        started++;
        started == N
    }
    do
    ::
#if defined(BREAK_RULE10_NO_DRAIN) || defined(BREAK_RULE10_KEEP_WORD)
       do
       :: off && !KNOWS_ON ->
#ifdef BREAK_RULE10_NO_DRAIN
          nempty(RING(BROKER, me));
#else
          MAIL;
#endif
          drain()
       :: else -> break
       od;
#endif
       snapshot();
       drain();
#ifdef BREAK_RULE10_DROP_EARLY
       drop_all();
#endif
       do
       :: atomic { dst == NONE && EARLIEST < H -> execute() }
       :: dst != NONE -> send()
       :: else -> H = 0; break
       od;
#ifdef BREAK_RULE10_KEEP_WORD
       if
       :: !off -> publish(); wait_for_horizon()
       :: else
       fi
#else
       publish();
       wait_for_horizon()
#endif
    od;
    atomic {
        for (k : 0 .. N - 1) {
            FAIL_IF(undelivered_at_exit, nempty(RING(k, me)))
        }
    }
}

proctype Broker(byte me)
{
    MEMBER_LOCALS;

    atomic {
        nxt[me] = OFF;
        started++;
        started == N
    }
    a = OFF;
    dst = 1;
    send();
    nxt[me] = ON;
    nxt[0] >= ON && nxt[1] >= ON;
#ifdef BREAK_RULE10_ON_LATE
    nxt[me] = INF - 1;
#endif
    a = ON;
    dst = 1;
    send();
    nxt[me] = INF
}

init {
    byte i, j, k;

    atomic {
        LAT(0, 1) = 3; LAT(1, 0) = 1;
        compute_dist();
        LAT(BROKER, 1) = 1;
        DIST(BROKER, 0) = 0;
        DIST(BROKER, 1) = 0;
        run Member(0);
        run Member(1);
        run Broker(BROKER)
    }
}
