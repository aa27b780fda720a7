/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule 4's range: how often can the word be lowered between the owner's load
 * and its compare-and-swap? Twice for each slot, since the owner's drain frees
 * every slot once, and once more for each sender that had pushed before the
 * load and lowers after it. With as few VERSIONS the version comes round, and
 * the owner raises over a message.
 *
 * Bounds: SENDERS, SLOTS, VERSIONS, SENDS each. The only time is 1.
 * Asserted: when the senders are done and the word is infinity, no ring holds
 * a message.
 */
#define N (SENDERS + 1)
#include "words.pml"

byte done;

proctype Owner()
{
    byte w, v, m, k, tail;

    do
    :: nxt[0] < INF ->
       atomic { w = nxt[0]; v = ver[0]; k = 1 };
       do
       :: k < N ->
          tail = len(RING(k, 0));
          do
#ifdef BREAK_RULE4_DRAIN_UNTIL_EMPTY
          :: nempty(RING(k, 0)) -> RING(k, 0)?m
          :: empty(RING(k, 0)) -> break
#else
          :: tail > 0 -> RING(k, 0)?m; tail--
          :: else -> break
#endif
          od;
          atomic { k++; m = 0; tail = 0 }
       :: else -> k = 0; break
       od;
       atomic {
           if
           :: nxt[0] == w && ver[0] == v -> nxt[0] = INF
           :: else
           fi;
           w = 0;
           v = 0
       }
    :: atomic {
           nxt[0] == INF && done == SENDERS ->
           for (k : 1 .. N - 1) {
               FAIL_IF(undelivered_at_exit, nempty(RING(k, 0)))
           }
           break
       }
    od
}

proctype Sender(byte me)
{
    byte a = 1;
    byte n;

    for (n : 1 .. SENDS) {
        push(0);
        lower(0)
    }
    done++
}

init {
    byte i;

    atomic {
        nxt[0] = INF;
        run Owner();
        for (i : 1 .. SENDERS) {
            run Sender(i)
        }
    }
}
