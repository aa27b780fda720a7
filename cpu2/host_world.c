/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "host_world.h"

#define ACL_LENGTH 27
#define ACL_COUNT 4

struct node nodes[2];
uint32_t world_now;
bool world_synchronous;
unsigned world_trace;
const struct world_controllers *world_real;
uint32_t world_patience_us = 100000;

static uint64_t random_state;
static uint16_t next_handle;

/* ---- packets to the host ---- */

static void deliver(struct node *node, const struct packet *p)
{
    if (p->acl) {
        assert_true(node->takes_acl(p->octets, p->n) || !node->is_active());
    } else if (!node->takes_event(p->octets, p->n)) {
        assert_true(node->shim.to_cpu1(node, p->octets, p->n));
    }
}

static void queue(struct node *node, bool acl, const uint8_t *p, size_t n)
{
    struct packet *to = &node->in[(node->in_first + node->in_count) % PACKETS];

    assert_true(node->in_count < PACKETS && n <= sizeof to->octets);
    to->acl = acl;
    to->n = (uint16_t)n;
    memcpy(to->octets, p, n);
    node->in_count++;
}

static void to_host(struct node *node, const uint8_t *event, size_t n)
{
    struct packet p = {.n = (uint16_t)n};

    if (world_synchronous && (event[0] == 0x0E || event[0] == 0x0F)) {
        memcpy(p.octets, event, n);
        deliver(node, &p);
    } else {
        queue(node, false, event, n);
    }
}

static void answer(struct node *node, const uint8_t *command, uint8_t status, const uint8_t *ret,
                   size_t n)
{
    uint8_t b[128] = {0x0E, (uint8_t)(4 + n), 1, command[0], command[1], status};

    if (n) {
        memcpy(b + 6, ret, n);
    }
    to_host(node, b, 6 + n);
}

static void answer_status(struct node *node, const uint8_t *command, uint8_t status)
{
    uint8_t b[6] = {0x0F, 4, status, 1, command[0], command[1]};

    to_host(node, b, sizeof b);
}

static void le_event(struct node *node, const uint8_t *p, size_t n)
{
    uint8_t b[128] = {0x3E, (uint8_t)n};

    memcpy(b + 2, p, n);
    queue(node, false, b, n + 2);
}

/* ---- the air ---- */

static const uint8_t *own_address(const struct node *node, uint8_t type)
{
    return type & 1 ? node->random_address : node->address;
}

static void connection_complete(struct node *node, uint8_t role, uint8_t peer_type,
                                const uint8_t *peer)
{
    uint8_t b[19] = {0x01, 0, 0, 0, role, peer_type};

    node->handle = next_handle;
    node->role = role;
    node->encrypted = false;
    node->acl_held = 0;
    put16(b + 2, node->handle);
    memcpy(b + 6, peer, 6);
    put16(b + 12, 24);
    put16(b + 16, 100);
    le_event(node, b, sizeof b);
}

static void air(void)
{
    for (int i = 0; i < 2; i++) {
        struct node *a = &nodes[i], *b = a->other;
        uint8_t type = a->adv_params[5] & 1;
        const uint8_t *address = own_address(a, type);

        if (a->advertising && b->scanning) {
            uint8_t r[45] = {0x02, 1, a->adv_params[4], type};

            memcpy(r + 4, address, 6);
            r[10] = a->adv_data[0];
            memcpy(r + 11, a->adv_data + 1, a->adv_data[0]);
            r[11 + a->adv_data[0]] = 0xC0;
            le_event(b, r, 12u + a->adv_data[0]);
            b->scanning = false; /* one report is enough: it filters duplicates */
        }
        if (a->advertising && b->initiating && a->adv_params[4] == 0 &&
            (b->create[4] == 1 || (b->create[5] == type && !memcmp(b->create + 6, address, 6)))) {
            uint8_t own = b->create[12] & 1;

            a->advertising = b->initiating = false;
            next_handle = (uint16_t)(next_handle % 0xE00 + 1);
            connection_complete(a, 1, own, own_address(b, own));
            connection_complete(b, 0, type, address);
        }
    }
}

static void disconnect(struct node *node, uint8_t reason)
{
    uint8_t b[6] = {0x05, 4, 0};

    for (int i = 0; i < 2; i++, node = node->other) {
        put16(b + 3, node->handle);
        b[5] = i == 0 ? 0x16 : reason;
        queue(node, false, b, sizeof b);
        node->handle = 0xFFFF;
    }
}

static void encryption_change(struct node *node, uint8_t status)
{
    bool refresh = node->encrypted && status == 0;
    uint8_t b[6] = {0x08, 4, status, 0, 0, status == 0}, r[5] = {0x30, 3, status};

    put16(b + 3, node->handle);
    put16(r + 3, node->handle);
    node->encrypted = status == 0;
    queue(node, false, refresh ? r : b, refresh ? sizeof r : sizeof b);
}

/* ---- commands ---- */

static void p256(struct node *node, const uint8_t *peer)
{
    uint8_t b[66] = {peer ? 0x09 : 0x08};

    for (int i = 0; i < 32; i++) { /* a toy */
        b[2 + i] = (uint8_t)(node->private_key[i] ^ 0x5A);
        b[34 + i] = peer ? 0 : (uint8_t)(node->private_key[i] ^ 0xA5);
    }
    for (int i = 0; peer && i < 32; i++) {
        b[2 + i] ^= peer[i];
    }
    if (node->slow_p256) {
        node->p256.n = peer ? 34 : 66;
        memcpy(node->p256.octets, b, node->p256.n);
    } else {
        le_event(node, b, peer ? 34 : 66);
    }
}

void world_p256(struct node *node)
{
    assert_true(node->p256.n != 0);
    le_event(node, node->p256.octets, node->p256.n);
    node->p256.n = 0;
    world_run();
}

static void ltk_reply(struct node *node, const uint8_t *key)
{
    struct node *central = node->other;

    if (!key) {
        encryption_change(central, 0x06);
    } else if (memcmp(key, central->wanted_key, 16) == 0) {
        encryption_change(node, 0);
        encryption_change(central, 0);
    } else {
        disconnect(central, 0x3D);
    }
}

static void on_command(void *ctx, const uint8_t *c, size_t n)
{
    struct node *node = ctx;
    const uint8_t *p = c + 3;
    uint8_t ret[16];

    assert_true(n >= 3 && n == 3u + c[2]);
    if (world_trace) {
        print_message("node %d: command %04X\n", (int)(node - nodes), get16(c));
    }
    if (world_real) {
        world_real->command((int)(node - nodes), c, n);
        return;
    }
    if (get16(c) == node->fail_opcode) {
        answer(node, c, 0x0C, NULL, 0);
        return;
    }
    switch (get16(c)) {
    case HCI_LE_READ_BUFFER_SIZE:
        put16(ret, ACL_LENGTH);
        ret[2] = ACL_COUNT;
        answer(node, c, 0, ret, 3);
        return;
    case HCI_LE_SET_RANDOM_ADDRESS:
        memcpy(node->random_address, p, 6);
        break;
    case HCI_LE_SET_ADV_PARAMETERS:
        assert_int_equal(c[2], 15);
        memcpy(node->adv_params, p, 15);
        break;
    case HCI_LE_SET_ADV_DATA:
        assert_int_equal(c[2], 32);
        memcpy(node->adv_data, p, 32);
        break;
    case HCI_LE_SET_ADV_ENABLE:
        node->advertising = p[0];
        break;
    case HCI_LE_SET_SCAN_ENABLE:
        node->scanning = p[0];
        break;
    case HCI_LE_CREATE_CONNECTION:
        assert_int_equal(c[2], 25);
        memcpy(node->create, p, 25);
        node->initiating = true;
        answer_status(node, c, 0);
        return;
    case HCI_LE_CREATE_CONNECTION_CANCEL: {
        uint8_t b[19] = {0x01, 0x02};

        answer(node, c, 0, NULL, 0);
        node->initiating = false;
        le_event(node, b, sizeof b);
        return;
    }
    case HCI_DISCONNECT:
        answer_status(node, c, get16(p) == node->handle ? 0 : 2);
        if (get16(p) == node->handle) {
            disconnect(node, p[2]);
        }
        return;
    case HCI_LE_CONNECTION_UPDATE: {
        uint8_t b[10] = {0x03, 0, p[0], p[1], p[2], p[3], p[6], p[7], p[8], p[9]};

        answer_status(node, c, 0);
        le_event(node, b, sizeof b);
        le_event(node->other, b, sizeof b);
        return;
    }
    case HCI_LE_ENABLE_ENCRYPTION: {
        uint8_t b[13] = {0x05};

        answer_status(node, c, 0);
        memcpy(node->wanted_key, p + 12, 16);
        put16(b + 1, node->other->handle);
        memcpy(b + 3, p + 2, 10);
        le_event(node->other, b, sizeof b);
        return;
    }
    case HCI_LE_LTK_REPLY:
    case HCI_LE_LTK_NEGATIVE_REPLY:
        answer(node, c, 0, p, 2);
        ltk_reply(node, get16(c) == HCI_LE_LTK_REPLY ? p + 2 : NULL);
        return;
    case HCI_LE_READ_P256_KEY:
        answer_status(node, c, node->p256.n ? 0x0C : 0);
        if (node->p256.n) {
            return;
        }
        node->shim.random(node, node->private_key, 32);
        p256(node, NULL);
        return;
    case HCI_LE_GENERATE_DHKEY:
        answer_status(node, c, node->p256.n ? 0x0C : 0);
        if (node->p256.n) {
            return;
        }
        p256(node, p);
        return;
    default:
        break;
    }
    answer(node, c, 0, NULL, 0);
}

static bool on_acl(void *ctx, const uint8_t *packet, size_t n)
{
    struct node *node = ctx;
    uint8_t b[4 + 251];

    if (world_real) {
        return world_real->acl((int)(node - nodes), packet, n);
    }
    assert_true(n >= 4 && n == 4u + get16(packet + 2) && n <= 4 + ACL_LENGTH);
    assert_true(node->acl_held < ACL_COUNT);
    if ((get16(packet) & 0x0FFF) != node->handle) {
        return true; /* of a connection that just ended */
    }
    node->acl_held++;
    if (node->mute) {
        return true;
    }
    memcpy(b, packet, n);
    put16(b, (uint16_t)(node->other->handle | (packet[1] & 0x10 ? 0x1000 : 0x2000)));
    queue(node->other, true, b, n);
    return true;
}

static void complete_packets(struct node *node)
{
    uint8_t b[7] = {0x13, 5, 1};

    if (node->acl_held && !node->hold_acl && node->handle != 0xFFFF) {
        put16(b + 3, node->handle);
        put16(b + 5, (uint16_t)node->acl_held);
        node->acl_held = 0;
        queue(node, false, b, sizeof b);
    }
}

static bool on_to_cpu1(void *ctx, const uint8_t *event, size_t n)
{
    struct node *node = ctx;
    struct packet *p = &node->events[node->event_count];

    if (node->cpu1_full) {
        return false;
    }
    assert_true(n >= 2 && n == 2u + event[1]);
    assert_true(node->event_count < PACKETS);
    if (world_trace) {
        print_message("node %d: event %02X %02X%02X\n", (int)(node - nodes), event[0],
                      n > 3 ? event[3] : 0, n > 2 ? event[2] : 0);
    }
    p->n = (uint16_t)n;
    memcpy(p->octets, event, n);
    node->event_count++;
    return true;
}

static uint32_t on_now(void *ctx)
{
    (void)ctx;
    return world_now;
}

static void on_random(void *ctx, uint8_t *out, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) { /* Knuth's MMIX generator */
        random_state = random_state * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(random_state >> 56);
    }
}

static void on_set_address(void *ctx, const uint8_t address[6])
{
    memcpy(((struct node *)ctx)->address, address, 6);
}

static void on_set_power(void *ctx, int8_t dbm)
{
    ((struct node *)ctx)->power_dbm = dbm;
}

static void on_set_activity_mask(void *ctx, uint16_t mask)
{
    ((struct node *)ctx)->activity_mask = mask;
}

static void on_record_changed(void *ctx, unsigned n)
{
    ((struct node *)ctx)->records_changed |= 1u << n;
}

/* ---- set-up ---- */

static void *symbol(void *module, const char *name)
{
    void *p = dlsym(module, name);

    if (!p) {
        fail_msg("%s", dlerror());
    }
    return p;
}

static void load(struct node *node, const char *variable)
{
    const char *path = getenv(variable);
    void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    union { /* POSIX's way from an object pointer to a function's */
        void *p;
        void (*f)(const struct shim *);
    } set;

    if (!module) {
        fail_msg("%s: %s", variable, path ? dlerror() : "not set");
    }
    set.p = symbol(module, "host_shim");
    set.f(&node->shim);
    *(void **)&node->init = symbol(module, "host_init");
    *(void **)&node->host_command = symbol(module, "host_command");
    *(void **)&node->takes_event = symbol(module, "host_takes_event");
    *(void **)&node->takes_acl = symbol(module, "host_takes_acl");
    *(void **)&node->has_room = symbol(module, "host_has_room");
    *(void **)&node->set_max_mtu = symbol(module, "host_set_max_mtu");
    *(void **)&node->is_active = symbol(module, "host_is_active");
    *(void **)&node->work = symbol(module, "host_work");
    *(void **)&node->next_us = symbol(module, "host_next_us");
    *(void **)&node->record = symbol(module, "host_record");
    *(void **)&node->restore = symbol(module, "host_restore");
}

static void from_real(int k, bool acl, const uint8_t *packet, size_t n)
{
    struct node *node = &nodes[k];

    if (!acl && packet[0] == 0x3E && packet[2] == 0x01 && packet[3] == 0) {
        node->handle = get16(packet + 4);
        node->role = packet[6];
    }
    queue(node, acl, packet, n);
}

int world_setup(void **state)
{
    static const char *const variables[2] = {"HOST_A", "HOST_B"};

    (void)state;
    world_now = 0xFFFFF000; /* it wraps soon */
    world_synchronous = false;
    random_state = 1;
    next_handle = 0x40;
    memset(nodes, 0, sizeof nodes);
    for (int i = 0; i < 2; i++) {
        struct node *node = &nodes[i];
        uint8_t address[6] = {(uint8_t)(i + 1), 0x11, 0x22, 0xE1, 0x80, 0x02};

        node->other = &nodes[1 - i];
        node->handle = 0xFFFF;
        node->shim = (struct shim){on_command,        on_acl,
                                   on_to_cpu1,        on_now,
                                   on_random,         on_set_address,
                                   on_set_power,      on_set_activity_mask,
                                   on_record_changed, node};
        load(node, variables[i]);
        if (world_real && i == 0) {
            world_real->start(from_real);
        }
        memcpy(node->address, world_real ? world_real->address(i) : address, 6);
        node->init(node->address);
        node->set_max_mtu(247);
    }
    return 0;
}

/* ---- running ---- */

static bool step(struct node *node)
{
    struct packet p;

    if (node->in_count && (node->has_room() || !node->in[node->in_first].acl)) {
        p = node->in[node->in_first];
        node->in_first = (node->in_first + 1) % PACKETS;
        node->in_count--;
        deliver(node, &p);
        return true;
    }
    return false;
}

/* Real controllers are never done: time passes, and the hosts keep up. */
static void run_real(void)
{
    bool wanted, moved;

    for (uint32_t us = 0; us < world_patience_us; us += 500) {
        do {
            moved = false;
            for (int k = 0; k < 2; k++) {
                moved |= step(&nodes[k]);
                moved |= nodes[k].work();
                nodes[k].next_us(world_now, &wanted);
            }
        } while (moved);
        world_now = world_real->run(500);
    }
}

void world_run(void)
{
    bool moved = true, wanted;

    if (world_real) {
        run_real();
        return;
    }

    for (unsigned i = 0; moved; i++) {
        assert_true(i < 100000); /* an endless exchange */
        moved = false;
        air();
        for (int k = 0; k < 2; k++) {
            moved |= step(&nodes[k]);
            moved |= nodes[k].work();
            nodes[k].next_us(world_now, &wanted);
        }
        if (!moved) {
            for (int k = 0; k < 2; k++) {
                complete_packets(&nodes[k]);
                moved |= nodes[k].in_count != 0 && nodes[k].has_room();
            }
        }
    }
}

void world_sleep(uint32_t us)
{
    uint32_t end = world_now + us;

    world_run();
    while ((int32_t)(end - world_now) > 0) {
        uint32_t next = end;

        for (int k = 0; k < 2; k++) {
            bool wanted;
            uint32_t at = nodes[k].next_us(world_now, &wanted);

            if (wanted && (int32_t)(at - next) < 0) {
                next = at;
            }
        }
        world_now = next;
        world_run();
    }
}

/* ---- CPU1 ---- */

static void parameters(struct out *out, const char *format, va_list ap)
{
    for (; *format; format++) {
        switch (*format) {
        case 'b':
            out8(out, (uint8_t)va_arg(ap, int));
            break;
        case 'h':
            out16(out, (uint16_t)va_arg(ap, int));
            break;
        case 'w':
            out32(out, va_arg(ap, uint32_t));
            break;
        default: {
            const void *p = va_arg(ap, const void *);
            int n = va_arg(ap, int);

            out_octets(out, p, (size_t)n);
            break;
        }
        }
    }
    assert_false(out->full);
}

static struct packet taken;

static void take(struct node *node, unsigned at)
{
    taken = node->events[at];
    node->event_count--;
    memmove(&node->events[at], &node->events[at + 1],
            (node->event_count - at) * sizeof node->events[0]);
}

static uint8_t command(struct node *node, const uint8_t **ret, uint16_t opcode, const char *format,
                       va_list ap)
{
    uint8_t b[3 + 255];
    struct out out = {.p = b, .n = 3, .max = sizeof b};

    put16(b, opcode);
    parameters(&out, format, ap);
    b[2] = (uint8_t)(out.n - 3);
    node->host_command(b, out.n);
    world_run();
    for (unsigned i = 0; i < node->event_count; i++) {
        const uint8_t *e = node->events[i].octets;

        if (e[0] == 0x0E && get16(e + 3) == opcode) {
            take(node, i);
            if (ret) {
                *ret = taken.octets + 6;
            }
            return taken.octets[5];
        }
        if (e[0] == 0x0F && get16(e + 4) == opcode) {
            take(node, i);
            return taken.octets[2];
        }
    }
    fail_msg("command %04X was not answered", opcode);
    return 0xFF;
}

uint8_t cpu1(struct node *node, const uint8_t **ret, uint16_t opcode, const char *format, ...)
{
    va_list ap;
    uint8_t status;

    va_start(ap, format);
    status = command(node, ret, opcode, format, ap);
    va_end(ap);
    return status;
}

const uint8_t *cpu1_ok(struct node *node, uint16_t opcode, const char *format, ...)
{
    const uint8_t *ret = NULL;
    va_list ap;
    uint8_t status;

    va_start(ap, format);
    status = command(node, &ret, opcode, format, ap);
    va_end(ap);
    if (status) {
        fail_msg("command %04X: status %02X", opcode, status);
    }
    return ret;
}

static int find_event(const struct node *node, uint8_t code, int sub, size_t sub_octets)
{
    for (unsigned i = 0; i < node->event_count; i++) {
        const uint8_t *e = node->events[i].octets;

        if (e[0] == code && (sub_octets == 0 || (sub_octets == 1 && e[2] == sub) ||
                             (sub_octets == 2 && get16(e + 2) == sub))) {
            return (int)i;
        }
    }
    return -1;
}

bool has_event(struct node *node, uint16_t ecode)
{
    return find_event(node, 0xFF, ecode, 2) >= 0;
}

const uint8_t *expect_event(struct node *node, uint16_t ecode, size_t *n)
{
    int at = find_event(node, 0xFF, ecode, 2);

    if (at < 0) {
        fail_msg("no event %04X", ecode);
    }
    take(node, (unsigned)at);
    if (n) {
        *n = taken.n - 4u;
    }
    return taken.octets + 4;
}

const uint8_t *expect_hci(struct node *node, uint8_t code, uint8_t le, size_t *n)
{
    size_t head = code == 0x3E ? 3 : 2;
    int at = find_event(node, code, le, head - 2);

    if (at < 0) {
        fail_msg("no event %02X %02X", code, le);
    }
    take(node, (unsigned)at);
    if (n) {
        *n = taken.n - head;
    }
    return taken.octets + head;
}

void drop_events(struct node *node)
{
    node->event_count = 0;
}

/* ---- the usual beginnings ---- */

void world_gap(void)
{
    for (int i = 0; i < 2; i++) {
        cpu1_ok(&nodes[i], 0xFD01, "");
        cpu1_ok(&nodes[i], 0xFC8A, "bbb", i ? 4 : 1, 0, 8);
    }
}

void world_connect(void)
{
    cpu1_ok(&nodes[0], 0xFC83, "bhhbbbbhh", 0, 0, 0, 0, 0, 0, 0, 0, 0);
    cpu1_ok(&nodes[1], 0xFC9C, "hhbmbhhhhhh", 0x10, 0x10, 0, nodes[0].address, 6, 0, 24, 24, 0, 100,
            0, 0);
    expect_hci(&nodes[0], 0x3E, 0x01, NULL);
    expect_hci(&nodes[1], 0x3E, 0x01, NULL);
    expect_event(&nodes[1], EV_GAP_PROC_COMPLETE, NULL);
}

void world_inject(struct node *node, uint8_t boundary, const uint8_t *data, size_t n)
{
    uint8_t b[4 + 251];

    put16(b, (uint16_t)(node->handle | boundary << 12));
    put16(b + 2, (uint16_t)n);
    if (n) {
        memcpy(b + 4, data, n);
    }
    queue(node, true, b, 4 + n);
}

void world_inject_sdu(struct node *node, uint16_t cid, const uint8_t *data, size_t n)
{
    uint8_t b[4 + 247];

    put16(b, (uint16_t)n);
    put16(b + 2, cid);
    memcpy(b + 4, data, n);
    world_inject(node, 2, b, 4 + n);
}
