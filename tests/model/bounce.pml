/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule 5: why a snapshot compares counters and not words. Members 0 and 1 throw
 * one message to and fro and are idle otherwise; 2 takes snapshots until it may
 * run a timer that lies far ahead. If it always looks at the member that does
 * not have the message just then, it finds everybody idle. Reading the words a
 * second time helps only until the versions come round (VERSIONS is no fewer
 * than rule 4 asks for).
 *
 * Bounds: THROWS, then the message may go to 2 at any time. 0 and 1 know their
 * horizon by an ideal guard: it is 2's snapshot that is looked at.
 * Asserted: nothing reaches 2 at a time it has executed through.
 */
#define N 3
#define SLOTS 1
#define VERSIONS 4              /* > 2 x 1 slot + 1 sender */
#define FAR 100
#include "words.pml"

byte throws = THROWS;

proctype Thrower(byte me)
{
    MEMBER_LOCALS;

    if
    :: me == 0 -> own = 1
    :: else
    fi;
end:
    do
    :: MAIL -> drain()
    :: atomic {
           CAN_RUN(EARLIEST) ->
           t = EARLIEST;
           executed[me] = t;
           if
           :: own == t -> own = INF
           :: else -> queue?_, _; peek()
           fi;
           a = t + 1;
           t = 0;
           if
           :: throws > 0 -> throws--; dst = 1 - me
           :: dst = 2
           fi
       }
       send();
       publish()
    od
}

proctype Bystander(byte me)
{
    MEMBER_LOCALS;

    do
    :: snapshot();
       if
       :: H > FAR -> break
       :: else -> H = 0
       fi
    od;
    executed[me] = FAR
}

init {
    byte i, j, k;

    atomic {
        LAT(0, 1) = 1; LAT(1, 0) = 1; LAT(0, 2) = 1; LAT(1, 2) = 1;
        compute_dist();
        nxt[0] = 1;
        nxt[1] = INF;
        nxt[2] = FAR;
        run Thrower(0);
        run Thrower(1);
        run Bystander(2)
    }
}
