/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule 9: pause now. At any moment the broker parks the two members, makes C of
 * what they acknowledge, lets them run up to C, looks, and injects a message at C.
 *
 * An instruction starts at s. It is plain and ends LENGTH later, or it has two
 * accesses with the one stamp s + LENGTH, and park may find it between the two
 * (the wait for its turn, rule 6, is not modelled). The broker's word is CEILING
 * or infinity at first, and its script acts there.
 *
 * Bounds: STEPS instructions each, one park.
 * Asserted: when all words have reached C, every effect below C is done, none at or
 * past C has begun, and no instruction is half-done; the broker acts at no time
 * below its own word; no message is pushed or drained in the past.
 */
#define N 3
#define BROKER 2
#define WORD (stamp > 0 -> stamp : MAX(boundary, EARLIEST))
#define START_TIME MAX(boundary, EARLIEST)
#include "words.pml"

hidden byte inconsistent_at_C;
hidden byte acted_below_own_word;

byte started;
bool park, acked[N];
byte ack[N];
bool half[N];                   /* between two accesses; for the look at C */

inline begin()
{
    t = START_TIME;
    boundary = t;
    if
    :: first <= own -> queue?_, _; peek()
    :: else -> own = INF
    fi;
    if
    :: steps > 0 -> steps--; stamp = t + LENGTH; own = stamp + 1
    :: steps > 0 -> steps--; executed[me] = t; boundary = t + LENGTH; own = boundary
    :: steps > 0 -> steps--; executed[me] = t; own = t + 3;
                    dst = 1 - me; a = t + LAT(me, dst)
    :: executed[me] = t
    fi;
    t = 0
}

inline acknowledge()
{
    atomic {
        park && !acked[me];
#ifndef BREAK_RULE9_KEEP_HORIZON
        H = 0
#endif
    };
    publish();
    atomic {
#ifdef BREAK_RULE9_ACK_START
        ack[me] = boundary;
#else
        ack[me] = MAX(boundary, executed[me] + 1);
#endif
        acked[me] = true
    };
    !park
}

proctype Member(byte me)
{
    MEMBER_LOCALS;
    byte boundary;              /* no instruction or delivery before it */
    byte stamp;                 /* of the instruction begun or abandoned */
    byte steps = STEPS;

    atomic {
        own = 1 + me;
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
       :: atomic { stamp > 0 && !half[me] && stamp < H ->
                   executed[me] = stamp;
                   half[me] = true }
       :: atomic { stamp > 0 && half[me] && stamp < H ->
                   half[me] = false;
                   boundary = stamp;
                   stamp = 0 }
       :: dst == NONE && H > 0 && park && !acked[me] -> acknowledge()
       :: else -> H = 0; break
       od;
       publish();
       if
       :: MAIL || nxt[me] < WORD
       :: CAN_RUN(WORD)
       :: park && !acked[me] -> acknowledge()
       :: ALL_IDLE -> break
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
    byte C;

    atomic {
        if
        :: nxt[me] = CEILING
        :: nxt[me] = INF - 1
        fi;
        t = nxt[me];
        started++;
        started == N
    }
#ifdef BREAK_RULE9_LOWER_CEILING
    C = nxt[0];
    C = MAX(C, nxt[1]);
#else
    park = true;
    atomic { acked[0] && acked[1] -> C = MAX(ack[0], ack[1]) }
#endif
#ifdef BREAK_RULE9_PASS_CEILING
    nxt[me] = C;
#else
    C = MIN(C, t);              /* the ceiling has its own reason */
    nxt[me] = C;
#endif
    park = false;
    atomic {
        nxt[0] >= C && nxt[1] >= C ->
        FAIL_IF(inconsistent_at_C,
                half[0] || half[1] || executed[0] >= C || executed[1] >= C)
    };
    a = C;
    dst = 0;
    send();
    /* The script's own action. */
    atomic {
        if
        :: t < INF - 1 ->
           FAIL_IF(acted_below_own_word, t < nxt[me]);
           nxt[me] = t
        :: else
        fi
    };
    a = t;
    if
    :: t < INF - 1 -> dst = 1; send()
    :: else
    fi;
    atomic { a = 0; t = 0; C = 0 };
    nxt[me] = INF
}

init {
    byte i, j, k;

    atomic {
        LAT(0, 1) = 2; LAT(1, 0) = 3;
        compute_dist();
        for (i : 0 .. 1) {
            LAT(BROKER, i) = 1;
            DIST(BROKER, i) = 0
        }
        i = 0;
        run Member(0);
        run Member(1);
        run Broker(BROKER)
    }
}
