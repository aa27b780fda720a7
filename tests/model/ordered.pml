/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule 6: ordered access; and rule 2 where an instruction takes time.
 *
 * An instruction that starts at s has one stamp t >= s. It either accesses the
 * shared state at t, and may send at t too, or it only sends (t = s). It needs
 * t < H, or it is abandoned before any effect and starts again when H has moved;
 * a kick may abandon it at any other time too. While it is pending the word is t.
 * A message that arrived in (s, t] is delivered at t, the next boundary.
 *
 * A ring, 0 to 1 to 2 to 0. Bounds: ACCESSES and KICKS for each member, SENDS
 * for member 2 (the last in a tie speaks to the first), ANSWERS for member 0,
 * LENGTH of an instruction, TOUCHERS: the first so many touch the shared state.
 * Asserted: the accesses are in the order (time, member); no message is pushed or
 * drained in the past; none is left; the run ends.
 */
#define N 3
#ifdef BREAK_RULE2_LEAVE_LOWERED
#define PENDING MIN(stamp, first)
#else
#define PENDING stamp
#endif
#define WORD (stamp > 0 -> PENDING : START_TIME)
#define START_TIME MAX(boundary, EARLIEST)
#define SNAPSHOT_BEGIN atomic { blocked = false; if :: !ordering -> H = INF :: else fi }
#define SNAPSHOT_WORD(k)                                                        \
    if                                                                          \
    :: ordering -> blocked = blocked || !IN_ORDER(k, stamp)                     \
    :: else -> H = MIN(H, nxt[k] + DIST(k, me))                                 \
    fi

#ifndef TOUCHERS
#define TOUCHERS N
#endif
#define TOUCHES(m) (m < TOUCHERS)

/* Whatever k does or causes, toucher m comes after (time, me). */
#ifdef BREAK_RULE6_COMPARE_K
#define TIE(k, m) (k > me)
#elif defined(BREAK_RULE6_NO_TIE)
#define TIE(k, m) false
#elif defined(BREAK_RULE6_ANY_TIE)
#define TIE(k, m) true
#else
#define TIE(k, m) (m > me)
#endif
#ifdef BREAK_RULE6_TOUCHER_ONLY
#define CONCERNS(k, m) (k == m)
#else
#define CONCERNS(k, m) true
#endif
#define AFTER(k, m, time)                                                       \
    (m == me || !TOUCHES(m) || !CONCERNS(k, m) || nxt[k] + DIST(k, m) > time ||                \
     (nxt[k] + DIST(k, m) == time && TIE(k, m)))
#define IN_ORDER(k, time)                                                       \
    (k == me || (AFTER(k, 0, time) && AFTER(k, 1, time) && AFTER(k, 2, time)))

#include "words.pml"

hidden byte access_out_of_order;
byte last_time, last_member;    /* ghost: the latest access */

inline begin()
{
#ifdef BREAK_RULE2_STAMP_BELOW
    t = EARLIEST;
#else
    t = START_TIME;
#endif
    executed[me] = t;
    boundary = MAX(boundary, t);
    if
    :: first <= own -> queue?_, _; peek()
    :: else -> own = INF
    fi;
    if
    :: accesses > 0 -> accesses--; stamp = t
    :: accesses > 0 -> accesses--; stamp = t + LENGTH
    :: sends > 0 -> sends--; next_receiver(); a = t + LAT(me, dst)
    :: true
    fi;
    t = 0
}

inline next_receiver()
{
    if
    :: LAT(me, 0) > 0 -> dst = 0
    :: LAT(me, 1) > 0 -> dst = 1
    :: LAT(me, 2) > 0 -> dst = 2
    fi
}

inline access()
{
    FAIL_IF(access_out_of_order,
            stamp < last_time || (stamp == last_time && me < last_member));
    last_time = stamp;
    last_member = me;
    executed[me] = stamp;
    boundary = stamp;
    if
    :: sends > 0 -> sends--; next_receiver(); a = stamp + LAT(me, dst)
    :: true
    fi;
    stamp = 0
}

byte started;

inline wait_for_order()
{
#ifndef BREAK_RULE6_NO_PUBLISH
    publish();
#endif
#ifdef BREAK_RULE6_NO_WAIT
    atomic { access() }
#else
    do
    :: ordering = true;
       snapshot();
       ordering = false;
       if
       :: atomic { !blocked -> access(); break }
       :: atomic { blocked ->
                   blocked = false;
                   if
                   :: EVERY(IN_ORDER, stamp)
#ifdef BREAK_RULE6_NO_PUBLISH
                   :: MAIL -> drain()
#else
                   :: MAIL || nxt[me] < WORD -> publish()
#endif
                   :: kicks > 0 -> kicks--; H = 0; break
                   fi }
       fi
    od
#endif
}

proctype Member(byte me)
{
    MEMBER_LOCALS;
    byte boundary;              /* no instruction or delivery before it */
    byte stamp;                 /* of the pending access */
    byte accesses = (TOUCHES(me) -> ACCESSES : 0);
    byte sends = (me == 2 -> SENDS : (me == 0 -> ANSWERS : 0));
    byte kicks = KICKS;
    bool ordering, blocked;

    atomic {
        if
        :: own = 1
        :: own = 2
        fi;
        nxt[me] = own;
        started++;
        started == N
    }
    do
    :: snapshot();
       drain();
       do
       :: atomic { stamp == 0 && dst == NONE && START_TIME < H -> begin() }
       :: dst != NONE -> send()
#ifdef BREAK_RULE6_NO_ABANDON
       :: stamp > 0 && H > 0 -> wait_for_order()
#else
       :: stamp > 0 && stamp < H -> wait_for_order()
#endif
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

init {
    byte i, j, k;

    atomic {
        LAT(0, 1) = 1; LAT(1, 2) = 1; LAT(2, 0) = 1;
        compute_dist();
        for (i : 0 .. N - 1) {
            run Member(i)
        }
        i = 0
    }
}
