/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h - the bytes of the segment and of a member's handle. Private to ipc/.
 *
 *   header | members | dist matrix | lanes | states | rings | state bytes
 *
 * All offsets are from the start of the file and are checked on attach; afterwards only the
 * copies in struct orrery_segment are used, so a peer cannot move them under us.
 */
#ifndef ORRERY_LAYOUT_H
#define ORRERY_LAYOUT_H

#include "barrier.h"
#include "orrery.h"

#define SEG_MAGIC UINT64_C(0x59524552524f0a01) /* "\1\nORRERY" */
#define SEG_VERSION 4u
#define SEG_MAX_BYTES (UINT64_C(1) << 32)

#define CACHE_LINE 64
#define LINE_ALIGNED __attribute__((aligned(CACHE_LINE)))

/* A word: time in the high 50 bits, version in the low 14 (R4). */
#define VERSION_BITS (64 - ORRERY_TIME_BITS)
#define VERSION_MASK ((UINT64_C(1) << VERSION_BITS) - 1)
#define WORD_TIME(w) ((w) >> VERSION_BITS)
#define WORD(t, v) (((uint64_t)(t) << VERSION_BITS) | ((uint64_t)(v)&VERSION_MASK))

/* Longest stretch of virtual time without looking at park and state. */
#define WINDOW_MAX_NS UINT64_C(1000000)
/* The same for members that share ordered state (R12). */
#define WINDOW_SHARED_NS UINT64_C(100000)

#define MAX_CPUS 256 /* CPU numbers above are taken modulo this */

/* What a sleeping member needs; says how a raise is tested (wait.c). */
enum need_kind { NEED_HORIZON = 0, NEED_ORDERED = 1 };

/* One member, as everybody sees it. What a snapshot reads is on one cache line. */
struct seg_member {
    LINE_ALIGNED uint64_t word;  /* R2. Raised by the owner, lowered by senders */
    uint64_t sent;               /* R3: messages sent so far, on all lanes */
    LINE_ALIGNED uint32_t futex; /* 1: asleep or about to be */
    uint32_t need_kind;
    int32_t counted;              /* the CPU under which it is counted in pinned[], or -1 */
    uint64_t need;                /* ns, meaning by need_kind */
    LINE_ALIGNED uint64_t ack_ns; /* R9 */
    uint32_t ack_gen;
    uint32_t stopped; /* by gdb or a monitor; ack_ns is then valid for any park */
    uint32_t off;     /* MEMBER_* */
    uint32_t done;
    uint32_t power_ons; /* how often power was put on since the start */
    int32_t exit_code;
    int32_t waits_for;
    uint64_t off_ns;
    LINE_ALIGNED struct orrery_member_stats stats;
    char name[ORRERY_NAME_MAX];
};
enum { MEMBER_ON = 0, MEMBER_OFF = 1, MEMBER_FAILED = 2 };

struct seg_lane {
    uint16_t src, dst;
    uint32_t slots, payload_max, slot_bytes;
    uint64_t latency_ns;
    uint64_t ring; /* offset of a struct ring */
    LINE_ALIGNED struct orrery_lane_stats stats;
    uint8_t digest[ORRERY_DIGEST_SIZE];
    char name[ORRERY_NAME_MAX];
};

struct ring {
    LINE_ALIGNED uint64_t tail; /* written by the source */
    uint32_t starved;           /* 1: the source waits for a free slot */
    uint64_t tap; /* 0: none; TAP_GONE; else 1 + the slot that a tap reads next (tap.c) */
    LINE_ALIGNED uint64_t head; /* written by the destination */
    LINE_ALIGNED uint8_t slots[];
};

#define TAP_GONE UINT64_MAX

struct slot {
    uint64_t send_ns, arrival_ns, seq;
    uint32_t len, pad;
    uint8_t payload[];
};

struct seg_state {
    uint64_t bytes; /* offset */
    uint32_t size, pad;
    uint64_t touchers[ORRERY_MAX_MEMBERS / 64];
    char name[ORRERY_NAME_MAX];
};

struct seg_header {
    uint64_t magic;
    uint32_t version, header_bytes;
    uint64_t file_bytes, run_id;
    uint32_t mode, member_count, lane_count, state_count;
    uint64_t members, dist, lanes, states; /* offsets */
    uint64_t reaction_ns, jitter_seed, turn_ns;
    uint64_t trace_hash;
    uint64_t checksum;             /* of all of the above: header_checksum() */
    LINE_ALIGNED uint32_t state;   /* enum orrery_run_state */
    uint32_t park;                 /* generation of the park asked for, 0: none */
    LINE_ALIGNED uint32_t running; /* instances not asleep in a futex */
    uint32_t pinned[MAX_CPUS];     /* those of them that are bound to this one CPU */
    LINE_ALIGNED uint64_t end_ns;
    uint32_t dead_claimed;
    int32_t dead_member;
    char dead_reason[200];
};

_Static_assert(sizeof(struct seg_header) == 1536 && sizeof(struct seg_member) == 320 &&
                   sizeof(struct seg_lane) == 256 && sizeof(struct ring) == 128 &&
                   sizeof(struct slot) == 32 && sizeof(struct seg_state) == 112,
               "another layout is another SEG_VERSION");

/* ---- process-private ---- */

struct orrery_segment {
    uint8_t *base;
    size_t bytes;
    struct seg_header *header;
    struct seg_member *members;
    const uint64_t *dist; /* [from * member_count + to] */
    struct seg_lane *lanes;
    struct seg_state *states;       /* a copy */
    char (*names)[ORRERY_NAME_MAX]; /* copies: of the members, then of the lanes */
    size_t member_count, lane_count, state_count;
    uint64_t reaction_ns, turn_ns;
    enum orrery_mode mode;
    bool trace_hash;
    /* copies of what a peer could spoil */
    struct lane_view {
        uint16_t src, dst;
        uint32_t slots, payload_max, slot_bytes;
        uint64_t latency_ns;
        uint64_t least_ns; /* the same; 0 where one end is the broker (R8) */
        struct ring *ring;
    } * views;
};

/* A message in the private queue. */
struct node {
    uint64_t arrival_ns, seq, send_ns;
    uint32_t lane;
    uint16_t source, len;
    struct node *next_free;
    uint8_t payload[];
};

/* A send that a full ring could not hold. */
struct backlog_entry {
    uint64_t send_ns, arrival_ns, seq;
    uint32_t lane, len;
    struct backlog_entry *next;
    uint8_t payload[];
};

struct orrery_member {
    struct orrery_segment *seg;
    struct seg_member *me;
    unsigned self;

    /* peers with a finite dist to or from me; their words are all I look at */
    uint16_t *upstream;
    uint64_t *upstream_dist;
    size_t upstream_count;
    uint16_t *downstream;
    uint64_t *downstream_dist;
    size_t downstream_count;
    uint64_t *counters; /* scratch of the snapshot */
    uint16_t *sleepers; /* whom a raise of my word may have to wake */
    size_t sleeper_count;
    int origin; /* whose word made the last horizon */

    uint32_t *inbound; /* lanes to me */
    size_t inbound_count;
    uint64_t *heads; /* [lane]: my place in each inbound ring */
    uint64_t *tails; /* [lane]: my place in each outbound ring */

    struct node **heap; /* by (arrival, source, seq) */
    size_t heap_count, heap_capacity;
    struct node *free_nodes;
    struct node *taken; /* delivered last, still readable */
    size_t node_payload;

    struct backlog_entry *backlog, **backlog_tail;

    uint64_t seq;        /* of my last message */
    uint64_t last_stamp; /* of my last effect */
    uint64_t horizon;
    uint64_t executed;      /* every message arriving below it was due already */
    uint64_t access_ns;     /* stamp of the last ordered access begun: the word's floor (R2) */
    uint64_t freeze_ns;     /* a failed guest's word is never raised above it */
    uint64_t bound_ns;      /* what orrery_lower_bound() found last */
    uint64_t ceiling_ns;    /* broker: what the word will be once the backlog is flushed */
    uint64_t publish_every; /* least outgoing latency */
    uint64_t window_max;
    uint64_t turn_end; /* turn mode: my word is not raised below it */
    uint32_t kicked;
    uint64_t jitter;
    struct waiter {
        int cpus;   /* that this thread may use */
        int pinned; /* the CPU when it is the only one, or -1 */
        int cores;  /* of the machine */
        bool crowded;
        uint64_t crowded_until; /* host ns: do not spin before */
        int schedstat;          /* /proc/thread-self/schedstat of the thread that waits; -1: none */
        uint64_t queued_ns;
        uint64_t looked_at; /* host ns */
    } waiter;
};

static inline uint64_t time_add(uint64_t a, uint64_t b)
{
    return a >= ORRERY_TIME_INF - b || b >= ORRERY_TIME_INF ? ORRERY_TIME_INF : a + b;
}

static inline uint64_t time_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t time_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline uint64_t seg_dist(const struct orrery_segment *seg, unsigned from, unsigned to)
{
    return seg->dist[from * seg->member_count + to];
}

/* A counter that only its owner writes. */
static inline void count(uint64_t *counter)
{
    store_relaxed(counter, load_relaxed(counter) + 1);
}

static inline uint64_t word_time(const struct seg_member *member)
{
    return WORD_TIME(load_total(&member->word));
}

/* ring.c */
void ring_drain(struct orrery_member *m);
bool ring_push(struct orrery_member *m, unsigned lane, uint64_t send_ns, uint64_t arrival_ns,
               uint64_t seq, const void *payload, size_t len);
bool backlog_add(struct orrery_member *m, unsigned lane, uint64_t send_ns, uint64_t arrival_ns,
                 uint64_t seq, const void *payload, size_t len);
bool ring_pressing(const struct orrery_member *m);
void queue_clear(struct orrery_member *m);

/* segment.c */
uint64_t header_checksum(const struct seg_header *header);

/* lockstep.c */
bool snapshot_words(struct orrery_member *m, uint64_t *horizon, int *origin);
void lower_word(struct orrery_segment *seg, unsigned member, uint64_t t_ns);
void raise_word(struct orrery_member *m, uint64_t t_ns);
bool backlog_flush(struct orrery_member *m);
uint64_t member_horizon(struct orrery_member *m);

bool ordered_ready(struct orrery_member *m, unsigned state, uint64_t t_ns);

/* turns.c */
uint64_t turns_horizon(struct orrery_member *m, int *origin);
bool turns_may_touch(struct orrery_member *m, uint64_t t_ns);
bool jitter_kicks(struct orrery_member *m); /* an ordered access, for the tests */
void turns_wake_next(struct orrery_member *m);

/* park.c */
void park_answer(struct orrery_member *m, uint64_t now_ns);
bool park_check(struct orrery_member *m, uint64_t now_ns);
void ceiling_apply(struct orrery_member *m);

/* wait.c */
void wake_member(struct orrery_segment *seg, unsigned member);
void wake_everybody(struct orrery_segment *seg);
void wake_crossed(struct orrery_member *m, uint64_t from_ns, uint64_t to_ns);
void sleep_unless(struct orrery_member *m, bool (*over)(const struct orrery_member *m),
                  int64_t timeout_us);
void waiter_init(struct orrery_member *m);
void waiter_finish(struct orrery_member *m);
uint64_t host_ns(void);

#endif
