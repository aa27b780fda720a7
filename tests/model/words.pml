/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all models share: words, counters, rings, and the steps on them.
 *
 * Every shared access is one step that other processes may come between: one
 * load, one store, one compare-and-swap, one push, one drain of a ring up to
 * the tail read once. Whatever is private to a member goes into the same step
 * as the access before it. Memory is sequentially consistent here; barriers are
 * tested in C.
 *
 * Defines rules 2 to 5 as inlines. A model says first how many members there
 * are (N) and, if it matters, SLOTS a ring and VERSIONS a word.
 *
 * BREAK_... switches turn one rule off; tests/model/run.sh lists them with the
 * failure that spin must then find.
 */
#ifndef SLOTS
#define SLOTS 3
#endif
#ifndef VERSIONS
#define VERSIONS 256
#endif

#define INF 255                 /* times are small; 0 is "nothing executed yet" */
#define NONE 255                /* no member */
#define MIN(x, y) ((x) < (y) -> (x) : (y))
#define MAX(x, y) ((x) > (y) -> (x) : (y))

byte nxt[N];                    /* the words: time ... */
byte ver[N];                    /* ... and version */
byte sent[N];
chan ring[N * N] = [SLOTS] of { byte };         /* arrival times */
byte executed[N];               /* ghost: executed through this time */

/* Constant once init has run, so kept out of the state. */
hidden byte lat[N * N];         /* 0: no link */
hidden byte dist[N * N];

#define RING(i, j) ring[(i) * N + (j)]
#define LAT(i, j) lat[(i) * N + (j)]
#define DIST(i, j) dist[(i) * N + (j)]

/*
 * A failure has a name: pan prints "assertion violated !(name)", and the runner
 * tells one kind of failure from another by it. Use in atomic only.
 */
hidden byte pushed_in_the_past;
hidden byte drained_in_the_past;
hidden byte undelivered_at_exit;
#define FAIL_IF(name, condition) name = (condition); assert(!name)

/* All shortest paths; no link at all is INF. The diagonal is 0. */
inline compute_dist()
{
    atomic {
        for (i : 0 .. N * N - 1) {
            dist[i] = (lat[i] == 0 -> INF : lat[i]);
        }
        for (i : 0 .. N - 1) {
            DIST(i, i) = 0;
        }
#ifndef BREAK_DIST_DIRECT
        for (k : 0 .. N - 1) {
            for (i : 0 .. N - 1) {
                for (j : 0 .. N - 1) {
                    DIST(i, j) = MIN(DIST(i, j), DIST(i, k) + DIST(k, j));
                }
            }
        }
#endif
        i = 0;
        j = 0;
        k = 0;
    }
}

#ifdef BREAK_RULE5_WORDS
#define MORE_LOCALS byte word[N];
#elif defined(BREAK_RULE3_COUNT_LATE)
#define MORE_LOCALS byte late;          /* sends not yet counted */
#elif defined(FUTEX)
#define MORE_LOCALS byte was, now;      /* the word before and after a raise */
#else
#define MORE_LOCALS
#endif

/* Private to a member. */
#define MEMBER_LOCALS                                                           \
    byte H;                     /* horizon */                                   \
    byte own = INF;             /* own next event */                            \
    byte first = INF;           /* earliest message in the private queue */     \
    byte t;                     /* what is being executed */                    \
    byte a;                     /* arrival of what is being sent */             \
    byte m;                     /* arrival of what is being drained */          \
    byte w;                     /* word loaded for publishing: time ... */      \
    byte v;                     /* ... and version */                           \
    byte k;                     /* a member, in loops */                        \
    byte src;                                                                   \
    byte dst = NONE;            /* whom to send to */                           \
    bool ok;                                                                    \
    byte seen[N];               /* by a snapshot, so far */                     \
    MORE_LOCALS                                                                 \
    chan queue = [QUEUE] of { byte, byte }  /* arrival, source: sorted */

#ifndef QUEUE
#define QUEUE 4
#endif

#define EARLIEST MIN(own, first)

/* Rule 2. What a member publishes; a model may define its own. */
#ifndef WORD
#define WORD EARLIEST
#endif

#include "wait.pml"

inline peek()
{
    if
    :: nempty(queue) -> queue?<first, src>; src = 0
    :: empty(queue) -> first = INF
    fi
}

/*
 * Rule 5: all counters, all words, all counters again, one load a step, until
 * the counters agree. SNAPSHOT_BEGIN and SNAPSHOT_WORD are what the model makes
 * of it, a running minimum by default. k counts the loads; it rests at 0.
 */
#ifndef SNAPSHOT_WORD
#define SNAPSHOT_BEGIN H = INF
#define SNAPSHOT_WORD(k) H = MIN(H, nxt[k] + DIST(k, me))
#endif
#ifdef BREAK_RULE5_WORDS
#define PASSES 2
#else
#define PASSES 3
#endif

inline snapshot()
{
#ifdef COARSE                   /* in one step: what the fine cases justify */
    atomic {
#endif
    do
    :: atomic {
           k = k + (k % N == me);       /* not one's own */
           if
           :: k < N ->
#ifdef BREAK_RULE5_WORDS
              seen[k] = ver[k];
              word[k] = nxt[k]
#else
              seen[k] = sent[k]
#endif
           :: k >= N && k < 2 * N ->
              k = k - N;
              if
              :: k == (me == 0) -> SNAPSHOT_BEGIN
              :: else
              fi;
              SNAPSHOT_WORD(k);
#ifdef BREAK_RULE5_WORDS
              ok = ok || nxt[k] != word[k] || ver[k] != seen[k];
              word[k] = 0;
              seen[k] = 0;
#endif
              k = k + N
           :: k >= 2 * N ->
#ifndef BREAK_RULE5_ONCE
              ok = ok || sent[k - 2 * N] != seen[k - 2 * N];
#endif
              seen[k - 2 * N] = 0
           fi;
           k++;
           k = k + (k % N == me);
           if
           :: k >= PASSES * N && !ok -> k = 0; break
           :: k >= PASSES * N && ok -> k = 0; ok = false; SNAPSHOT_BEGIN
           :: else
           fi
       }
    od
#ifdef COARSE
    }
#endif
}

inline next_inbound()
{
    do
    :: k < N && LAT(k, me) == 0 -> k++
    :: else -> break
    od
}

/* Each inbound ring (there is one) up to its tail, into the private queue. */
inline drain()
{
    do
    :: atomic {
           next_inbound();
           do
           :: nempty(RING(k, me)) ->
              RING(k, me)?m;
              FAIL_IF(drained_in_the_past, m <= executed[me]);
              queue!!m, k;
              ok = true
           :: empty(RING(k, me)) -> break
           od;
           m = 0;
           peek();
           wake_sender();
           ok = false;
           k++;
           next_inbound();
           if
           :: k == N -> k = 0; break
           :: else
           fi
       }
    od
}

/* Rule 3, its parts. The word never rises here. */
inline push(j)
{
    atomic {
        FAIL_IF(pushed_in_the_past, a <= executed[j]);
        RING(me, j)!a;
    }
}

inline lower(j)
{
    atomic {
#ifdef BREAK_RULE3_NO_BUMP
        if
        :: a < nxt[j] -> ver[j] = (ver[j] + 1) % VERSIONS
        :: else
        fi;
#else
        ver[j] = (ver[j] + 1) % VERSIONS;
#endif
        nxt[j] = MIN(nxt[j], a);
    }
}

/* Rule 3: a message that arrives at `a`, to member dst. */
inline send()
{
#ifdef FILLS
    wait_for_space();
#endif
#ifdef BREAK_RULE7_LOOK_FIRST
    v = flag[dst];
#endif
#ifdef BREAK_RULE3_LOWER_FIRST
    lower(dst);
    push(dst);
#else
    push(dst);
#ifndef BREAK_RULE3_NO_LOWER
    lower(dst);
#endif
#endif
    atomic {
#ifdef BREAK_RULE3_COUNT_LATE
        late++;
#else
        sent[me]++;
#endif
#ifndef BREAK_RULE3_NO_CAP
        H = MIN(H, a + DIST(dst, me));
#endif
        a = 0;
#ifndef FUTEX
        dst = NONE
#endif
    }
    wake_receiver()
}

/* Rule 4: raise the own word to WORD, unless somebody lowers it meanwhile. */
inline publish()
{
    do
    ::
#ifdef BREAK_RULE4_LOAD_LATE
       drain();
       atomic { w = nxt[me]; v = ver[me] };
#else
       atomic { w = nxt[me]; v = ver[me] };
       drain();
#endif
       atomic {
           if
#ifndef BREAK_RULE4_STORE
           :: nxt[me] != w || ver[me] != v -> w = 0; v = 0
#endif
           :: else ->
              nxt[me] = WORD;
              raised(w);
              w = 0;
              v = 0;
              break
           fi
       }
    od;
    wake_crossed()
#ifdef BREAK_RULE3_COUNT_LATE
    sent[me] = sent[me] + late;
    late = 0
#endif
}
