/* SPDX-License-Identifier: Apache-2.0 */
/* segment_test.c - format, attach, and everything that they must refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "layout.h"

#define RUN 0x1234abcd

struct fixture {
    struct orrery_member_spec members[6];
    struct orrery_lane_spec lanes[6];
    struct orrery_state_spec states[2];
    struct orrery_topology topo;
};

/* broker, a, b, c; a -> b 100, b -> c 50, c -> a 1000, a -> c 500 */
static void good(struct fixture *f)
{
    static const struct orrery_lane_spec lanes[] = {
        {"ab", 1, 2, 100, 4, 16},
        {"bc", 2, 3, 50, 2, 1},
        {"ca", 3, 1, 1000, 4096, ORRERY_MAX_PAYLOAD},
        {"ac", 1, 3, 500, 8, 12},
        {"a0", 1, 0, 0, 8, 12},
        {"0a", 0, 1, 0, 8, 12},
    };

    memset(f, 0, sizeof(*f));
    memcpy(f->lanes, lanes, sizeof(lanes));
    for (unsigned i = 0; i < 6; i++) {
        snprintf(f->members[i].name, ORRERY_NAME_MAX, "m%u", i);
    }
    f->states[0] = (struct orrery_state_spec){"hsem", 100, {1, 2}, 2};
    f->states[1] = (struct orrery_state_spec){"sram", 4096, {3}, 1};
    f->topo = (struct orrery_topology){.run_id = RUN,
                                       .reaction_ns = 10000,
                                       .members = f->members,
                                       .member_count = 4,
                                       .lanes = f->lanes,
                                       .lane_count = 6,
                                       .states = f->states,
                                       .state_count = 2};
}

static int new_file(void)
{
    int fd = memfd_create("segment", MFD_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static void refused(struct orrery_segment *seg, const struct orrery_error *err, const char *why)
{
    if (seg) {
        fail_msg("accepted, but: %s", why);
    }
    if (!strstr(err->text, why)) {
        fail_msg("expected \"%s\" in \"%s\"", why, err->text);
    }
    assert_null(strchr(err->text, '\n'));
}

/* ---- format ---- */

static void refuse_format(const struct fixture *f, const char *why)
{
    struct orrery_error err = {""};
    int fd = new_file();

    refused(orrery_segment_format(fd, &f->topo, &err), &err, why);
    assert_int_equal(lseek(fd, 0, SEEK_END), 0);
    close(fd);
}

#define REFUSE(change, why)                                                                        \
    do {                                                                                           \
        struct fixture f;                                                                          \
        good(&f);                                                                                  \
        change;                                                                                    \
        refuse_format(&f, why);                                                                    \
    } while (0)

static void test_bad_topologies(void **state)
{
    REFUSE(f.topo.member_count = 0, "0 members");
    REFUSE(f.topo.member_count = ORRERY_MAX_MEMBERS + 1, "257 members");
    REFUSE(f.topo.lane_count = ORRERY_MAX_LANES + 1, "4097 lanes");
    REFUSE(f.topo.state_count = ORRERY_MAX_STATES + 1, "257 states");
    REFUSE(f.topo.mode = (enum orrery_mode)7, "clock mode 7");
    REFUSE(f.topo.reaction_ns = ORRERY_TIME_INF, "reaction");
    REFUSE(f.members[2].name[0] = 0, "member 2 without a name");
    REFUSE(memset(f.members[1].name, 'x', ORRERY_NAME_MAX), "member 1 without a name");
    REFUSE(f.lanes[1].name[0] = 0, "lane without a name");
    REFUSE(f.lanes[0].src = 4, "lane ab: no such member");
    REFUSE(f.lanes[0].dst = 400, "lane ab: no such member");
    REFUSE(f.lanes[0].dst = 1, "lane ab: loops");
    REFUSE(f.lanes[0].latency_ns = 0, "lane ab: latency");
    REFUSE(f.lanes[0].latency_ns = ORRERY_TIME_INF, "lane ab: latency");
    REFUSE(f.lanes[0].slots = 1, "lane ab: 1 slots");
    REFUSE(f.lanes[0].slots = 12, "lane ab: 12 slots");
    REFUSE(f.lanes[0].slots = 8192, "lane ab: 8192 slots");
    REFUSE(f.lanes[0].payload_max = 0, "lane ab: payload");
    REFUSE(f.lanes[0].payload_max = ORRERY_MAX_PAYLOAD + 1, "lane ab: payload");
    REFUSE(f.states[0].name[0] = 0, "state 0");
    REFUSE(f.states[1].size = 0, "state 1");
    REFUSE(f.states[1].size = (1u << 24) + 1, "state 1");
    REFUSE(f.states[1].touchers[0] = 4, "state 1");
    REFUSE(f.states[1].toucher_count = 5, "state 1");
}

/* R4: 2 x slots + senders must stay below the 14 bits of a version. */
static void test_version_range(void **state)
{
    struct orrery_error err;
    struct fixture f;

    good(&f);
    f.lanes[0].slots = 4096; /* into b: 8192 */
    f.lanes[3].dst = 2;
    f.lanes[3].slots = 2048; /* and 4096 */
    f.lanes[4] = (struct orrery_lane_spec){"cb", 3, 2, 10, 2048, 8};
    refuse_format(&f, "member m2: too many ring slots"); /* 16384 + 4 */
    f.lanes[4].slots = 1024;
    int fd = new_file();
    struct orrery_segment *seg = orrery_segment_format(fd, &f.topo, &err);

    assert_non_null(seg);
    orrery_segment_detach(seg);
    close(fd);
}

static void test_not_empty(void **state)
{
    struct orrery_error err;
    struct fixture f;
    int fd = new_file();

    good(&f);
    assert_int_equal(write(fd, "x", 1), 1);
    refused(orrery_segment_format(fd, &f.topo, &err), &err, "not empty");
    refused(orrery_segment_format(-1, &f.topo, &err), &err, "segment: Bad file descriptor");
    close(fd);
}

/* ---- what a good one says ---- */

static struct orrery_segment *formatted(struct fixture *f, int *fd)
{
    struct orrery_error err = {""};
    struct orrery_segment *seg;

    *fd = new_file();
    seg = orrery_segment_format(*fd, &f->topo, &err);
    if (!seg) {
        fail_msg("%s", err.text);
    }
    return seg;
}

static void test_readers(void **state)
{
    struct orrery_segment *seg;
    struct orrery_lane_stats stats;
    struct fixture f;
    size_t size;
    int fd;

    good(&f);
    seg = formatted(&f, &fd);
    assert_int_equal(orrery_seg_members(seg), 4);
    assert_int_equal(orrery_seg_lanes(seg), 6);
    assert_string_equal(orrery_seg_member_name(seg, 3), "m3");
    assert_string_equal(orrery_seg_lane_name(seg, 2), "ca");
    assert_int_equal(orrery_seg_lane_src(seg, 2), 3);
    assert_int_equal(orrery_seg_lane_dst(seg, 2), 1);
    assert_int_equal(orrery_seg_lane_latency(seg, 2), 1000);
    assert_int_equal(orrery_state(seg), ORRERY_FORMING);
    assert_int_equal(orrery_seg_turn_ns(seg), 1);
    assert_int_equal(orrery_end_time(seg), ORRERY_TIME_INF);
    assert_int_equal(orrery_waits_for(seg, 1), -1);
    assert_false(orrery_seg_trace_hash(seg));
    assert_non_null(orrery_state_bytes(seg, 1, &size));
    assert_int_equal(size, 4096);
    orrery_lane_count(seg, 0, ORRERY_LANE_OVERRUN);
    orrery_lane_count(seg, 0, ORRERY_LANE_FRAMING);
    orrery_lane_count(seg, 0, ORRERY_LANE_TOO_FAST);
    orrery_lane_stats(seg, 0, &stats);
    assert_int_equal(stats.overruns + stats.framing_errors + stats.too_fast, 3);
    orrery_segment_detach(seg);
    orrery_segment_detach(NULL);
    close(fd);
}

static void expect_dist(struct orrery_segment *seg, const uint64_t want[4][4])
{
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned j = 0; j < 4; j++) {
            assert_int_equal(orrery_seg_dist(seg, i, j), want[i][j]);
        }
    }
}

static void test_dist(void **state)
{
    static const uint64_t INF = ORRERY_TIME_INF;
    struct orrery_segment *seg;
    struct fixture f;
    int fd;

    good(&f); /* a -> c is shorter through b */
    seg = formatted(&f, &fd);
    expect_dist(seg, (const uint64_t[4][4]){
                         {0, 0, 0, 0}, {0, 0, 100, 150}, {0, 1050, 0, 50}, {0, 1000, 1100, 0}});
    orrery_segment_detach(seg);
    close(fd);

    good(&f); /* nothing comes back, and the broker is no way round */
    f.lanes[2] = (struct orrery_lane_spec){"c0", 3, 0, 0, 4, 8};
    seg = formatted(&f, &fd);
    expect_dist(seg, (const uint64_t[4][4]){
                         {0, 0, 0, 0}, {0, 0, 100, 150}, {0, INF, 0, 50}, {0, INF, INF, 0}});
    orrery_segment_detach(seg);
    close(fd);

    good(&f); /* two lanes side by side: the faster one counts; sums saturate */
    f.lanes[2] = (struct orrery_lane_spec){"ab2", 1, 2, 30, 4, 8};
    f.lanes[1].latency_ns = INF - 10;
    f.topo.mode = ORRERY_TURNS;
    seg = formatted(&f, &fd);
    expect_dist(seg, (const uint64_t[4][4]){
                         {0, 0, 0, 0}, {0, 0, 30, 500}, {0, INF, 0, INF - 10}, {0, INF, INF, 0}});
    assert_int_equal(orrery_seg_turn_ns(seg), 30);
    orrery_segment_detach(seg);
    close(fd);
}

static void test_turn_window(void **state)
{
    struct orrery_segment *seg;
    struct fixture f;
    int fd;

    good(&f);
    f.topo.mode = ORRERY_TURNS;
    f.topo.reaction_ns = 20;
    seg = formatted(&f, &fd);
    assert_int_equal(orrery_seg_turn_ns(seg), 20); /* min(least latency, D) */
    orrery_segment_detach(seg);
    close(fd);
}

/* ---- attach ---- */

static void refuse_attach(int fd, uint64_t run_id, const char *why)
{
    struct orrery_error err = {""};

    refused(orrery_segment_attach(fd, run_id, &err), &err, why);
}

static void test_attach(void **state)
{
    struct orrery_segment *seg, *second;
    struct orrery_error err;
    struct fixture f;
    off_t bytes;
    int fd, empty = new_file();

    good(&f);
    seg = formatted(&f, &fd);
    second = orrery_segment_attach(fd, RUN, &err);
    assert_non_null(second);
    orrery_segment_detach(second);
    second = orrery_segment_attach(fd, 0, &err);
    assert_non_null(second);
    orrery_segment_detach(second);
    orrery_segment_detach(seg);
    refuse_attach(fd, RUN + 1, "of another run");
    refuse_attach(empty, 0, "not an orrery segment");
    refuse_attach(-1, 0, "segment: ");
    assert_int_equal(ftruncate(empty, 1 << 16), 0);
    refuse_attach(empty, 0, "not an orrery segment");
    bytes = lseek(fd, 0, SEEK_END);
    assert_int_equal(ftruncate(fd, bytes + 4096), 0);
    refuse_attach(fd, RUN, "truncated");
    assert_int_equal(ftruncate(fd, bytes - 1), 0);
    refuse_attach(fd, RUN, "truncated");
    assert_int_equal(ftruncate(fd, sizeof(struct seg_header) - 1), 0);
    refuse_attach(fd, RUN, "not an orrery segment");
    close(fd);
    close(empty);
}

/* Every bit of the constant part of the header is covered. */
static void test_flipped_bits(void **state)
{
    struct orrery_segment *seg;
    struct orrery_error err;
    struct fixture f;
    uint8_t *base;
    int fd;

    good(&f);
    seg = formatted(&f, &fd);
    base = seg->base;
    for (size_t bit = 0; bit < 8 * offsetof(struct seg_header, checksum) + 64; bit++) {
        base[bit / 8] ^= (uint8_t)(1u << bit % 8);
        refused(orrery_segment_attach(fd, 0, &err), &err, "segment: ");
        base[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    orrery_segment_detach(seg);
    close(fd);
}

/* With a checksum that fits, the values themselves are checked. */
#define SPOIL(change, why)                                                                         \
    do {                                                                                           \
        struct seg_header before = *h;                                                             \
        change;                                                                                    \
        h->checksum = header_checksum(h);                                                          \
        refuse_attach(fd, 0, why);                                                                 \
        *h = before;                                                                               \
    } while (0)

static void test_malicious_header(void **state)
{
    struct orrery_segment *seg;
    struct seg_header *h;
    struct fixture f;
    int fd;

    good(&f);
    seg = formatted(&f, &fd);
    h = seg->header;
    SPOIL(h->version++, "version 5, this program speaks 4");
    SPOIL(h->header_bytes--, "version");
    SPOIL(h->file_bytes++, "truncated");
    SPOIL(h->mode = 2, "inconsistent header");
    SPOIL(h->turn_ns = 0, "inconsistent header");
    SPOIL(h->member_count = 0, "inconsistent header");
    SPOIL(h->member_count = ORRERY_MAX_MEMBERS + 1, "inconsistent header");
    SPOIL(h->member_count = ORRERY_MAX_MEMBERS, "inconsistent");
    SPOIL(h->lane_count = ORRERY_MAX_LANES + 1, "inconsistent header");
    SPOIL(h->state_count = ORRERY_MAX_STATES + 1, "inconsistent header");
    SPOIL(h->members = 0, "inconsistent header");
    SPOIL(h->members += 8, "inconsistent header");
    SPOIL(h->members = UINT64_MAX - 63, "inconsistent header");
    SPOIL(h->dist = h->file_bytes & ~UINT64_C(63), "inconsistent header");
    SPOIL(h->lanes = h->file_bytes + 64, "inconsistent header");
    SPOIL(h->states = UINT64_C(1) << 63, "inconsistent header");
    orrery_segment_detach(seg);
    close(fd);
}

#define SPOIL_PART(object, change, why)                                                            \
    do {                                                                                           \
        __typeof__(object) before = object;                                                        \
        change;                                                                                    \
        refuse_attach(fd, 0, why);                                                                 \
        object = before;                                                                           \
    } while (0)

static void test_malicious_parts(void **state)
{
    struct orrery_segment *seg;
    struct orrery_error err;
    struct seg_state *states;
    struct fixture f;
    int fd;

    good(&f);
    seg = formatted(&f, &fd);
    states = (struct seg_state *)(seg->base + seg->header->states);
    SPOIL_PART(seg->lanes[1].src, seg->lanes[1].src = 4, "lane 1");
    SPOIL_PART(seg->lanes[1].dst, seg->lanes[1].dst = 4, "lane 1");
    SPOIL_PART(seg->lanes[1].slots, seg->lanes[1].slots = 3, "lane 1");
    SPOIL_PART(seg->lanes[1].slots, seg->lanes[1].slots = 8192, "lane 1");
    SPOIL_PART(seg->lanes[1].payload_max, seg->lanes[1].payload_max = 0, "lane 1");
    SPOIL_PART(seg->lanes[1].payload_max, seg->lanes[1].payload_max = 4000, "lane 1");
    SPOIL_PART(seg->lanes[1].slot_bytes, seg->lanes[1].slot_bytes = 8, "lane 1");
    SPOIL_PART(seg->lanes[1].ring, seg->lanes[1].ring = seg->bytes & ~UINT64_C(63), "lane 1");
    SPOIL_PART(seg->lanes[1].ring, seg->lanes[1].ring = 0, "lane 1");
    SPOIL_PART(seg->lanes[1].name[0], seg->lanes[1].name[0] = 0, "lane 1");
    SPOIL_PART(states[1].bytes, states[1].bytes = UINT64_MAX - 63, "state 1");
    SPOIL_PART(states[1].size, states[1].size = 0x7fffffff, "state 1");
    SPOIL_PART(seg->members[2].name[0], seg->members[2].name[0] = 0, "member 2");
    orrery_segment_detach(orrery_segment_attach(fd, RUN, &err)); /* all is well again */
    orrery_segment_detach(seg);
    close(fd);
}

/* The first reason stays, and everybody can read it. */
static void test_dead(void **state)
{
    struct orrery_segment *seg;
    struct fixture f;
    char text[100];
    int fd;

    good(&f);
    seg = formatted(&f, &fd);
    orrery_mark_dead(seg, 2, "first");
    orrery_mark_dead(seg, 1, "second");
    assert_int_equal(orrery_state(seg), ORRERY_DEAD);
    assert_int_equal(orrery_dead_reason(seg, text, sizeof(text)), 2);
    assert_string_equal(text, "first");
    orrery_segment_detach(seg);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_topologies),
        cmocka_unit_test(test_version_range),
        cmocka_unit_test(test_not_empty),
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_dist),
        cmocka_unit_test(test_turn_window),
        cmocka_unit_test(test_attach),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_malicious_header),
        cmocka_unit_test(test_malicious_parts),
        cmocka_unit_test(test_dead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
