/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_schedule.c - several roles share one radio.
 *
 * Each role is an activity with the time of its next radio event. When that is LEAD away the
 * activity begins, has the radio until it releases it, and by then has set its next time. One that
 * finds the radio taken, or sees a more important one coming in the time it needs, loses this
 * event; each loss makes it more important, so two connections whose events coincide take turns.
 * Scanning takes what is left and yields at once.
 *
 * Everything here runs in the radio's interrupt or locked against it.
 */
#include "ll.h"

/* The alarm comes so long before an event: the radio's ramp, and time to get there. */
#define LEAD_US 150u
#define SLACK_US 8u
#define FAR_US 1000000u

#ifdef CPU2_ON_HOST
struct link_layer *ll_now;
#else
struct link_layer ll;
#endif

/* Every activity, by number; NULL past the last. */
static struct activity *activity(unsigned i)
{
    if (i == 0) {
        return &ll.scan.activity;
    }
    if (i == 1) {
        return &ll.adv.activity;
    }
    return i < 2 + LL_CONNECTIONS ? &ll.conn[i - 2].activity : NULL;
}

static struct conn *conn_of(struct activity *a)
{
    return (struct conn *)((char *)a - offsetof(struct conn, activity));
}

static unsigned importance(const struct activity *a)
{
    switch (a->role) {
    case ROLE_CONN:
        return 4u + 2u * a->missed;
    case ROLE_ADV:
        return 2u + a->missed;
    default:
        return 0;
    }
}

static void begin(struct activity *a)
{
    ll.owner = a;
    a->armed = false;
    a->missed = 0;
    switch (a->role) {
    case ROLE_CONN:
        conn_begin(conn_of(a));
        break;
    case ROLE_ADV:
        adv_begin();
        break;
    default:
        scan_begin();
        break;
    }
}

/* It goes on to its next event. */
static void lose(struct activity *a)
{
    a->armed = false;
    if (a->missed < 100) {
        a->missed++;
    }
    switch (a->role) {
    case ROLE_CONN:
        conn_lost(conn_of(a));
        break;
    case ROLE_ADV:
        adv_lost();
        break;
    default:
        scan_lost();
        break;
    }
}

static struct activity *earliest(void)
{
    struct activity *first = NULL, *a;

    for (unsigned i = 0; (a = activity(i)); i++) {
        if (a->armed && (!first || before(a->at, first->at))) {
            first = a;
        }
    }
    return first;
}

/* Does a more important one want the radio before this one is through? */
static bool has_rival(const struct activity *a)
{
    const struct activity *b;

    for (unsigned i = 0; (b = activity(i)); i++) {
        if (b != a && b->armed && before(b->at, a->at + a->length + LEAD_US) &&
            importance(b) > importance(a)) {
            return true;
        }
    }
    return false;
}

/* ---- CPU1 may want to hear of it ---- */

enum { IDLE, ADVERTISING, PERIPHERAL, SCANNING, CENTRAL = 5 };
enum { SLOT_OF_SCAN = 6, SLOT_OF_ADV = 7, NO_SLOT = 0xFF }; /* a connection's is its number */

static uint8_t state_of(struct activity *a, uint8_t *slot)
{
    struct conn *c;

    if (!a) {
        *slot = NO_SLOT;
        return IDLE;
    }
    if (a->role != ROLE_CONN) {
        *slot = a->role == ROLE_ADV ? SLOT_OF_ADV : SLOT_OF_SCAN;
        return a->role == ROLE_ADV ? ADVERTISING : SCANNING;
    }
    c = conn_of(a);
    *slot = (uint8_t)(c - ll.conn);
    return c->central ? CENTRAL : PERIPHERAL;
}

/* It has set its own next time already, if there is one. */
static void tell_end(struct activity *a)
{
    struct activity *next = earliest();
    struct ended e;

    e.last = state_of(a, &e.last_slot);
    e.next = state_of(next, &e.next_slot);
    e.next_at = next ? next->at : 0;
    if (ll.activity_mask >> e.last & 1 && ll.ended_count < LL_ENDED) {
        ll.ended[(ll.ended_first + ll.ended_count++) % LL_ENDED] = e;
    }
}

bool ll_take_ended(struct ended *ended)
{
    uint32_t lock = radio_lock();
    bool any = ll.ended_count > 0;

    if (any) {
        *ended = ll.ended[ll.ended_first];
        ll.ended_first = (ll.ended_first + 1) % LL_ENDED;
        ll.ended_count--;
    }
    radio_unlock(lock);
    return any;
}

static void due(struct activity *a, uint32_t now)
{
    if (before(a->at, now + RADIO_RAMP_US + SLACK_US)) {
        lose(a);
        return;
    }
    if (ll.owner && ll.owner->role == ROLE_SCAN && a->role != ROLE_SCAN && !has_rival(a)) {
        struct activity *scan = ll.owner;

        radio_stop();
        ll.owner = NULL;
        tell_end(scan);
        begin(a);
        lose(scan);
        return;
    }
    if (ll.owner || has_rival(a)) {
        lose(a);
    } else {
        begin(a);
    }
}

void ll_schedule(void)
{
    struct activity *a;
    uint32_t now;

    while ((a = earliest())) {
        now = now_us();
        if (before(now, a->at - LEAD_US)) {
            radio_alarm(a->at - LEAD_US);
            return;
        }
        due(a, now);
    }
    radio_alarm_off();
}

void ll_release(struct activity *a)
{
    if (ll.owner == a) {
        ll.owner = NULL;
        tell_end(a);
    }
    ll_schedule();
}

void ll_arm(struct activity *a, uint32_t at)
{
    a->at = at;
    a->armed = true;
}

void ll_disarm(struct activity *a)
{
    a->armed = false;
    if (ll.owner == a) {
        radio_stop();
        ll.owner = NULL;
        tell_end(a);
        ll_schedule();
    }
}

bool controller_is_idle(void)
{
    return !ll.owner && !earliest();
}

uint32_t ll_free_until(const struct activity *a)
{
    uint32_t until = now_us() + FAR_US;
    const struct activity *b;

    for (unsigned i = 1; (b = activity(i)); i++) {
        if (b != a && b->armed && before(b->at - LEAD_US, until)) {
            until = b->at - LEAD_US;
        }
    }
    return until;
}

/* xorshift32 */
uint32_t ll_random(void)
{
    uint32_t x = ll.noise;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    ll.noise = x;
    return x;
}

/* ---- the radio reports to whoever has it ---- */

void ll_radio_sent(uint32_t end)
{
    if (!ll.owner) {
        return;
    }
    switch (ll.owner->role) {
    case ROLE_CONN:
        conn_sent(conn_of(ll.owner), end);
        break;
    case ROLE_ADV:
        adv_sent(end);
        break;
    default:
        scan_sent(end);
        break;
    }
}

void ll_radio_received(const struct radio_packet *packet)
{
    if (!ll.owner) {
        return;
    }
    switch (ll.owner->role) {
    case ROLE_CONN:
        conn_received(conn_of(ll.owner), packet);
        break;
    case ROLE_ADV:
        adv_received(packet);
        break;
    default:
        scan_received(packet);
        break;
    }
}

void ll_radio_nothing(void)
{
    if (!ll.owner) {
        return;
    }
    switch (ll.owner->role) {
    case ROLE_CONN:
        conn_nothing(conn_of(ll.owner));
        break;
    case ROLE_ADV:
        adv_nothing();
        break;
    default:
        scan_nothing();
        break;
    }
}

void ll_radio_alarm(void)
{
    ll_schedule();
}

void ll_tune_advertising(uint8_t channel)
{
    struct radio_tune to = {
        .access_address = ADV_ACCESS_ADDRESS,
        .crc_init = ADV_CRC_INIT,
        .channel = channel,
        .phy = PHY_1M,
        .power_dbm = ll.power_dbm,
    };

    radio_tune(&to);
}
