/* SPDX-License-Identifier: Apache-2.0 */
/* aci_hal.c - AN5270's ACI_HAL_*, ACI_RESET and ACI_L2CAP_* commands. */
#include <string.h>

#include "crypto.h"
#include "host.h"

struct config config;

/* ---- configuration data ---- */

static uint8_t *element(uint8_t offset, uint8_t *length)
{
    switch (offset) {
    case 0x00:
        *length = 6;
        return config.address;
    case 0x08:
        *length = 16;
        return config.er;
    case 0x18:
        *length = 16;
        return config.ir;
    case 0x2E:
        *length = 6;
        return config.random_address;
    case 0x34:
        *length = 1;
        return &config.gap_records;
    case 0x35:
        *length = 1;
        return &config.key_type;
    case 0xB0:
        *length = 1;
        return &config.smp_mode;
    default:
        return NULL;
    }
}

/* Elements of the link layer's: taken, and without effect here. */
static bool element_of_controller(uint8_t offset, uint8_t length)
{
    return (offset == 0xC0 && length == 1) || (offset == 0xC1 && length == 1) ||
           (offset == 0xC2 && length == 2) || (offset == 0xC3 && length == 1) ||
           (offset == 0xC4 && length == 2) || (offset == 0xD1 && length == 8);
}

static uint16_t write_config(struct in *in, struct out *ret)
{
    uint8_t offset = in8(in), length = in8(in), size = 0, *to = element(offset, &size);
    const uint8_t *value = in_octets(in, length);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!to) {
        return element_of_controller(offset, length) ? ST_OK : ST_INVALID_PARAMETERS;
    }
    if (length != size || (offset == 0x35 && value[0] > 1)) {
        return ST_INVALID_PARAMETERS;
    }
    if (offset == 0x35 && value[0]) {
        return ST_UNSUPPORTED; /* the debug key pair: the controller makes real ones only */
    }
    memcpy(to, value, size);
    if (offset == 0) {
        controller_set_address(config.address);
    }
    return ST_OK;
}

static uint16_t read_config(struct in *in, struct out *ret)
{
    uint8_t offset = in8(in), size = 0;
    const uint8_t *from = element(offset, &size);

    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!from) {
        return ST_INVALID_PARAMETERS;
    }
    out8(ret, size);
    out_octets(ret, from, size);
    return ST_OK;
}

/* ---- versions ---- */

static uint16_t get_fw_build_number(struct in *in, struct out *ret)
{
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    out16(ret, 0x4F01); /* ours is not one of ST's */
    return ST_OK;
}

static uint16_t get_information(struct in *in, struct out *ret)
{
    static const uint8_t none[24];

    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    out_octets(ret, none, sizeof none); /* version, options, debug information */
    return ST_OK;
}

static uint16_t get_pm_debug_info(struct in *in, struct out *ret)
{
    static const uint8_t none[3];

    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    out_octets(ret, none, sizeof none);
    return ST_OK;
}

/* ---- reset: controller and host (ACI_RESET; its options have no effect here) ---- */

static void was_reset(uint8_t status, const uint8_t *ret, size_t n, uint32_t opcode)
{
    (void)ret;
    (void)n;
    if (status == ST_OK) {
        host_init(config.address);
    }
    aci_answer_to((uint16_t)opcode, status);
}

static uint16_t reset(struct in *in, uint16_t opcode)
{
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return hci_send(HCI_RESET, NULL, 0, was_reset, opcode) ? ACI_LATER : ST_BUSY;
}

static uint16_t aci_reset_command(struct in *in, struct out *ret)
{
    uint8_t mode = in8(in);

    (void)ret;
    in32(in);
    return mode > 1 ? ST_BAD_HCI_PARAMETERS : reset(in, 0xFF00);
}

static uint16_t stack_reset(struct in *in, struct out *ret)
{
    (void)ret;
    return reset(in, 0xFC3B);
}

/* ---- the radio ---- */

static uint16_t set_tx_power_level(struct in *in, struct out *ret)
{
    /* AN5270's annex "TX Power Level", rounded to what AD and HCI can say */
    static const int8_t dbm[] = {-40, -21, -20, -19, -18, -17, -15, -14, -13, -12, -11,
                                 -10, -9,  -8,  -7,  -6,  -5,  -4,  -3,  -2,  -2,  -1,
                                 -1,  -1,  0,   0,   1,   2,   3,   4,   5,   6};
    uint8_t level;

    (void)ret;
    in8(in); /* high power mode: "deprecated and ignored" */
    level = in8(in);
    if (in->bad || level > 0x23) { /* Zephyr's driver sends an octet more */
        return ST_BAD_HCI_PARAMETERS;
    }
    config.tx_power_dbm = level < sizeof dbm ? dbm[level] : 6;
    controller_set_tx_power(config.tx_power_dbm);
    return ST_OK;
}

static uint16_t get_link_status(struct in *in, struct out *ret)
{
    uint8_t status[8] = {0};
    uint16_t handles[8] = {0};
    int busy = 0;

    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    for (int i = 0; i < HOST_LINKS && busy < 8; i++) {
        if (links[i].used) {
            status[busy] = links[i].role ? 2 : 5;
            handles[busy++] = links[i].handle;
        }
    }
    if (adv_is_on() && busy < 8) {
        status[busy++] = 1;
    }
    if (gap_scans() && busy < 8) {
        status[busy] = 3;
    }
    out_octets(ret, status, sizeof status);
    for (int i = 0; i < 8; i++) {
        out16(ret, handles[i]);
    }
    return ST_OK;
}

/* There are no fixed slots here, so no anchor period: as with no link. */
static uint16_t get_anchor_period(struct in *in, struct out *ret)
{
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    out32(ret, 0);
    out32(ret, 0);
    return ST_OK;
}

static uint16_t set_radio_activity_mask(struct in *in, struct out *ret)
{
    uint16_t mask = in16(in);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    controller_set_activity_mask(mask);
    return ST_OK;
}

/* A mask of events that never come, and options without effect: taken, not acted on. */
static uint16_t take32(struct in *in, struct out *ret)
{
    (void)ret;
    in32(in);
    return in_done(in) ? ST_OK : ST_BAD_HCI_PARAMETERS;
}

static uint16_t take8(struct in *in, struct out *ret)
{
    uint8_t v = in8(in);

    (void)ret;
    return in_done(in) && v <= 1 ? ST_OK : ST_BAD_HCI_PARAMETERS;
}

static uint16_t read_rssi(struct in *in, struct out *ret)
{
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    out8(ret, 127); /* "not available" */
    return ST_OK;
}

/* ---- Encrypted Advertising Data (Core Specification Supplement, Part A 1.23) ---- */

static void reversed(uint8_t *to, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = from[n - 1 - i];
    }
}

static uint16_t ead_encrypt_decrypt(struct in *in, struct out *ret)
{
    enum { RANDOMIZER = 5, IV = 8, MIC = 4, IN_MAX = 228, AAD = 0xEA };
    uint8_t mode = in8(in), octets[16], nonce[RANDOMIZER + IV], data[RANDOMIZER + IN_MAX + MIC];
    const uint8_t *key = in_octets(in, 16), *iv = in_octets(in, IV);
    uint16_t n = in16(in);
    const uint8_t *from = in_octets(in, n);
    struct aes_key aes;

    if (!in_done(in) || mode > 1 || n > IN_MAX || (mode && n < RANDOMIZER + MIC)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    reversed(octets, key, 16);
    aes_expand(&aes, octets);
    reversed(nonce + RANDOMIZER, iv, IV);
    memcpy(data + (mode ? 0 : RANDOMIZER), from, n);
    if (!mode) {
        random_octets(data, RANDOMIZER);
    }
    memcpy(nonce, data, RANDOMIZER);
    if (!mode) {
        ccm_encrypt(&aes, nonce, AAD, data + RANDOMIZER, n);
        out16(ret, (uint16_t)(n + RANDOMIZER + MIC));
        out_octets(ret, data, n + RANDOMIZER + MIC);
        return ST_OK;
    }
    n = (uint16_t)(n - RANDOMIZER - MIC);
    if (!ccm_decrypt(&aes, nonce, AAD, data + RANDOMIZER, n)) {
        return ST_FAILED;
    }
    out16(ret, n);
    out_octets(ret, data + RANDOMIZER, n);
    return ST_OK;
}

/* The radio's registers are not the part's (docs/radio.md), and it sends packets, not tones. */
static uint16_t unsupported(struct in *in, struct out *ret)
{
    (void)in;
    (void)ret;
    return ST_UNSUPPORTED;
}

/* ---- L2CAP ---- */

static uint16_t update_req(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    const uint8_t *parameters = in_octets(in, 8);

    (void)ret;
    if (!in_done(in)) {
        return ST_BAD_HCI_PARAMETERS;
    }
    return link ? l2cap_update_request(link, parameters) : status;
}

static uint16_t update_resp(struct in *in, struct out *ret)
{
    uint16_t status;
    struct link *link = in_link(in, &status);
    const uint8_t *parameters = in_octets(in, 12);
    uint8_t id = in8(in), accept = in8(in), b[14];

    (void)ret;
    if (!in_done(in) || accept > 1) {
        return ST_BAD_HCI_PARAMETERS;
    }
    if (!link) {
        return status;
    }
    if (!l2cap_update_response(link, id, accept)) {
        return ST_DISALLOWED;
    }
    if (!accept) {
        return ST_OK;
    }
    put16(b, link->handle);
    memcpy(b + 2, parameters, 12);
    script_begin();
    script_add(HCI_LE_CONNECTION_UPDATE, b, sizeof b);
    script_end(aci_script_done, 0);
    return ACI_LATER;
}

const struct aci_command aci_hal_commands[] = {
    {0xFC00, false, get_fw_build_number}, {0xFC0C, false, write_config},
    {0xFC0D, false, read_config},         {0xFC0F, false, set_tx_power_level},
    {0xFC14, false, unsupported}, /* LE_TX_TEST_PACKET_NUMBER */
    {0xFC15, false, unsupported}, /* TONE_START */
    {0xFC16, false, unsupported}, /* TONE_STOP */
    {0xFC17, false, get_link_status},     {0xFC18, false, set_radio_activity_mask},
    {0xFC19, false, get_anchor_period},   {0xFC1A, false, take32}, /* SET_EVENT_MASK */
    {0xFC1C, false, get_pm_debug_info},   {0xFC20, false, take8},  /* SET_PERIPHERAL_LATENCY */
    {0xFC22, false, read_rssi},           {0xFC2F, false, ead_encrypt_decrypt},
    {0xFC30, false, unsupported}, /* READ_RADIO_REG */
    {0xFC31, false, unsupported}, /* WRITE_RADIO_REG */
    {0xFC32, false, unsupported}, /* READ_RAW_RSSI */
    {0xFC33, false, unsupported}, /* RX_START */
    {0xFC34, false, unsupported}, /* RX_STOP */
    {0xFC3B, false, stack_reset},         {0xFD81, true, update_req},
    {0xFD82, false, update_resp},         {0xFF00, false, aci_reset_command},
    {0xFF01, false, get_information},     {0xFF02, false, write_config},
    {0xFF03, false, read_config},         {0, false, NULL},
};
