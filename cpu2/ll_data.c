/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ll_data.c - between the host's ACL packets and the PDUs of the air, in the main loop: fragments,
 * encryption, flow control both ways; and the queue of received PDUs.
 */
#include "ll.h"

#define PB_CONTINUE 1u
#define PB_FIRST 2u /* to the host */

/* ---- received PDUs: interrupt to main loop ---- */

static void put(struct ring *ring, uint8_t what)
{
    ring->slot[ring->in % sizeof(ring->slot)] = what;
    in_order();
    ring->in++;
}

static uint8_t first(const struct ring *ring)
{
    in_order();
    return ring->slot[ring->out % sizeof(ring->slot)];
}

static uint8_t take(struct ring *ring)
{
    uint8_t what = first(ring);

    in_order();
    ring->out++;
    return what;
}

static uint8_t count(const struct ring *ring)
{
    return (uint8_t)(ring->in - ring->out);
}

uint8_t *rx_buffer(void)
{
    return ll.rx[ll.rx_now].pdu;
}

/* What is in rx_buffer() goes to the main loop. False: that would leave `keep` buffers or fewer. */
bool rx_pass(uint8_t handle, int8_t rssi, unsigned keep)
{
    struct rx_pdu *rx = &ll.rx[ll.rx_now];

    if (count(&ll.rx_free) <= keep) {
        return false;
    }
    rx->handle = handle;
    rx->rssi = rssi;
    rx->told = 0;
    put(&ll.rx_done, ll.rx_now);
    ll.rx_now = take(&ll.rx_free);
    return true;
}

/* With the radio stopped. */
void data_reset(void)
{
    memset(&ll.rx_free, 0, sizeof(ll.rx_free));
    memset(&ll.rx_done, 0, sizeof(ll.rx_done));
    for (uint8_t i = 1; i < LL_RX; i++) {
        put(&ll.rx_free, i);
    }
    ll.rx_now = 0;
    ll.out_count = 0;
    ll.acl_used = 0;
}

/* ---- lengths ---- */

unsigned data_octets(unsigned phy, unsigned octets, unsigned time_us)
{
    unsigned overhead = radio_air_us(phy, MIC_LEN), per_octet = phy == PHY_2M ? 4 : 8;
    unsigned fit = time_us < overhead ? 0 : (time_us - overhead) / per_octet;

    fit = fit < octets ? fit : octets;
    return fit > DATA_OCTETS_MIN ? fit : DATA_OCTETS_MIN;
}

static uint16_t least(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

void data_effective(struct conn *c)
{
    c->effective.tx_octets = least(c->max.tx_octets, c->remote.rx_octets);
    c->effective.tx_time = least(c->max.tx_time, c->remote.rx_time);
    c->effective.rx_octets = least(c->max.rx_octets, c->remote.tx_octets);
    c->effective.rx_time = least(c->max.rx_time, c->remote.tx_time);
    if (memcmp(&c->effective, &c->told, sizeof(c->told)) != 0) {
        c->told = c->effective;
        event_data_length(c);
    }
}

/* A connection begins; the interrupt has filled in the radio's side. */
void data_new(struct conn *c)
{
    c->max = (struct data_length){ll.default_tx_octets, ll.default_tx_time, DATA_OCTETS_MAX,
                                  DATA_TIME_MAX_US};
    c->remote = (struct data_length){DATA_OCTETS_MIN, DATA_TIME_MIN_US, DATA_OCTETS_MIN,
                                     DATA_TIME_MIN_US};
    c->told = c->remote;
    c->want_tx_phys = ll.default_tx_phys;
    c->want_rx_phys = ll.default_rx_phys;
    c->payload_timeout = 3000;
    if (c->max.tx_octets > DATA_OCTETS_MIN) {
        control_want(c, PROC_LENGTH);
    }
}

/* ---- encryption ---- */

/* Vol 6 Part E 2.2; the central's packets have the direction bit. */
static void nonce(const struct conn *c, uint64_t counter, bool from_central, uint8_t out[13])
{
    for (int i = 0; i < 5; i++) {
        out[i] = (uint8_t)(counter >> 8 * i);
    }
    out[4] = (out[4] & 0x7F) | (from_central ? 0x80 : 0);
    memcpy(out + 5, c->iv, 8);
}

static void encrypt(struct conn *c, uint8_t *pdu)
{
    uint8_t octets[13];

    nonce(c, c->tx_counter++, c->central, octets);
    ccm_encrypt(&c->session, octets, pdu[0] & 3, pdu + 2, pdu[1]);
    pdu[1] += MIC_LEN;
}

static bool decrypt(struct conn *c, uint8_t *pdu)
{
    uint8_t octets[13];

    if (pdu[1] <= MIC_LEN) {
        return false;
    }
    nonce(c, c->rx_counter++, !c->central, octets);
    pdu[1] -= MIC_LEN;
    if (!ccm_decrypt(&c->session, octets, pdu[0] & 3, pdu + 2, pdu[1])) {
        return false;
    }
    c->authenticated_at = now_us();
    c->payload_expired = false;
    return true;
}

/* ---- to the air ---- */

bool data_idle(const struct conn *c)
{
    return c->tx_in == c->tx_out && !c->control_count;
}

static void next_control(struct conn *c, struct tx_pdu *tx)
{
    struct control_pdu *control = &c->control[0];

    tx->pdu[0] = LLID_CONTROL;
    tx->pdu[1] = control->len;
    memcpy(tx->pdu + 2, control->pdu, control->len);
    tx->flags = control->flags;
    c->control_count--;
    memmove(control, control + 1, c->control_count * sizeof(*control));
}

static void free_acl(struct conn *c)
{
    ll.acl_used &= (uint16_t) ~(1u << c->acl[0]);
    c->acl_count--;
    memmove(c->acl, c->acl + 1, c->acl_count);
    c->acl_offset = 0;
}

static void next_fragment(struct conn *c, struct tx_pdu *tx)
{
    struct acl *acl = &ll.acl[c->acl[0]];
    unsigned len = acl->len - c->acl_offset;
    unsigned most = data_octets(c->tx_phy, c->effective.tx_octets, c->effective.tx_time);

    len = len < most ? len : most;
    tx->pdu[0] = c->acl_offset == 0 && acl->flags != PB_CONTINUE ? LLID_START : LLID_CONTINUE;
    tx->pdu[1] = (uint8_t)len;
    memcpy(tx->pdu + 2, acl->data + c->acl_offset, len);
    tx->flags = c->tx_encrypted ? TX_ENCRYPT : 0;
    c->acl_offset = (uint16_t)(c->acl_offset + len);
    if (c->acl_offset >= acl->len) {
        tx->flags |= TX_LAST;
        free_acl(c);
    }
}

void data_send(struct conn *c)
{
    while ((uint8_t)(c->tx_in - c->tx_out) < LL_TX) {
        struct tx_pdu *tx = &c->tx[c->tx_in % LL_TX];

        if (c->control_count) {
            next_control(c, tx);
        } else if (c->acl_count && !c->hold_data) {
            next_fragment(c, tx);
        } else {
            return;
        }
        if (tx->flags & TX_ENCRYPT) {
            encrypt(c, tx->pdu);
        }
        in_order(); /* the PDU before the index that shows it */
        c->tx_in++;
        conn_wake(c);
    }
}

bool controller_acl(const uint8_t *packet, size_t len)
{
    struct conn *c;

    if (len < 4 || get16(packet + 2) != len - 4 || len - 4 > DATA_OCTETS_MAX) {
        return false;
    }
    c = conn_find(get16(packet) & 0xFFF);
    if (!c) {
        return true; /* gone meanwhile: its packets with it */
    }
    if (len == 4) {
        c->completed_told--; /* no PDU says nothing */
        return true;
    }
    for (uint8_t i = 0; i < LL_ACL; i++) {
        if (!(ll.acl_used >> i & 1)) {
            ll.acl[i].len = (uint16_t)(len - 4);
            ll.acl[i].flags = packet[1] >> 4 & 3;
            memcpy(ll.acl[i].data, packet + 4, len - 4);
            ll.acl_used |= (uint16_t)(1u << i);
            c->acl[c->acl_count++] = i;
            data_send(c);
            return true;
        }
    }
    return false;
}

void data_completed(struct conn *c)
{
    uint8_t n = (uint8_t)(c->completed - c->completed_told);

    if (n) {
        c->completed_told += n;
        event_completed(c->handle, n);
    }
}

void data_drop(struct conn *c)
{
    uint8_t kept = 0;

    while (c->acl_count) {
        free_acl(c);
    }
    for (uint8_t i = 0; i < ll.out_count; i++) {
        if (ll.rx[ll.out[i]].handle == c->handle) {
            put(&ll.rx_free, ll.out[i]);
        } else {
            ll.out[kept++] = ll.out[i];
        }
    }
    ll.out_count = kept;
    ll.host_acl_free += c->given;
}

/* ---- to the host ---- */

/* As much as the host's buffers hold, if it said how much that is. */
static uint8_t host_octets(uint8_t len)
{
    return ll.host_flow && ll.host_acl_octets < len ? (uint8_t)ll.host_acl_octets : len;
}

/* False: it has no room now. */
static bool to_host(struct rx_pdu *rx)
{
    static uint8_t packet[HCI_ACL_MAX];
    struct conn *c = &ll.conn[rx->handle];

    while (rx->told < rx->pdu[1]) {
        bool first = (rx->pdu[0] & 3) == LLID_START && !rx->told;
        uint8_t len = host_octets(rx->pdu[1] - rx->told);

        if (ll.host_flow && !ll.host_acl_free) {
            return false;
        }
        put16(packet, rx->handle | (first ? PB_FIRST : PB_CONTINUE) << 12);
        put16(packet + 2, len);
        memcpy(packet + 4, rx->pdu + 2 + rx->told, len);
        if (!router_acl(packet, 4u + len)) {
            return false;
        }
        rx->told += len;
        if (ll.host_flow) {
            ll.host_acl_free--;
            c->given++;
        }
    }
    return true;
}

static void flush_out(void)
{
    while (ll.out_count && event_flush() && to_host(&ll.rx[ll.out[0]])) {
        if (!ll.out_count) {
            return; /* the router came back with HCI_Reset */
        }
        put(&ll.rx_free, ll.out[0]);
        ll.out_count--;
        memmove(ll.out, ll.out + 1, ll.out_count);
    }
}

/* True: the buffer waits for the host. */
static bool from_connection(uint8_t index)
{
    struct rx_pdu *rx = &ll.rx[index];
    struct conn *c = &ll.conn[rx->handle];
    uint8_t llid = rx->pdu[0] & 3;

    if (c->state < CONN_CREATED || (c->state == CONN_CLOSED && c->reason == MIC_FAILURE)) {
        return false;
    }
    if (c->rx_encrypted && !decrypt(c, rx->pdu)) {
        conn_close(c, MIC_FAILURE);
        return false;
    }
    if (rx->pdu[1] > DATA_OCTETS_MAX || (c->state == CONN_CLOSED && llid == LLID_CONTROL)) {
        return false;
    }
    if (llid == LLID_CONTROL) {
        control_received(c, rx->pdu + 2, rx->pdu[1]);
        return false;
    }
    if (encrypt_forbids_data(c)) {
        conn_close(c, MIC_FAILURE);
        return false;
    }
    /* The acknowledgement that came with it, or before, is told before: hosts take an answer that
     * overtakes it for a second request. */
    data_completed(c);
    ll.out[ll.out_count++] = index;
    return true;
}

/* A buffer is in one of: free, done, out, under the radio. So none of the lists overflows. */
bool data_received(void)
{
    flush_out();
    for (int i = 0; i < LL_RX && count(&ll.rx_done) && event_room(); i++) {
        uint8_t index = first(&ll.rx_done);

        if (ll.rx[index].handle != RX_ADV && ll.conn[ll.rx[index].handle].announce) {
            break; /* it came after announce() */
        }
        take(&ll.rx_done);

        if (ll.rx[index].handle == RX_ADV) {
            event_report(&ll.rx[index]);
        } else if (from_connection(index)) {
            flush_out();
            continue;
        }
        put(&ll.rx_free, index);
    }
    return count(&ll.rx_done) && event_room();
}
