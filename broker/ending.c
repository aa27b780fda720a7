/* SPDX-License-Identifier: Apache-2.0 */
#include "ending.h"

struct tally {
    unsigned off; /* powered off with success */
    uint64_t last_off_ns;
    unsigned failed; /* the first that failed, 0: none */
    uint64_t failed_ns;
    int exit_code;
};

static bool is_over(const struct orrery_segment *seg, unsigned member, uint64_t *at_ns, int *code)
{
    return orrery_is_failed(seg, member, at_ns, code) || orrery_is_off(seg, member, at_ns, code);
}

static bool is_put_on(const struct orrery_segment *seg, const struct ending_members *who,
                      unsigned member)
{
    return who->power_ons && orrery_power_ons(seg, member) != who->power_ons[member];
}

static struct tally count(const struct orrery_segment *seg, const struct ending_members *who)
{
    const unsigned *leaders = who->leaders;
    struct tally tally = {.failed_ns = ORRERY_TIME_INF};

    for (unsigned i = 1; i < orrery_seg_members(seg); i++) {
        uint64_t at_ns = 0;
        int code = 0;
        bool returns = is_put_on(seg, who,
                                 i); /* before it is looked at, which may change by that */
        bool failed = orrery_is_failed(seg, i, &at_ns, &code);

        if (!failed && (returns || !orrery_is_off(seg, i, &at_ns, &code))) {
            /* it never ends by itself: it is over with its leader */
            tally.off += leaders && leaders[i] && is_over(seg, leaders[i], NULL, NULL);
            continue;
        }
        if (failed || code != 0) {
            if (at_ns < tally.failed_ns) { /* the lower number at equal times */
                tally.failed = i;
                tally.failed_ns = at_ns;
                tally.exit_code = code;
            }
        } else {
            tally.off++;
            tally.last_off_ns = at_ns > tally.last_off_ns ? at_ns : tally.last_off_ns;
        }
    }
    return tally;
}

struct ending orrery_ending(const struct orrery_segment *seg, const struct ending_members *who,
                            uint64_t bound_ns, uint64_t ceiling_ns, uint64_t for_ns, bool can_wake)
{
    static const struct ending_members nothing;
    struct tally tally = count(seg, who ? who : &nothing);
    uint64_t limit_ns = for_ns ? for_ns : ORRERY_TIME_INF;
    struct ending ending = {ENDING_NONE, 0, 0, 0, limit_ns};

    /* A failed member's word stays, so a bound at its time means that all before is done. */
    if (tally.failed && tally.failed_ns < limit_ns) {
        ending.watch_ns = tally.failed_ns;
        if (bound_ns >= tally.failed_ns) {
            ending.kind = ENDING_FAILED;
            ending.at_ns = tally.failed_ns;
            ending.member = tally.failed;
            ending.exit_code = tally.exit_code;
        }
    } else if (tally.off == orrery_seg_members(seg) - 1 && tally.last_off_ns < limit_ns &&
               !(who && who->may_return)) {
        /* A word below: a full ring still keeps some of its last messages back, or one that is led
         * has yet to come here. */
        ending.kind = bound_ns > tally.last_off_ns ? ENDING_OFF : ENDING_NONE;
        ending.at_ns = tally.last_off_ns;
        ending.watch_ns = tally.last_off_ns + 1;
    } else if (for_ns && bound_ns >= for_ns && ceiling_ns >= for_ns) {
        ending.kind = ENDING_TIME;
        ending.at_ns = for_ns;
    } else if (!for_ns && bound_ns >= ORRERY_TIME_INF && !can_wake) {
        ending.kind = ENDING_STARVED;
    }
    return ending;
}
