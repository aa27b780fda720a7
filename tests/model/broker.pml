/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule 8: the broker's word is the ceiling, and what it answers it answers at
 * exactly t + REACTION.
 *
 * Two members send to each other and to the broker; the broker's script acts at
 * ARM (a message to member 0) and arms there: from then on each byte that a
 * member sends to it at t >= ARM is answered by a message at t + REACTION.
 *
 * Bounds: SENDS of member 0 and SENDS1 of member 1, to whomever.
 * Asserted: the broker acts at no time below its own word; no message is pushed
 * or drained in the past (a byte to the broker included); none is left.
 */
#define N 3
#define BROKER 2
#define SNAPSHOT_BEGIN H = INF
#define SNAPSHOT_WORD(k) H = MIN(H, nxt[k] + (me == BROKER -> 0 : DIST(k, me)))
#include "words.pml"

hidden byte acted_below_own_word;

byte started;

inline execute()
{
    t = EARLIEST;
    executed[me] = t;
    if
    :: first <= own -> queue?_, _; peek()
    :: else -> own = INF
    fi;
    if
    :: sends > 0 -> sends--; dst = 1 - me; a = t + LAT(me, dst)
    :: sends > 0 -> sends--; dst = BROKER; a = t
    :: true
    fi;
    t = 0
}

proctype Member(byte me)
{
    MEMBER_LOCALS;
    byte sends = (me == 0 -> SENDS : SENDS1);

    atomic {
        if
        :: own = 1 + me
        :: own = 4
        fi;
        nxt[me] = own;
        started++;
        started == N
    }
    do
    :: snapshot();
       drain();
       do
       :: atomic { dst == NONE && EARLIEST < H -> execute() }
       :: dst == 1 - me -> send()
       :: dst == BROKER -> push(dst); atomic { dst = NONE; a = 0 }
       :: else -> H = 0; break
       od;
       publish();
       wait_for_horizon()
    od;
    atomic {
        for (k : 0 .. N - 1) {
            FAIL_IF(undelivered_at_exit, nempty(RING(k, me)))
        }
    }
}

/* A message to dst that arrives at a. */
inline act()
{
    atomic { FAIL_IF(acted_below_own_word, a < nxt[me]) };
    send()
}

#ifdef BREAK_RULE8_NOT_ARMED
#define CEILING (H < INF -> INF : INF)
#else
#define CEILING (H < INF - REACTION -> H + REACTION : INF)
#endif

proctype Broker(byte me)
{
    MEMBER_LOCALS;

    atomic {
        nxt[me] = ARM;
        started++;
        started == N
    }
#ifndef BREAK_RULE8_ARM_LATE
    a = ARM;
    dst = 0;
    act();
#endif
    do
    ::
#ifdef BREAK_RULE8_DRAIN_FIRST
       drain();
       snapshot();
#else
       snapshot();
       drain();
#endif
#ifdef BREAK_RULE8_RAISE_FIRST
       nxt[me] = MAX(nxt[me], CEILING);
#endif
       /* H is the rule's P. */
       do
       :: atomic { dst == NONE && first < H ->
                   queue?t, dst;
                   peek();
                   executed[me] = t;
                   a = t + REACTION;
#ifndef BREAK_RULE8_ARM_LATE
                   if
                   :: t < ARM -> dst = NONE; a = 0
                   :: else
                   fi;
#endif
                   t = 0 }
       :: dst != NONE ->
#ifndef BREAK_RULE8_KEEP_P
          H = MIN(H, a);
#endif
          act()
       :: else -> break
       od;
       atomic {
           nxt[me] = MAX(nxt[me], CEILING);
           w = H;
           H = 0
       };
       if
       :: MAIL
       :: nxt[0] > w && nxt[1] > w      /* P moves */
       :: ALL_IDLE -> break
       fi;
       w = 0
    od;
    atomic {
        for (k : 0 .. N - 1) {
            FAIL_IF(undelivered_at_exit, nempty(RING(k, me)))
        }
    }
}

init {
    byte i, j, k;

    atomic {
        LAT(0, 1) = 1; LAT(1, 0) = 2;
        compute_dist();
        /* The broker's rings exist, but it is on no path. */
        for (i : 0 .. 1) {
            LAT(BROKER, i) = 1;
            LAT(i, BROKER) = 1;
            DIST(BROKER, i) = 0
        }
        i = 0;
        run Member(0);
        run Member(1);
        run Broker(BROKER)
    }
}
