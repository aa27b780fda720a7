/* SPDX-License-Identifier: Apache-2.0 */
/* host_shim.c - what the host calls, passed on to a test. */
#include "host_world.h"

void host_shim(const struct shim *to);

static const struct shim *shim;

void host_shim(const struct shim *to)
{
    shim = to;
}

void router_host_command(const uint8_t *command, size_t n)
{
    shim->command(shim->ctx, command, n);
}

bool router_host_acl(const uint8_t *packet, size_t n)
{
    return shim->acl(shim->ctx, packet, n);
}

bool host_to_cpu1(const uint8_t *event, size_t n)
{
    return shim->to_cpu1(shim->ctx, event, n);
}

void controller_set_activity_mask(uint16_t mask)
{
    shim->set_activity_mask(shim->ctx, mask);
}

void router_record_changed(unsigned n)
{
    shim->record_changed(shim->ctx, n);
}

uint32_t now_us(void)
{
    return shim->now(shim->ctx);
}

void random_octets(uint8_t *out, size_t n)
{
    shim->random(shim->ctx, out, n);
}

void controller_set_address(const uint8_t address[6])
{
    shim->set_address(shim->ctx, address);
}

void controller_set_tx_power(int8_t dbm)
{
    shim->set_power(shim->ctx, dbm);
}
