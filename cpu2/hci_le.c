/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hci_le.c - LE controller commands (Vol 4 Part E 7.8). Every parameter is checked here.
 */
#include "ll.h"

enum { LE_P256_KEY = 0x08, LE_DHKEY = 0x09 }; /* sub-events */

#define STATES 0x3FFFFFFFFFFull /* all that 5.2 defines: any roles together */

static void answer(uint16_t opcode, uint8_t status)
{
    event_complete(opcode, &status, 1);
}

bool own_address(uint8_t type, struct address *address)
{
    if (type == 0) {
        memcpy(address->octets, ll.public_address, 6);
    } else if (type == 1 && ll.random_address_set) {
        memcpy(address->octets, ll.random_address, 6);
    } else {
        return false;
    }
    address->random = type;
    return true;
}

/* Own address types 2 and 3 need the resolving list, which is not there. */
static uint8_t check_own(uint8_t type)
{
    struct address address;

    if (type > 3) {
        return INVALID_PARAMETERS;
    }
    if (type > 1) {
        return UNSUPPORTED;
    }
    return own_address(type, &address) ? OK : INVALID_PARAMETERS;
}

static bool is_air_busy(void)
{
    return ll.adv.enabled || ll.scan.enabled || ll.init.enabled;
}

/* ---- general ---- */

static void set_event_mask(uint16_t opcode, const uint8_t *p)
{
    memcpy(ll.le_event_mask, p, 8);
    answer(opcode, OK);
}

static void read_buffer_size(uint16_t opcode, const uint8_t *p)
{
    uint8_t r[4] = {OK, DATA_OCTETS_MAX, 0, LL_ACL};

    event_complete(opcode, r, sizeof(r));
}

static void read_features(uint16_t opcode, const uint8_t *p)
{
    uint8_t r[9] = {OK};

    put16(r + 1, LL_FEATURES);
    event_complete(opcode, r, sizeof(r));
}

static void read_states(uint16_t opcode, const uint8_t *p)
{
    uint8_t r[9] = {OK};

    put32(r + 1, (uint32_t)STATES);
    put32(r + 5, (uint32_t)(STATES >> 32));
    event_complete(opcode, r, sizeof(r));
}

static void set_random_address(uint16_t opcode, const uint8_t *p)
{
    if (is_air_busy()) {
        answer(opcode, COMMAND_DISALLOWED);
        return;
    }
    memcpy(ll.random_address, p, 6);
    ll.random_address_set = true;
    answer(opcode, OK);
}

static void encrypt(uint16_t opcode, const uint8_t *p)
{
    uint8_t r[17] = {OK}, key[16], text[16];
    struct aes_key expanded;

    for (int i = 0; i < 16; i++) {
        key[i] = p[15 - i];
        text[i] = p[31 - i];
    }
    aes_expand(&expanded, key);
    aes_encrypt(&expanded, text, text);
    for (int i = 0; i < 16; i++) {
        r[1 + i] = text[15 - i];
    }
    event_complete(opcode, r, sizeof(r));
}

static void rand_command(uint16_t opcode, const uint8_t *p)
{
    uint8_t r[9] = {OK};

    random_octets(r + 1, 8);
    event_complete(opcode, r, sizeof(r));
}

/* ---- filter accept list ---- */

/* Interrupt too: the list changes only while nobody uses it. */
bool filter_has(uint8_t random, const uint8_t address[6])
{
    for (unsigned i = 0; i < ll.filter_count; i++) {
        if (ll.filter[i].type == random && !memcmp(ll.filter[i].address, address, 6)) {
            return true;
        }
    }
    return false;
}

static bool is_filter_used(void)
{
    return (ll.adv.enabled && ll.adv.filter_policy) ||
           (ll.scan.enabled && ll.scan.filter_policy & 1) || (ll.init.enabled && ll.init.by_list);
}

static void read_filter_size(uint16_t opcode, const uint8_t *p)
{
    uint8_t r[2] = {OK, LL_FILTER};

    event_complete(opcode, r, sizeof(r));
}

static void filter_clear(uint16_t opcode, const uint8_t *p)
{
    if (is_filter_used()) {
        answer(opcode, COMMAND_DISALLOWED);
        return;
    }
    ll.filter_count = 0;
    answer(opcode, OK);
}

static void filter_add(uint16_t opcode, const uint8_t *p)
{
    if (is_filter_used()) {
        answer(opcode, COMMAND_DISALLOWED);
    } else if (p[0] > 1) {
        answer(opcode, p[0] == 0xFF ? UNSUPPORTED : INVALID_PARAMETERS); /* anonymous ones */
    } else if (filter_has(p[0], p + 1)) {
        answer(opcode, OK);
    } else if (ll.filter_count == LL_FILTER) {
        answer(opcode, MEMORY_FULL);
    } else {
        ll.filter[ll.filter_count].type = p[0];
        memcpy(ll.filter[ll.filter_count++].address, p + 1, 6);
        answer(opcode, OK);
    }
}

static void filter_remove(uint16_t opcode, const uint8_t *p)
{
    if (is_filter_used()) {
        answer(opcode, COMMAND_DISALLOWED);
        return;
    }
    for (unsigned i = 0; i < ll.filter_count; i++) {
        if (ll.filter[i].type == p[0] && !memcmp(ll.filter[i].address, p + 1, 6)) {
            ll.filter[i] = ll.filter[--ll.filter_count];
        }
    }
    answer(opcode, OK);
}

/* ---- advertising ---- */

static void adv_parameters(uint16_t opcode, const uint8_t *p)
{
    uint16_t min = get16(p), max = get16(p + 2);
    bool high_duty = p[4] == 1;

    if (ll.adv.enabled) {
        answer(opcode, COMMAND_DISALLOWED);
        return;
    }
    if (p[4] > 4 || p[5] > 3 || p[6] > 1 || !(p[13] & 7) || p[13] > 7 || p[14] > 3 ||
        (!high_duty && (min < 0x20 || max > 0x4000 || min > max))) {
        answer(opcode, INVALID_PARAMETERS);
        return;
    }
    if (p[5] > 1) {
        answer(opcode, UNSUPPORTED);
        return;
    }
    ll.adv.interval_min = min;
    ll.adv.interval_max = max;
    ll.adv.type = p[4];
    ll.adv.own_type = p[5];
    ll.adv.direct_type = p[6];
    memcpy(ll.adv.direct, p + 7, 6);
    ll.adv.map = p[13];
    ll.adv.filter_policy = p[4] == 1 || p[4] == 4 ? 0 : p[14];
    answer(opcode, OK);
}

static void adv_power(uint16_t opcode, const uint8_t *p)
{
    uint8_t r[2] = {OK, (uint8_t)ll.power_dbm};

    event_complete(opcode, r, sizeof(r));
}

static void adv_data(uint16_t opcode, const uint8_t *p)
{
    if (p[0] > 31) {
        answer(opcode, INVALID_PARAMETERS);
        return;
    }
    ll.adv.data_len = p[0];
    memcpy(ll.adv.data, p + 1, p[0]);
    adv_build();
    answer(opcode, OK);
}

static void adv_response(uint16_t opcode, const uint8_t *p)
{
    if (p[0] > 31) {
        answer(opcode, INVALID_PARAMETERS);
        return;
    }
    ll.adv.response_len = p[0];
    memcpy(ll.adv.response, p + 1, p[0]);
    adv_build();
    answer(opcode, OK);
}

static void adv_set_enable(uint16_t opcode, const uint8_t *p)
{
    if (p[0] > 1 || (p[0] && check_own(ll.adv.own_type))) {
        answer(opcode, INVALID_PARAMETERS);
        return;
    }
    adv_disable();
    if (p[0] && !adv_enable()) {
        answer(opcode, CONNECTION_LIMIT);
        return;
    }
    answer(opcode, OK);
}

/* ---- scanning and initiating ---- */

static bool is_scan_timing(uint16_t interval, uint16_t window)
{
    return interval >= 4 && interval <= 0x4000 && window >= 4 && window <= interval;
}

static void scan_parameters(uint16_t opcode, const uint8_t *p)
{
    if (ll.scan.enabled) {
        answer(opcode, COMMAND_DISALLOWED);
    } else if (p[0] > 1 || !is_scan_timing(get16(p + 1), get16(p + 3)) || p[5] > 3 || p[6] > 3) {
        answer(opcode, INVALID_PARAMETERS);
    } else if (p[5] > 1 || p[6] > 1) {
        answer(opcode, UNSUPPORTED);
    } else {
        ll.scan.active = p[0];
        ll.scan.interval = get16(p + 1);
        ll.scan.window = get16(p + 3);
        ll.scan.own_type = p[5];
        ll.scan.filter_policy = p[6];
        answer(opcode, OK);
    }
}

static void scan_set_enable(uint16_t opcode, const uint8_t *p)
{
    uint32_t lock;

    if (p[0] > 1 || p[1] > 1 || (p[0] && check_own(ll.scan.own_type))) {
        answer(opcode, INVALID_PARAMETERS);
        return;
    }
    lock = radio_lock();
    ll.scan.enabled = p[0];
    ll.scan.filter_duplicates = p[1];
    ll.scan.seen_count = 0;
    ll.scan.seen_next = 0;
    ll.scan.upper_limit = ll.scan.backoff = 1;
    ll.scan.failures = ll.scan.successes = 0;
    scan_restart();
    radio_unlock(lock);
    answer(opcode, OK);
}

bool connection_parameters_valid(const uint8_t *p)
{
    uint32_t min = get16(p), max = get16(p + 2), latency = get16(p + 4), timeout = get16(p + 6);

    return min >= 6 && max <= 3200 && min <= max && latency <= 499 && timeout >= 10 &&
           timeout <= 3200 && timeout * 4 > (1 + latency) * max;
}

static void create_connection(uint16_t opcode, const uint8_t *p)
{
    uint8_t status = check_own(p[12]);

    if (ll.init.enabled) {
        status = COMMAND_DISALLOWED;
    } else if (!is_scan_timing(get16(p), get16(p + 2)) || p[4] > 1 || (!p[4] && p[5] > 3) ||
               !connection_parameters_valid(p + 13)) {
        status = INVALID_PARAMETERS;
    } else if (!status && !p[4] && p[5] > 1) {
        status = UNSUPPORTED;
    } else if (!status && !init_start(p)) {
        status = CONNECTION_LIMIT;
    }
    event_status(opcode, status);
}

static void cancel_connection(uint16_t opcode, const uint8_t *p)
{
    uint32_t lock = radio_lock();
    bool enabled = ll.init.enabled;

    init_stop();
    radio_unlock(lock);
    answer(opcode, enabled ? OK : COMMAND_DISALLOWED);
    if (enabled) {
        event_connection_failed(UNKNOWN_CONNECTION, 0);
    }
}

/* ---- connections ---- */

static void connection_update(uint16_t opcode, const uint8_t *p)
{
    struct conn *c = conn_find(get16(p));
    uint8_t status = OK;

    if (!c) {
        status = UNKNOWN_CONNECTION;
    } else if (!connection_parameters_valid(p + 2) || get16(p + 10) > get16(p + 12)) {
        status = INVALID_PARAMETERS;
    } else if (c->update_wanted) {
        status = COMMAND_DISALLOWED;
    } else if (!c->central && c->features_known && !(c->features[0] & 2)) {
        status = UNSUPPORTED_REMOTE;
    }
    event_status(opcode, status);
    if (status == OK) {
        memcpy(c->want_update, p + 2, 8);
        c->update_wanted = true;
        control_want(c, PROC_UPDATE);
    }
}

static void host_channels(uint16_t opcode, const uint8_t *p)
{
    struct channels channels;

    if (p[4] > 0x1F || !ll_channels_set(&channels, p)) {
        answer(opcode, INVALID_PARAMETERS);
        return;
    }
    memcpy(ll.host_channels, p, 5);
    for (unsigned i = 0; i < LL_CONNECTIONS; i++) {
        struct conn *c = conn_find(i);

        if (c && c->central) {
            control_want(c, PROC_MAP);
        }
    }
    answer(opcode, OK);
}

static void read_channel_map(uint16_t opcode, const uint8_t *p)
{
    struct conn *c = conn_find(get16(p));
    uint8_t r[8] = {c ? OK : UNKNOWN_CONNECTION, p[0], p[1]};

    if (c) {
        memcpy(r + 3, c->channels.map, 5);
    }
    event_complete(opcode, r, sizeof(r));
}

static void read_remote_features(uint16_t opcode, const uint8_t *p)
{
    start_with_peer(opcode, p, PROC_FEATURES);
}

static void enable_encryption(uint16_t opcode, const uint8_t *p)
{
    struct conn *c = conn_find(get16(p));
    uint8_t status = OK;

    if (!c) {
        status = UNKNOWN_CONNECTION;
    } else if (!c->central || c->enc_step || c->wanted >> PROC_ENCRYPT & 1) {
        status = COMMAND_DISALLOWED;
    } else {
        memcpy(c->random_ediv, p + 2, 10);
        memcpy(c->ltk, p + 12, 16);
        control_want(c, PROC_ENCRYPT);
    }
    event_status(opcode, status);
}

static void ltk_reply(uint16_t opcode, const uint8_t *p, const uint8_t *ltk)
{
    struct conn *c = conn_find(get16(p));
    uint8_t r[3] = {OK, p[0], p[1]};

    if (!c) {
        r[0] = UNKNOWN_CONNECTION;
    } else if (!encrypt_reply(c, ltk)) {
        r[0] = COMMAND_DISALLOWED;
    }
    event_complete(opcode, r, sizeof(r));
}

static void ltk_positive(uint16_t opcode, const uint8_t *p)
{
    ltk_reply(opcode, p, p + 2);
}

static void ltk_negative(uint16_t opcode, const uint8_t *p)
{
    ltk_reply(opcode, p, NULL);
}

static void param_reply(uint16_t opcode, const uint8_t *p, const uint8_t *parameters)
{
    struct conn *c = conn_find(get16(p));
    uint8_t r[3] = {OK, p[0], p[1]};

    if (!c) {
        r[0] = UNKNOWN_CONNECTION;
    } else if (c->remote_proc != PROC_UPDATE || !c->param_requested) {
        r[0] = COMMAND_DISALLOWED;
    } else if (parameters && !connection_parameters_valid(parameters)) {
        r[0] = INVALID_PARAMETERS;
    } else {
        update_param_reply(c, parameters);
    }
    event_complete(opcode, r, sizeof(r));
}

static void param_positive(uint16_t opcode, const uint8_t *p)
{
    param_reply(opcode, p, p + 2);
}

static void param_negative(uint16_t opcode, const uint8_t *p)
{
    param_reply(opcode, p, NULL);
}

/* ---- data length, PHY ---- */

static bool is_length(uint16_t octets, uint16_t time)
{
    return octets >= DATA_OCTETS_MIN && octets <= DATA_OCTETS_MAX && time >= DATA_TIME_MIN_US &&
           time <= 17040;
}

static uint16_t time_limit(uint16_t time)
{
    return time < DATA_TIME_MAX_US ? time : DATA_TIME_MAX_US;
}

static void set_data_length(uint16_t opcode, const uint8_t *p)
{
    struct conn *c = conn_find(get16(p));
    uint8_t r[3] = {OK, p[0], p[1]};

    if (!c) {
        r[0] = UNKNOWN_CONNECTION;
    } else if (!is_length(get16(p + 2), get16(p + 4))) {
        r[0] = INVALID_PARAMETERS;
    } else {
        c->max.tx_octets = get16(p + 2);
        c->max.tx_time = time_limit(get16(p + 4));
        control_want(c, PROC_LENGTH);
    }
    event_complete(opcode, r, sizeof(r));
}

static void read_default_length(uint16_t opcode, const uint8_t *p)
{
    uint8_t r[5] = {OK};

    put16(r + 1, ll.default_tx_octets);
    put16(r + 3, ll.default_tx_time);
    event_complete(opcode, r, sizeof(r));
}

static void write_default_length(uint16_t opcode, const uint8_t *p)
{
    if (!is_length(get16(p), get16(p + 2))) {
        answer(opcode, INVALID_PARAMETERS);
        return;
    }
    ll.default_tx_octets = get16(p);
    ll.default_tx_time = time_limit(get16(p + 2));
    answer(opcode, OK);
}

static void read_maximum_length(uint16_t opcode, const uint8_t *p)
{
    uint8_t r[9] = {OK};

    put16(r + 1, DATA_OCTETS_MAX);
    put16(r + 3, DATA_TIME_MAX_US);
    put16(r + 5, DATA_OCTETS_MAX);
    put16(r + 7, DATA_TIME_MAX_US);
    event_complete(opcode, r, sizeof(r));
}

static void read_phy(uint16_t opcode, const uint8_t *p)
{
    struct conn *c = conn_find(get16(p));
    uint8_t r[5] = {c ? OK : UNKNOWN_CONNECTION, p[0], p[1]};

    if (c) {
        r[3] = c->tx_phy;
        r[4] = c->rx_phy;
    }
    event_complete(opcode, r, sizeof(r));
}

/* all_phys bit set: no preference. Status. */
static uint8_t phys(const uint8_t *p, uint8_t *tx, uint8_t *rx)
{
    *tx = p[0] & 1 ? PHY_1M | PHY_2M : p[1];
    *rx = p[0] & 2 ? PHY_1M | PHY_2M : p[2];
    if (!*tx || !*rx || *tx > 7 || *rx > 7) {
        return INVALID_PARAMETERS;
    }
    if (*tx & 4 || *rx & 4) {
        return UNSUPPORTED; /* coded */
    }
    return OK;
}

static void set_default_phy(uint16_t opcode, const uint8_t *p)
{
    uint8_t tx, rx, status = phys(p, &tx, &rx);

    if (status == OK) {
        ll.default_tx_phys = tx;
        ll.default_rx_phys = rx;
    }
    answer(opcode, status);
}

static void set_phy(uint16_t opcode, const uint8_t *p)
{
    struct conn *c = conn_find(get16(p));
    uint8_t tx, rx, status = phys(p + 2, &tx, &rx);

    if (!c) {
        status = UNKNOWN_CONNECTION;
    } else if (status == OK && c->phy_wanted) {
        status = COMMAND_DISALLOWED;
    }
    event_status(opcode, status);
    if (status == OK) {
        c->want_tx_phys = tx;
        c->want_rx_phys = rx;
        c->phy_wanted = true;
        control_want(c, PROC_PHY);
    }
}

/* ---- P-256: one job at a time, a step in each turn of the main loop ---- */

static void read_p256_key(uint16_t opcode, const uint8_t *p)
{
    if (ll.p256_for) {
        event_status(opcode, COMMAND_DISALLOWED);
        return;
    }
    do {
        random_octets(ll.p256_private, 32);
    } while (!p256_scalar_valid(ll.p256_private));
    ll.p256_private_valid = true;
    p256_start_base(&ll.p256, ll.p256_private);
    ll.p256_for = LE_P256_KEY;
    event_status(opcode, OK);
}

static void generate_dhkey(uint16_t opcode, const uint8_t *p)
{
    uint8_t none[32];

    if (ll.p256_for || !ll.p256_private_valid) {
        event_status(opcode, COMMAND_DISALLOWED);
        return;
    }
    event_status(opcode, OK);
    if (p256_start(&ll.p256, ll.p256_private, p, p + 32)) {
        ll.p256_for = LE_DHKEY;
    } else {
        memset(none, 0xFF, sizeof(none));
        event_p256(LE_DHKEY, INVALID_PARAMETERS, none, 32);
    }
}

bool le_p256_work(void)
{
    uint8_t result[64];

    if (!ll.p256_for) {
        return false;
    }
    if (p256_step(&ll.p256)) {
        p256_result(&ll.p256, result, result + 32);
        event_p256(ll.p256_for, OK, result, ll.p256_for == LE_DHKEY ? 32 : 64);
        memset(result, 0, sizeof(result));
        ll.p256_for = 0;
    }
    return true;
}

/* ---- the table ---- */

static const struct {
    uint8_t ocf, len;
    void (*run)(uint16_t opcode, const uint8_t *p);
} commands[] = {
    {0x01, 8, set_event_mask},
    {0x02, 0, read_buffer_size},
    {0x03, 0, read_features},
    {0x05, 6, set_random_address},
    {0x06, 15, adv_parameters},
    {0x07, 0, adv_power},
    {0x08, 32, adv_data},
    {0x09, 32, adv_response},
    {0x0A, 1, adv_set_enable},
    {0x0B, 7, scan_parameters},
    {0x0C, 2, scan_set_enable},
    {0x0D, 25, create_connection},
    {0x0E, 0, cancel_connection},
    {0x0F, 0, read_filter_size},
    {0x10, 0, filter_clear},
    {0x11, 7, filter_add},
    {0x12, 7, filter_remove},
    {0x13, 14, connection_update},
    {0x14, 5, host_channels},
    {0x15, 2, read_channel_map},
    {0x16, 2, read_remote_features},
    {0x17, 32, encrypt},
    {0x18, 0, rand_command},
    {0x19, 28, enable_encryption},
    {0x1A, 18, ltk_positive},
    {0x1B, 2, ltk_negative},
    {0x1C, 0, read_states},
    {0x20, 14, param_positive},
    {0x21, 3, param_negative},
    {0x22, 6, set_data_length},
    {0x23, 0, read_default_length},
    {0x24, 4, write_default_length},
    {0x25, 0, read_p256_key},
    {0x26, 64, generate_dhkey},
    {0x2F, 0, read_maximum_length},
    {0x30, 2, read_phy},
    {0x31, 3, set_default_phy},
    {0x32, 7, set_phy},
};

#define OGF_LE 8

bool le_command(uint16_t opcode, const uint8_t *parameters, size_t len)
{
    if (opcode >> 10 != OGF_LE) {
        return false;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (commands[i].ocf == (opcode & 0x3FF)) {
            if (commands[i].len == len) {
                commands[i].run(opcode, parameters);
            } else {
                answer(opcode, INVALID_PARAMETERS);
            }
            return true;
        }
    }
    return false;
}
