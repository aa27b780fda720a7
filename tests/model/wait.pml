/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a member waits (rule 7): for its horizon, or for space in a ring.
 *
 * Without FUTEX the wait is ideal: a guard that sees all of memory at once.
 * With FUTEX it is need, flag, recheck, sleep, and the waker looks at the flag
 * after its store; a lost wake-up is then an invalid end state.
 *
 * FILLS: a ring may be full (otherwise SLOTS is more than is ever sent).
 * The run ends when every word is infinity; that end is ideal in both.
 */
#if N == 2
#define EVERY(P, x) (P(0, x) && P(1, x))
#define MAIL (nempty(RING(0, me)) || nempty(RING(1, me)))
#elif N == 3
#define EVERY(P, x) (P(0, x) && P(1, x) && P(2, x))
#define MAIL (nempty(RING(0, me)) || nempty(RING(1, me)) || nempty(RING(2, me)))
#elif N == 4
#define EVERY(P, x) (P(0, x) && P(1, x) && P(2, x) && P(3, x))
#define MAIL (nempty(RING(0, me)) || nempty(RING(1, me)) ||                     \
              nempty(RING(2, me)) || nempty(RING(3, me)))
#endif

#define IS_IDLE(i, x) nxt[i] == x
#define ALL_IDLE EVERY(IS_IDLE, INF)
#define IS_AHEAD(i, time) (i == me || nxt[i] + DIST(i, me) > time)
#define CAN_RUN(time) (time < INF && EVERY(IS_AHEAD, time))

#ifndef FUTEX

inline wait_for_horizon()
{
    if
#ifdef BREAK_RULE7_NO_PUBLISH
    :: MAIL
#else
    :: MAIL || nxt[me] < WORD   /* a lowering may come after its drain */
#endif
    :: CAN_RUN(WORD)
    :: ALL_IDLE -> break        /* out of the member's loop */
    fi
}

#ifdef FILLS
inline wait_for_space()
{
    do
    :: nfull(RING(me, dst)) -> break
#ifndef BREAK_RULE7_NO_DRAIN
    :: full(RING(me, dst)) && MAIL -> drain()
#endif
    od
}
#endif

#define wake_receiver()
#define wake_sender()
#define raised(old)
#define wake_crossed()

#else

#define FULL 254                /* a need: space, not a time */

byte need[N];
bool flag[N];                   /* the futex word: the kernel sleeps only if set */

/* Is there nothing to do yet, if `time` is needed? One load a step; sets ok. */
inline recheck_mail()
{
    do
    :: atomic {
           next_inbound();
           ok = ok || nempty(RING(k, me));
           k++;
           next_inbound();
           if
           :: k == N -> k = 0; break
           :: else
           fi
       }
    od
}

inline recheck_horizon()
{
    atomic { w = ok; ok = false };
    do
    :: atomic {
           k = k + (k == me);
           ok = ok || nxt[k] + DIST(k, me) <= need[me];
           k++;
           k = k + (k == me);
           if
           :: k >= N -> k = 0; ok = w || (!ok && need[me] < INF); w = 0; break
           :: else
           fi
       }
    od
}

/* The kernel's part: sleep only if the flag is still set. */
inline sleep()
{
    if
    :: ok -> atomic { ok = false; flag[me] = false; need[me] = 0 }
    :: else ->
       if
       :: atomic { !flag[me] -> need[me] = 0 }
       :: ALL_IDLE -> break        /* out of the member's loop */
       fi
    fi
}

inline wait_for_horizon()
{
    need[me] = WORD;
#ifndef BREAK_RULE7_RECHECK_FIRST
    flag[me] = true;
#endif
#ifndef BREAK_RULE7_NO_RECHECK
    recheck_mail();
    recheck_horizon();
#endif
#ifdef BREAK_RULE7_RECHECK_FIRST
    flag[me] = true;
#endif
    sleep()
}

#ifdef FILLS
inline wait_for_space()
{
    do
    :: nfull(RING(me, dst)) -> break
    :: full(RING(me, dst)) ->
       need[me] = FULL;
       flag[me] = true;
       recheck_mail();
       ok = ok || nfull(RING(me, dst));
       sleep();
       drain()
    od
}
#endif

#ifdef BREAK_RULE7_LOOK_FIRST   /* what a missing barrier would allow */
#define LOOK v
#else
#define LOOK flag[dst]
#endif

inline wake_receiver()
{
#ifndef BREAK_RULE3_NO_WAKE
    if
    :: LOOK -> flag[dst] = false
    :: else
    fi;
#endif
    atomic { dst = NONE; v = 0 }
}

/* After a drain (in one step with it): who waits for space in that ring. */
#if defined(FILLS) && !defined(BREAK_RULE7_NO_SPACE_WAKE)
inline wake_sender()
{
    if
    :: ok && flag[k] && need[k] == FULL -> flag[k] = false
    :: else
    fi
}
#else
#define wake_sender()
#endif

/* After a raise: those whose need lies between the old reach and the new. */
inline wake_crossed()
{
#ifndef BREAK_RULE4_NO_WAKE
    do
    :: atomic {
           k = k + (k == me);
           ok = flag[k]
       };
       if
       :: ok && was + DIST(me, k) <= need[k] && now + DIST(me, k) > need[k] ->
          flag[k] = false
       :: else
       fi;
       atomic {
           ok = false;
           k++;
           k = k + (k == me);
           if
           :: k >= N -> k = 0; break
           :: else
           fi
       }
    od;
#endif
    atomic { was = 0; now = 0 }
}

inline raised(old)
{
    was = old;
    now = nxt[me]
}

#endif
