/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turn mode: one member at a time, inside windows of WINDOW.
 *
 * Who finds itself the smallest (word, number) in a snapshot takes the turn, once
 * the broker's word has reached the window's end; it runs up to that end, or up to
 * an ordered access that must wait, and only then raises its word. Members 2 and 1
 * send to 1 and 0; the broker sends one to 0 at CEILING, then lifts it.
 *
 * Bounds: STEPS more events of 2, SENDS of 1 and 2; a waiter looks when it may
 * run, and member 0 SPARE times for no reason. The snapshot is rule 5's: reading
 * the words once is not enough here either.
 * Asserted: one holder at a time, and the smallest; ordered accesses are in the
 * order (time, member); no message is pushed or drained in the past; none is left;
 * the run ends.
 */
#define N 4
#define BROKER 3
#define SNAPSHOT_BEGIN t = INF; src = NONE; v = 0
/* t, src: the smallest other; v: the broker's word. */
#define SNAPSHOT_WORD(k)                                                        \
    if                                                                          \
    :: k == BROKER -> v = nxt[k]                                                \
    :: k != BROKER && nxt[k] < t -> t = nxt[k]; src = k                         \
    :: else                                                                     \
    fi
#define WORD (stamp > 0 -> stamp : EARLIEST)
#define BELOW(time, i, x, j) (time < x || (time == x && i < j))
#define WINDOW_END(time) ((time / WINDOW + 1) * WINDOW)
#include "words.pml"

hidden byte two_holders, not_the_smallest, access_out_of_order;

byte started, holders;
byte last_time, last_member;    /* ghost: the latest access */

#define IS_ABOVE(i, time) (i == me || i == BROKER || BELOW(time, me, nxt[i], i))
#ifdef BREAK_TURNS_ACCESS_AT_ONCE
#define ACCESS_MAY true
#else
#define ACCESS_MAY EVERY(IS_ABOVE, stamp)
#endif

inline begin()
{
    t = EARLIEST;
    executed[me] = t;
    if
    :: first <= own -> queue?_, _; peek()
    :: else -> own = INF
    fi;
    if
    :: steps > 0 -> steps--; own = t + 1
    :: true
    fi;
    if
    :: accesses > 0 -> accesses--; stamp = t
    :: sends > 0 -> sends--; dst = me - 1; a = t + LAT(me, dst)
    :: true
    fi;
    t = 0
}

proctype Member(byte me)
{
    MEMBER_LOCALS;
    byte steps = (me == 2 -> STEPS : 0);
    byte accesses = 1;
    byte sends = (me > 0 -> SENDS : 0);
    byte spare = (me == 0 -> SPARE : 0);
    byte stamp;                 /* of the pending access */

    atomic {
        if
        :: own = 1
        :: own = WINDOW + 2
        fi;
        nxt[me] = own;
        started++;
        started == N
    }
    do
    :: if
       :: EVERY(IS_ABOVE, nxt[me]) && nxt[BROKER] >= WINDOW_END(nxt[me])
       :: spare > 0 -> spare--
       :: ALL_IDLE -> break
       fi;
       snapshot();
       atomic {
#ifdef BREAK_TURNS_IGNORE_BROKER
           v = INF;
#endif
           w = nxt[me];
           if
           :: w < INF && BELOW(w, me, t, src) && v >= WINDOW_END(w) ->
              H = WINDOW_END(w);
              holders++;
              FAIL_IF(not_the_smallest, !EVERY(IS_ABOVE, w));
              FAIL_IF(two_holders, holders > 1)
           :: else
           fi;
           t = 0;
           src = 0;
           v = 0;
           w = 0
       };
       if
       :: H > 0 ->
          drain();
          do
          :: atomic { stamp == 0 && dst == NONE && EARLIEST < H -> begin() }
          :: dst != NONE -> send()
          :: atomic { stamp > 0 && ACCESS_MAY ->
                      FAIL_IF(access_out_of_order, BELOW(stamp, me, last_time, last_member));
                      last_time = stamp;
                      last_member = me;
                      stamp = 0 }
          :: else -> break
          od;
          atomic { H = 0; holders-- };
          publish()
       :: else
       fi
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
        nxt[me] = CEILING;
        started++;
        started == N
    }
    a = CEILING;
    dst = 0;
    send();
    nxt[me] = INF
}

init {
    byte i, j, k;

    atomic {
        LAT(2, 1) = WINDOW; LAT(1, 0) = WINDOW + 1;
        compute_dist();
        for (i : 0 .. N - 2) {
            LAT(BROKER, i) = 1;
            run Member(i)
        }
        i = 0;
        run Broker(BROKER)
    }
}
