/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aci_commands.c - CPU1's vendor commands: found in the tables, carried out, answered.
 *
 * CPU1 has one command under way at a time; one that comes while a script still works for the
 * last is refused as busy.
 */
#include <string.h>

#include "host.h"

#define ACI_RETURN_MAX (HCI_EVENT_MAX - 2 - 3) /* return parameters of a Command Complete */

static const struct aci_command *later; /* whose script is at work */

static void answer(uint16_t opcode, bool by_status, uint8_t status, const uint8_t *ret, size_t n)
{
    uint8_t event[HCI_EVENT_MAX];
    struct out out = {.p = event, .max = sizeof event};

    if (by_status) { /* Command Status, Core, Vol 4 Part E, 7.7.15 */
        out8(&out, 0x0F);
        out8(&out, 4);
        out8(&out, status);
        out8(&out, 1);
        out16(&out, opcode);
    } else { /* Command Complete, 7.7.14 */
        out8(&out, 0x0E);
        out8(&out, (uint8_t)(4 + n));
        out8(&out, 1);
        out16(&out, opcode);
        out8(&out, status);
        out_octets(&out, ret, n);
    }
    /* it has its own buffer, and need not wait behind events that have none */
    if (!host_to_cpu1(event, out.n)) {
        event_raw(event, out.n);
    }
}

void aci_reset(void)
{
    later = NULL;
}

void aci_answer(uint8_t status)
{
    const struct aci_command *command = later;

    if (command) {
        later = NULL;
        answer(command->opcode, command->answers_by_status, status, NULL, 0);
        host_work();
    }
}

void aci_answer_to(uint16_t opcode, uint8_t status)
{
    later = NULL;
    answer(opcode, false, status, NULL, 0);
    host_work();
}

void aci_script_done(uint8_t status, const uint8_t *ret, size_t n, uint32_t arg)
{
    (void)ret;
    (void)n;
    (void)arg;
    aci_answer(status);
}

static const struct aci_command *find(uint16_t opcode)
{
    static const struct aci_command *const tables[] = {
        aci_adv_commands,  aci_gap_commands,    aci_sec_commands,
        aci_gatt_commands, aci_client_commands, aci_hal_commands,
    };

    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (const struct aci_command *c = tables[t]; c->opcode; c++) {
            if (c->opcode == opcode) {
                return c;
            }
        }
    }
    return NULL;
}

/* Those that need ACI_GATT_INIT before (AN5270: "has to be given before using any ..."). */
static bool needs_gatt(uint16_t opcode)
{
    uint16_t ocf = opcode & 0x03FF;

    return ocf >= 0x081 && ocf < 0x300 && ocf != 0x101;
}

void host_command(const uint8_t *command, size_t n)
{
    uint8_t ret[ACI_RETURN_MAX - 1];
    struct out out = {.p = ret, .max = sizeof ret};
    const struct aci_command *c;
    uint16_t opcode, status;
    struct in in;

    if (n < 3) {
        return;
    }
    opcode = get16(command);
    if (n - 3 < command[2]) {
        answer(opcode, false, ST_BAD_HCI_PARAMETERS, NULL, 0);
        host_work();
        return;
    }
    in = (struct in){.p = command + 3, .left = command[2]};
    c = find(opcode);
    if (!c) {
        answer(opcode, true, ST_UNKNOWN_COMMAND, NULL, 0);
    } else if (later) {
        answer(opcode, c->answers_by_status, ST_BUSY, NULL, 0);
    } else if (needs_gatt(opcode) && !host_is_active()) {
        answer(opcode, c->answers_by_status, ST_DISALLOWED, NULL, 0);
    } else {
        later = c; /* a script may be over before the handler returns */
        status = c->handler(&in, &out);
        if (status != ACI_LATER) {
            later = NULL;
            answer(opcode, c->answers_by_status, (uint8_t)status, ret, status ? 0 : out.n);
        }
    }
    host_work();
}

struct link *in_link(struct in *in, uint16_t *status)
{
    uint16_t handle = in16(in);
    struct link *link = in->bad ? NULL : link_find(handle);

    *status = in->bad ? ST_BAD_HCI_PARAMETERS : link ? ST_OK : ST_UNKNOWN_CONNECTION;
    return link;
}

uint8_t in_uuid(struct in *in, uint8_t uuid[16])
{
    uint8_t type = in8(in), len = type == 1 ? 2 : type == 2 ? 16 : 0;
    const uint8_t *p = len ? in_octets(in, len) : NULL;

    if (!p) {
        in->bad = true;
        return 0;
    }
    memcpy(uuid, p, len);
    return len;
}
