// SPDX-License-Identifier: Apache-2.0
/* orrery tap: read along on a link */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "commands.h"
#include "decode_7816.h"
#include "options.h"
#include "places.h"
#include "runs.h"

#define POLL_NS 1000000
#define WAITING_MAX 65536 /* messages that wait for their turn in the order */

/* A message that was read and whose turn to be printed has not come. */
struct waiting {
    struct orrery_message message;
    uint8_t payload[ORRERY_MAX_PAYLOAD];
    size_t lane;
    struct waiting *next;
};

struct tap {
    struct orrery_segment *seg;
    Orrery__Tapped *what;
    struct orrery_tap *taps;  /* one a lane */
    struct decoder *decoders; /* likewise */
    struct waiting *first;    /* in the order of their times */
    size_t waiting;
};

static bool comes_before(const struct waiting *a, const struct waiting *b)
{
    if (a->message.arrival_ns != b->message.arrival_ns) {
        return a->message.arrival_ns < b->message.arrival_ns;
    }
    return a->message.source != b->message.source ? a->message.source < b->message.source
                                                  : a->message.seq < b->message.seq;
}

static void insert(struct tap *t, struct waiting *w)
{
    struct waiting **at = &t->first;

    while (*at && !comes_before(w, *at)) {
        at = &(*at)->next;
    }
    w->next = *at;
    *at = w;
    t->waiting++;
}

/* What is in the rings. False: nothing. */
static bool read_lanes(struct tap *t)
{
    bool any = false;

    for (size_t i = 0; i < t->what->n_lanes; i++) {
        while (t->waiting < WAITING_MAX) {
            struct waiting *w = calloc(1, sizeof(*w));

            if (!w || !orrery_tap_read(t->seg, &t->taps[i], &w->message, w->payload)) {
                free(w);
                break;
            }
            w->message.payload = w->payload;
            w->lane = i;
            insert(t, w);
            any = true;
        }
        orrery_tap_poke(t->seg, &t->taps[i]);
    }
    return any;
}

static void print_before(struct tap *t, uint64_t bound_ns)
{
    while (t->first && (t->first->message.arrival_ns < bound_ns || t->waiting == WAITING_MAX)) {
        struct waiting *w = t->first;

        decode(&t->decoders[w->lane], &w->message);
        t->first = w->next;
        t->waiting--;
        free(w);
    }
}

/* Nobody sends anything any more that arrives before. */
static uint64_t bound(const struct orrery_segment *seg)
{
    uint64_t least = orrery_ceiling(seg);

    for (unsigned i = 1; i < orrery_seg_members(seg); i++) {
        uint64_t word = orrery_word(seg, i);

        least = word < least ? word : least;
    }
    return least;
}

static void follow(struct tap *t, FILE *to)
{
    static const struct timespec nap = {0, POLL_NS};
    enum orrery_run_state state;

    do {
        uint64_t bound_ns = bound(t->seg); /* before the rings */

        state = orrery_state(t->seg);
        if (!read_lanes(t) && state == ORRERY_RUNNING) {
            nanosleep(&nap, NULL);
        }
        print_before(t, bound_ns);
        fflush(to);
    } while ((state == ORRERY_RUNNING || state == ORRERY_FORMING) && !ferror(to));
    while (read_lanes(t)) {
    }
    print_before(t, ORRERY_TIME_INF);
    for (size_t i = 0; i < t->what->n_lanes; i++) {
        if (t->taps[i].lost) {
            fprintf(stderr, "orrery: %s > %s: %llu frames were missed while the tap was opened\n",
                    t->what->lanes[i]->from, t->what->lanes[i]->to,
                    (unsigned long long)t->taps[i].lost);
        }
        orrery_tap_close(t->seg, t->taps[i].lane);
    }
}

static bool attach(struct tap *t, struct problem *why)
{
    struct orrery_error err = {""};
    int fd = open(t->what->segment_path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        return problem_broke(why, "the run's segment: %s", error_text(errno));
    }
    t->seg = orrery_segment_attach(fd, t->what->run_id, &err);
    close(fd);
    return t->seg || problem_broke(why, "%s", err.text);
}

static bool open_lanes(struct tap *t, enum decoding decoding, FILE *to, struct arena *arena,
                       struct problem *why)
{
    struct card_line *card = arena_alloc(arena, sizeof(*card));

    *card = (struct card_line){0};
    t->taps = arena_array(arena, t->what->n_lanes, sizeof(*t->taps));
    t->decoders = arena_array(arena, t->what->n_lanes, sizeof(*t->decoders));
    for (size_t i = 0; i < t->what->n_lanes; i++) {
        const Orrery__TappedLane *lane = t->what->lanes[i];

        if (lane->lane >= orrery_seg_lanes(t->seg)) {
            return problem_broke(why, "the broker named a lane that is not there");
        }
        t->decoders[i] = (struct decoder){.to = to,
                                          .from_port = lane->from,
                                          .to_port = lane->to,
                                          .kind = t->what->kind,
                                          .decoding = decoding,
                                          .card = card};
        orrery_tap_open(t->seg, lane->lane, &t->taps[i]);
    }
    return true;
}

static bool tap(const char *run, const char *port, enum decoding decoding, FILE *to,
                struct arena *arena, struct problem *why)
{
    Orrery__Tap request = ORRERY__TAP__INIT;
    Orrery__Reply *reply;
    struct tap t = {0};
    bool good;

    request.port = arena_copy(arena, port);
    reply = broker_call(run, ORRERY__REQUEST__CALL_TAP, &request, CALL_TIMEOUT_MS, why);
    if (!reply) {
        return false;
    }
    t.what = reply->result_case == ORRERY__REPLY__RESULT_TAPPED ? reply->tapped : NULL;
    good = t.what ? attach(&t, why) && open_lanes(&t, decoding, to, arena, why)
                  : problem_broke(why, "the broker does not know taps");
    if (good) {
        follow(&t, to);
    }
    orrery_segment_detach(t.seg);
    orrery__reply__free_unpacked(reply, NULL);
    return good;
}

static bool choose_decoding(const char *name, enum decoding *decoding, struct problem *why)
{
    *decoding = DECODE_RAW;
    for (unsigned i = 0; name && i < DECODE_COUNT; i++) {
        if (!strcmp(name, decoding_names[i])) {
            *decoding = (enum decoding)i;
            return true;
        }
    }
    return !name ||
           problem_input(why, "--decode %.40s: raw, seproxyhal, hci or 7816 was meant", name);
}

static int tap_main(int argc, char **argv)
{
    const char *run = NULL, *name = NULL, *file = NULL;
    const struct option_def defs[] = {
        {"run", &run, NULL}, {"decode", &name, NULL}, {"to", &file, NULL}};
    const struct option_rules rules = {.usage = "orrery tap INSTANCE.PORT [OPTION...]",
                                       .defs = defs,
                                       .def_count = 3,
                                       .least = 1,
                                       .most = 1};
    struct arena arena = {0};
    struct words words;
    struct problem why = {0};
    enum decoding decoding;
    FILE *to = stdout;
    char *path;
    bool good = options_parse(argc, argv, &rules, &words, &why) &&
                choose_decoding(name, &decoding, &why) && runs_choose(run, &arena, &path, &why);

    if (good && file) {
        to = fopen(file, "w");
        good = to || problem_input(&why, "%.200s: %s", file, error_text(errno));
    }
    good = good && tap(path, words.items[0], decoding, to, &arena, &why);
    if (to && to != stdout && fclose(to) && good) {
        good = problem_broke(&why, "%.200s: %s", file, error_text(errno));
    }
    arena_finish(&arena);
    return good ? EXIT_PASS : problem_report(&why);
}

const struct command tap_command = {
    "tap",
    "tap INSTANCE.PORT [--decode D] [--to FILE]",
    "print what travels on a link, until the run ends",
    "Each frame, with the virtual time of its end; nothing is missed, and the run is the same as\n"
    "without. --decode seproxyhal or hci (H4) prints packets; 7816 a card's answer to reset, PPS, "
    "commands,\n"
    "procedure bytes and status words.\n",
    tap_main,
};
