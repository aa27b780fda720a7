/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orrery.h - many processes, one virtual clock.
 *
 * This is the whole public interface of ipc/, the lockstep of Orrery. It depends on libc
 * only. QEMU (hw/orrery), the broker and any external device process link it and are, to
 * it, the same thing: members. ipc/ calls nobody. docs/lockstep.md has the algorithm, its
 * twelve rules (cited below as R1..R12) and why they are right; tests/model/ checks them.
 *
 * WORDS
 *   member     whoever takes part in the lockstep. Member 0 is always the broker.
 *   word       next[i]: the earliest virtual time at which member i could do anything that
 *              others can see, if nobody sends it a message.
 *   dist(j,i)  shortest-path sum of minimum latencies from j to i over the lanes.
 *   horizon    min over j != i of next[j] + dist(j,i): i may execute what lies before it.
 *   lane       one direction of a link: a single-producer single-consumer ring.
 *   ceiling    the broker's word: nobody executes at or past it.
 *
 * TIME is virtual nanoseconds in a uint64_t, below ORRERY_TIME_INF (2^50 - 1: 13 days).
 * Additions saturate at ORRERY_TIME_INF, which means "never".
 *
 * ERRORS: functions that can fail return false (or an enum orrery_wake) and, where they take
 * a struct orrery_error, leave one line in it: lower case, what and where. The contents of a
 * segment are written by other processes and are checked on every read; what does not fit
 * marks the run dead (orrery_mark_dead) instead of being believed.
 *
 * THREADS: a struct orrery_member belongs to one thread. Only orrery_kick(),
 * orrery_mark_dead(), orrery_word(), orrery_state() and the orrery_seg_* readers may be
 * called from others.
 */
#ifndef ORRERY_H
#define ORRERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORRERY_TIME_BITS 50
#define ORRERY_TIME_INF ((UINT64_C(1) << ORRERY_TIME_BITS) - 1)

#define ORRERY_MAX_MEMBERS 256
#define ORRERY_MAX_LANES 4096
#define ORRERY_MAX_STATES 256
#define ORRERY_MAX_PAYLOAD 1024 /* bytes in one message */
#define ORRERY_NAME_MAX 64      /* bytes of a member's or lane's name, NUL included */
#define ORRERY_LINE_MAX 48      /* bytes of the name of an instance's input, NUL included */
#define ORRERY_DIGEST_SIZE 32   /* SHA-256 */
#define ORRERY_BROKER 0         /* the broker's member number */

/* One line of text that says what went wrong and where. */
struct orrery_error {
    char text[240];
};

/* ---- topology: what the broker lays down before anybody attaches ---- */

enum orrery_mode {
    ORRERY_PARALLEL = 0, /* members run at once, each up to its horizon */
    ORRERY_TURNS = 1,    /* one after the other inside each window (docs/lockstep.md) */
};

struct orrery_member_spec {
    char name[ORRERY_NAME_MAX];
};

/*
 * One direction of a link. latency_ns is the minimum latency: no message on this lane
 * arrives earlier than its send time plus latency_ns. It must be > 0 between instances and
 * is ignored where one end is the broker (R8: the broker is on no path).
 */
struct orrery_lane_spec {
    char name[ORRERY_NAME_MAX];
    uint16_t src, dst; /* member numbers */
    uint64_t latency_ns;
    uint32_t slots;       /* ring capacity in messages, a power of two, 2..4096 */
    uint32_t payload_max; /* bytes, 1..ORRERY_MAX_PAYLOAD */
};

/* Ordered shared state (R6): size bytes in the segment and the members that may touch it. */
struct orrery_state_spec {
    char name[ORRERY_NAME_MAX];
    uint32_t size;
    uint16_t touchers[ORRERY_MAX_MEMBERS];
    uint16_t toucher_count;
};

struct orrery_topology {
    uint64_t run_id; /* random; a segment of another run is refused on attach */
    enum orrery_mode mode;
    uint64_t reaction_ns; /* D of R8 */
    uint64_t jitter_seed; /* 0: off. Otherwise windows end early at random (tests) */
    bool trace_hash;      /* members hash what they send, per lane */
    const struct orrery_member_spec *members; /* [0] is the broker */
    size_t member_count;
    const struct orrery_lane_spec *lanes;
    size_t lane_count;
    const struct orrery_state_spec *states;
    size_t state_count;
};

struct orrery_segment; /* a mapping of the shared file, process-private handle */

enum orrery_run_state {
    ORRERY_FORMING = 0, /* members still join; nobody executes */
    ORRERY_RUNNING = 1,
    ORRERY_ENDED = 2, /* the end was reached: digest, say done, leave */
    ORRERY_DEAD = 3,  /* somebody died or broke a rule: leave with an error */
};

/*
 * orrery_segment_format - size the file behind fd, write header, dist matrix, rings.
 *
 * Computes dist by Floyd-Warshall over the lanes between instances, checks the topology
 * (latencies, names, counts, the version range of R4). The file must be empty. Returns a
 * mapping of it, or NULL with err filled.
 */
struct orrery_segment *orrery_segment_format(int fd, const struct orrery_topology *topology,
                                             struct orrery_error *err);

/*
 * orrery_segment_attach - map a formatted segment and check every field of its header.
 *
 * NULL with err filled when it is not a segment, of another version, of another run
 * (run_id differs; 0 accepts any), truncated, or inconsistent.
 */
struct orrery_segment *orrery_segment_attach(int fd, uint64_t run_id, struct orrery_error *err);

/* Unmap. Accepts NULL. */
void orrery_segment_detach(struct orrery_segment *seg);

/* Readers of what the segment says; safe from any thread. */
size_t orrery_seg_members(const struct orrery_segment *seg);
size_t orrery_seg_lanes(const struct orrery_segment *seg);
size_t orrery_seg_states(const struct orrery_segment *seg);
const char *orrery_seg_member_name(const struct orrery_segment *seg, unsigned member);
const char *orrery_seg_lane_name(const struct orrery_segment *seg, unsigned lane);
uint16_t orrery_seg_lane_src(const struct orrery_segment *seg, unsigned lane);
uint16_t orrery_seg_lane_dst(const struct orrery_segment *seg, unsigned lane);
uint64_t orrery_seg_lane_latency(const struct orrery_segment *seg, unsigned lane);
uint64_t orrery_seg_dist(const struct orrery_segment *seg, unsigned from, unsigned to);
/* May the member touch that ordered state? */
bool orrery_seg_touches(const struct orrery_segment *seg, unsigned state, unsigned member);
bool orrery_seg_trace_hash(const struct orrery_segment *seg);
enum orrery_mode orrery_seg_mode(const struct orrery_segment *seg);
/* Window of turn mode in ns: ceilings are rounded up to a multiple of it (1 in parallel). */
uint64_t orrery_seg_turn_ns(const struct orrery_segment *seg);

/* The published word of a member, ns; ORRERY_TIME_INF: idle for ever or powered off. */
uint64_t orrery_word(const struct orrery_segment *seg, unsigned member);

/* Whom a member waits for now (its horizon's origin), or -1 when it runs. For `orrery ps`. */
int orrery_waits_for(const struct orrery_segment *seg, unsigned member);

/* Is the member stopped by gdb or a monitor? Then its word stays put. */
bool orrery_is_stopped(const struct orrery_segment *seg, unsigned member);

enum orrery_run_state orrery_state(const struct orrery_segment *seg);

/*
 * orrery_mark_dead - end the run in error. The first caller's reason stays. Wakes everybody.
 * member: who died (or -1). Safe from any thread of any process that has the segment.
 */
void orrery_mark_dead(struct orrery_segment *seg, int member, const char *reason);
/* Copies the reason; returns the member or -1. Valid in ORRERY_DEAD. */
int orrery_dead_reason(const struct orrery_segment *seg, char *buf, size_t len);

/* Counters, for `orrery ps|top` and link blocks. All monotonic, relaxed. */
struct orrery_lane_stats {
    uint64_t sent, delivered, overruns, framing_errors, too_fast;
    uint64_t dropped, corrupted, delayed; /* faults of the link, as the manifest or a test asks */
};
void orrery_lane_stats(const struct orrery_segment *seg, unsigned lane,
                       struct orrery_lane_stats *out);
enum orrery_lane_event {
    ORRERY_LANE_OVERRUN,
    ORRERY_LANE_FRAMING,
    ORRERY_LANE_TOO_FAST,
    ORRERY_LANE_DROPPED,
    ORRERY_LANE_CORRUPTED,
    ORRERY_LANE_DELAYED,
};
void orrery_lane_count(struct orrery_segment *seg, unsigned lane, enum orrery_lane_event what);

struct orrery_member_stats {
    uint64_t windows, waits, spins, sleeps;
};
void orrery_member_stats(const struct orrery_segment *seg, unsigned member,
                         struct orrery_member_stats *out);

/* Per-lane SHA-256 of the trace, left by the sender before it says it is done. */
void orrery_lane_set_digest(struct orrery_segment *seg, unsigned lane,
                            const uint8_t digest[ORRERY_DIGEST_SIZE]);
void orrery_lane_digest(const struct orrery_segment *seg, unsigned lane,
                        uint8_t digest[ORRERY_DIGEST_SIZE]);

/* ---- a member ---- */

struct orrery_member;

/* One timed message, as delivered. payload points into the member's queue until the next
 * orrery_take() or orrery_member_destroy(). */
struct orrery_message {
    uint64_t send_ns, arrival_ns;
    uint64_t seq; /* of the source member, over all its lanes: 1, 2, 3... */
    uint32_t lane;
    uint16_t source; /* member number */
    uint16_t len;    /* bytes of payload */
    const uint8_t *payload;
};

/*
 * Why a wait ended. Everything but READY, MESSAGE and KICK is a state of the run; the caller
 * must leave the lockstep (ENDED: digests, orrery_done(), exit 0; DEAD: exit 3).
 */
enum orrery_wake {
    ORRERY_READY,   /* the horizon passed what was needed */
    ORRERY_MESSAGE, /* a message came that may change what to wait for */
    ORRERY_KICK,    /* orrery_kick(): look at your other duties, then call again */
    ORRERY_ABANDON, /* ordered access only: t is not below the true horizon; restart later */
    ORRERY_STATE_ENDED,
    ORRERY_STATE_DEAD,
};

/* Take the part of member number self. One handle per member in the whole run. NULL + err. */
struct orrery_member *orrery_member_create(struct orrery_segment *seg, unsigned self,
                                           struct orrery_error *err);
/* Accepts NULL. Does not touch the word: a member that leaves says orrery_power_off() first. */
void orrery_member_destroy(struct orrery_member *m);

unsigned orrery_self(const struct orrery_member *m);
struct orrery_segment *orrery_segment_of(const struct orrery_member *m);

/*
 * orrery_window - R1 and R12: how far may I run from now_ns, without waiting?
 *
 * Takes a snapshot, then drains the rings into the private queue. Returns the time up to
 * which (exclusive) the caller may start instructions before it must come back: the horizon,
 * less when a peer would otherwise wait for us for long, or with jitter. A value <= now_ns
 * means: nothing; publish and wait (also while a full ring keeps a send back). *horizon_ns (may
 * be NULL) gets the true horizon. The caller must also stop at orrery_next_arrival() and at its own
 * next event.
 */
uint64_t orrery_window(struct orrery_member *m, uint64_t now_ns, uint64_t *horizon_ns);

/*
 * orrery_publish - R2 and R4: raise my word.
 *
 * now_ns: start of the next unexecuted instruction; no effect is stamped below it.
 * own_next_ns: when I act next of my own accord: now_ns when busy, the next timer when idle,
 * ORRERY_TIME_INF when nothing is pending. Publishes max(now, min(own_next, earliest
 * undelivered message)), held back while a full ring still owes an earlier send (R7).
 * Returns what was published.
 */
uint64_t orrery_publish(struct orrery_member *m, uint64_t now_ns, uint64_t own_next_ns);

/*
 * orrery_spin - orrery_wait, but give up where that would go to sleep.
 *
 * False: the horizon has not passed need_ns. For members that would rather wait a little than
 * execute the last bit before their horizon; they must execute it then (others may need them
 * to), unless orrery_window() says otherwise.
 */
bool orrery_spin(struct orrery_member *m, uint64_t now_ns, uint64_t own_next_ns, uint64_t need_ns);

/*
 * orrery_wait - R7: publish, then wait until the horizon exceeds need_ns.
 *
 * Spins, then sleeps on a futex, as load allows; drains all the while. Returns MESSAGE when a
 * message with arrival < the effective own_next was drained, KICK after orrery_kick().
 * With need_ns = ORRERY_TIME_INF it waits for a message, kick or change of state only.
 */
enum orrery_wake orrery_wait(struct orrery_member *m, uint64_t now_ns, uint64_t own_next_ns,
                             uint64_t need_ns);

/* The true horizon of the last window or wait, lowered by own sends since (R3). */
uint64_t orrery_horizon(const struct orrery_member *m);

/* Arrival of the earliest undelivered message in the private queue, or ORRERY_TIME_INF. */
uint64_t orrery_next_arrival(const struct orrery_member *m);

/*
 * orrery_take - remove the next message with arrival <= upto_ns, in the order (arrival,
 * source, seq). The caller must own the time: upto_ns < horizon. False: none.
 */
bool orrery_take(struct orrery_member *m, uint64_t upto_ns, struct orrery_message *out);

/*
 * orrery_send - R3: send on a lane whose source I am, at send_ns, to arrive at arrival_ns.
 *
 * send_ns is the stamp of the effect (the clock as the guest reads it) and never decreases;
 * arrival_ns >= send_ns + the lane's latency. Never blocks: what a full ring cannot hold
 * waits in a private backlog, which holds my word back until it is flushed. False: lane not
 * mine, len over the lane's maximum, latency violated (the run is then marked dead).
 */
bool orrery_send(struct orrery_member *m, unsigned lane, uint64_t send_ns, uint64_t arrival_ns,
                 const void *payload, size_t len);

/* Sequence number of the last message sent (0: none). */
uint64_t orrery_last_seq(const struct orrery_member *m);

/*
 * orrery_ordered_wait - R6: may I touch ordered state `state` at time t_ns now?
 *
 * start_ns: the start of the instruction that accesses. Publishes t_ns and waits until every
 * earlier access of others is done. READY: touch it now, t_ns is my word until the next
 * publish. ABANDON: t is not below the true horizon; undo nothing (nothing was done), and
 * restart from start_ns once orrery_wait(m, start_ns, start_ns, need t_ns) is READY. KICK:
 * also abandon, look at your other duties and restart by way of orrery_window(). Until the
 * restart t_ns stays my word, and nothing may be delivered to the guest.
 */
enum orrery_wake orrery_ordered_wait(struct orrery_member *m, unsigned state, uint64_t t_ns);
/*
 * orrery_ordered_try - the same, but a single look: MESSAGE where orrery_ordered_wait() would
 * wait. For callers that hold a lock which they must not wait with. Afterwards, too, t_ns is my
 * word.
 */
enum orrery_wake orrery_ordered_try(struct orrery_member *m, unsigned state, uint64_t t_ns);
/* The bytes of an ordered state in the segment. */
void *orrery_state_bytes(struct orrery_segment *seg, unsigned state, size_t *size);

/* Wake the member's wait from another thread or a signal handler; sticky until seen. */
void orrery_kick(struct orrery_member *m);

/*
 * Stopped by a debugger or monitor at now_ns: the word stays put, park is acknowledged on my
 * behalf. orrery_resumed() ends it.
 */
void orrery_stopped(struct orrery_member *m, uint64_t now_ns);
void orrery_resumed(struct orrery_member *m);

/*
 * R10: from now on I do nothing of my own accord, and my word is that of somebody who sleeps for
 * ever. Whoever calls this goes on with orrery_wait(), own_next being ORRERY_TIME_INF, and takes
 * what comes at its time, to drop it. exit_code is kept for the broker; code 0 means success.
 */
void orrery_power_off(struct orrery_member *m, uint64_t at_ns, int exit_code);
/* Power was put on, by a message that I have just taken: before I publish anything else. Also
 * counted where it was on. */
void orrery_power_on(struct orrery_member *m);
uint32_t orrery_power_ons(const struct orrery_segment *seg, unsigned member);
/* Is the member off, by its own doing or without power? *at_ns, *exit_code may be NULL. */
bool orrery_is_off(const struct orrery_segment *seg, unsigned member, uint64_t *at_ns,
                   int *exit_code);
/*
 * A guest that failed: it stays at at_ns (its word is never raised again) so that the run can
 * end at exactly that time. orrery_is_failed() tells the broker.
 */
void orrery_fail(struct orrery_member *m, uint64_t at_ns, int exit_code);
bool orrery_is_failed(const struct orrery_segment *seg, unsigned member, uint64_t *at_ns,
                      int *exit_code);

/* The member has left its digests and is about to exit (state ENDED). */
void orrery_done(struct orrery_member *m);
bool orrery_is_done(const struct orrery_segment *seg, unsigned member);

/*
 * orrery_lower_bound - a rule-5 snapshot over everybody: min of the words of all instances.
 * Every effect stamped below it has been performed and is in the rings. The broker may cut
 * host output and traces there; but no later than at its own next send, which may wake somebody
 * who sleeps beyond it.
 */
uint64_t orrery_lower_bound(struct orrery_member *m);

/* ---- the broker's side (member 0) ---- */

/* FORMING -> RUNNING. Everybody may go up to the ceiling. */
void orrery_start(struct orrery_member *broker);
/* RUNNING -> ENDED at end_ns: traces are cut there (messages sent at >= end_ns left out). */
void orrery_end(struct orrery_member *broker, uint64_t end_ns);
uint64_t orrery_end_time(const struct orrery_segment *seg);

/* Raise the ceiling; never lowers it (only a park can: R9). Wakes who waits for it. */
void orrery_raise_ceiling(struct orrery_member *broker, uint64_t t_ns);
uint64_t orrery_ceiling(const struct orrery_segment *seg);

/*
 * orrery_park - R9: pause now. Asks every member to stop and acknowledge, waits for all (at
 * most timeout_ms), and sets the ceiling to C, the least time at which everybody can stand;
 * rounded up to the turn window in turn mode, and never above the ceiling there was. False:
 * timed out or the run is over; *culprit is the member that did not answer. On success
 * everybody stands at *c_ns until the ceiling is raised. Topology may change only between park
 * and raise.
 */
bool orrery_park(struct orrery_member *broker, int timeout_ms, uint64_t *c_ns, int *culprit);

/* Has every live member reached t_ns (word >= t_ns)? */
bool orrery_all_reached(struct orrery_member *m, uint64_t t_ns);

/*
 * orrery_broker_wait - sleep until the lower bound is >= need_ns, a member powered off, failed
 * or died, output waits in a ring at least half full, a kick, or timeout_us passed (-1: no
 * limit). Draining is the caller's: orrery_broker_drain().
 */
enum orrery_wake orrery_broker_wait(struct orrery_member *broker, uint64_t need_ns,
                                    int64_t timeout_us);
/* Move what members sent to the broker into its private queue (then orrery_take()). */
void orrery_broker_drain(struct orrery_member *broker);

/* ---- a tap: reading along on a lane, from a process that is no member (tap.c) ---- */

struct orrery_tap {
    unsigned lane;
    uint64_t next;
    uint64_t lost; /* messages that were overwritten while it was opened */
};
/* One tap a lane. From now on its source waits for me when its ring is full: read on, or close. */
void orrery_tap_open(struct orrery_segment *seg, unsigned lane, struct orrery_tap *tap);
/* Also on behalf of somebody who died. */
void orrery_tap_close(struct orrery_segment *seg, unsigned lane);
/* The next message, as it was sent; its payload is copied. False: none is there yet. */
bool orrery_tap_read(struct orrery_segment *seg, struct orrery_tap *tap, struct orrery_message *out,
                     uint8_t payload[ORRERY_MAX_PAYLOAD]);
/* To be called now and then while nothing comes: the source may wait for slots that I have read. */
void orrery_tap_poke(struct orrery_segment *seg, const struct orrery_tap *tap);

/* ---- wire formats that several programs share ---- */

/* A UART frame as it travels (payload of a uart lane), little endian, 12 bytes. */
struct orrery_uart_frame {
    uint32_t baud;       /* of the sender; 0: unknown, take the link's */
    uint16_t data;       /* up to 9 bits; of a break: bits it is low, 0: unknown */
    uint8_t data_bits;   /* 5..9; 0: unknown */
    uint8_t parity;      /* 'N', 'E', 'O'; 0: unknown */
    uint8_t stop_halves; /* 2, 3 or 4 half bits; 0: unknown */
    uint8_t flags;       /* ORRERY_UART_* */
    uint16_t reserved;   /* 0 */
};
#define ORRERY_UART_BREAK 0x01
#define ORRERY_UART_PARITY_ERROR 0x02
#define ORRERY_UART_NOISE 0x04
#define ORRERY_UART_NACK 0x08 /* no frame: the last one came with a parity error (smartcard) */

/*
 * A packet of a radio (payload of a radio lane; docs/radio.md), little endian, as many octets as it
 * needs. It is sent when the sender is committed to it and arrives when its preamble begins.
 */
struct orrery_radio_packet {
    uint64_t start_ns; /* when its preamble begins */
    uint32_t access_address;
    uint32_t crc_init; /* 24 bits */
    uint8_t flags;     /* ORRERY_RADIO_* */
    uint8_t channel;   /* RF, 0..39 */
    uint8_t phy;       /* 0: LE 1M, 1: LE 2M */
    uint8_t whiten;    /* channel index, 0..39 */
    int8_t power_dbm;
    uint8_t reserved; /* 0 */
    uint16_t length;  /* octets of pdu, 2..257: pdu[1] + 2 */
    uint8_t pdu[264]; /* only length octets travel */
};
#define ORRERY_RADIO_HEAD 24 /* octets before pdu */
/* No packet: the one that began at start_ns ends now. Nothing else counts, and length is 0. */
#define ORRERY_RADIO_CUT 0x01

/*
 * A packet between a Bluetooth host and its controller that was seen to pass (payload of the lane
 * of an attached hci port), little endian, as many octets as were seen.
 */
struct orrery_hci_packet {
    uint8_t to_host;  /* 0: from the host; 1: to it */
    uint8_t reserved; /* 0 */
    uint16_t length;  /* octets of the whole packet, its H4 type included */
    uint8_t h4[268];  /* its type (1 command, 2 ACL data, 4 event), then itself; only so many octets
                         as  were seen travel: length, or fewer */
};
#define ORRERY_HCI_HEAD 4 /* octets before h4 */

/*
 * What happens to an instance from outside (payload of its lane from the broker), little endian,
 * 72 bytes: a person's button, a monitor's reset, the supply, a fault of a wire. It happens at the
 * arrival.
 */
struct orrery_stimulus {
    uint32_t kind;              /* ORRERY_STIMULUS_* */
    int32_t level;              /* LINE: 0, 1 or ORRERY_LINE_FREE; POWER: 0, 1; FAULT: which */
    char line[ORRERY_LINE_MAX]; /* LINE: name of an input, NUL included; FAULT: of a port */
    /* FAULT */
    uint32_t rate_ppb; /* how many of 10^9 that come there it hits; or ORRERY_FAULT_AS_LINK */
    uint32_t count;    /* and not more than so many; 0: no limit */
    uint64_t delay_ns;
};
#define ORRERY_STIMULUS_RESET 0 /* as the reset button */
#define ORRERY_STIMULUS_LINE 1
#define ORRERY_STIMULUS_POWER 2 /* level: 0 cuts it, 1 puts it on */
#define ORRERY_STIMULUS_FAULT 3 /* what comes in at a port is hit from now on */
#define ORRERY_LINE_FREE 2      /* nobody holds it */
/* Each has its rate and count; rate 0 ends it. */
enum orrery_fault {
    ORRERY_FAULT_DROP,
    ORRERY_FAULT_CORRUPT,
    ORRERY_FAULT_DELAY,
    ORRERY_FAULT_DISCONNECT,
    ORRERY_FAULT_COUNT,
};
#define ORRERY_FAULT_ALL 1000000000u    /* the rate that hits each */
#define ORRERY_FAULT_AS_LINK UINT32_MAX /* the rate that the manifest gives the link */

/*
 * What a test asks of an instance (payload of the same lane, where a script asks something), little
 * endian, as many octets as it needs. It is done at the arrival, and answered then.
 */
struct orrery_probe {
    uint32_t kind;    /* ORRERY_PROBE_* */
    uint32_t length;  /* octets: of bytes; of READ, that are wanted */
    uint64_t address; /* READ, WRITE: of memory; PC: of an instruction; AWAIT: a level */
    uint8_t at_pc;    /* not now, but when the PC before it comes true */
    uint8_t reserved[7];
    uint8_t bytes[256]; /* WRITE: what is written. SCREEN: SHA-256, then a file's name. LEVEL,
                           AWAIT: a pin, as struct orrery_stimulus names it, without NUL */
};
#define ORRERY_PROBE_HEAD 24 /* octets before bytes */
#define ORRERY_PROBE_READ 256
#define ORRERY_PROBE_WRITE 257
#define ORRERY_PROBE_PC 258     /* answered when the instruction at address begins */
#define ORRERY_PROBE_SCREEN 259 /* is that the picture? Else it is kept */
#define ORRERY_PROBE_RESETS 260 /* how many there were */
#define ORRERY_PROBE_ERRORS 261 /* of the guest: how many, and the first one's text */
#define ORRERY_PROBE_LEVEL 262  /* of the pin that bytes name, 0 or 1 */
#define ORRERY_PROBE_AWAIT 263  /* answered when that is address */

/* The answer (payload of the instance's answer lane), little endian. */
struct orrery_answer {
    uint32_t kind;      /* of the probe */
    uint32_t failed;    /* ORRERY_ANSWER_* */
    uint64_t value;     /* RESETS, ERRORS, LEVEL; SCREEN: width, and height << 32 */
    uint32_t length;    /* octets of bytes */
    uint32_t reserved;  /* 0 */
    uint8_t bytes[256]; /* READ; ERRORS */
};
#define ORRERY_ANSWER_HEAD 24 /* octets before bytes */
#define ORRERY_ANSWER_DONE 0
#define ORRERY_ANSWER_NO_MEMORY 1 /* no RAM or ROM there, or the core cannot see it now */
#define ORRERY_ANSWER_DIFFERS 2   /* SCREEN: another picture, and it is kept */
#define ORRERY_ANSWER_NOT_KEPT 3  /* SCREEN: the same, but it could not be */
#define ORRERY_ANSWER_NO_SCREEN 4
#define ORRERY_ANSWER_UNKNOWN 5 /* no such probe */

/* What an end of a gpio link puts on the wire from the message's send time on (4 bytes). */
struct orrery_gpio {
    uint8_t level;     /* 0, 1, 2: it does not drive */
    uint8_t pull;      /* 0: none, 1: up, 2: down */
    uint16_t reserved; /* 0 */
};

/* Duration of a frame in ns, rounded to nearest: bits include start, parity and stop. */
uint64_t orrery_uart_frame_ns(uint32_t baud, unsigned data_bits, char parity, unsigned stop_halves);

/*
 * ms of wall time on a host that has a core for everybody; more where processes wait for one. For
 * bounds on what takes long only if something is wrong, or the host is busy.
 */
uint64_t orrery_patience_ms(uint64_t ms);

#endif
