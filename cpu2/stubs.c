// SPDX-License-Identifier: Apache-2.0
/*
 * stubs.c - what the router does without a controller or without a host: weak functions that the
 * real ones replace. They answer honestly: a command that nobody serves is unknown.
 */
#include <string.h>

#include "hci.h"

#define WEAK __attribute__((weak))

#define EVENT_COMMAND_COMPLETE 0x0e
#define UNKNOWN_COMMAND 0x01

static void answer_unknown(const uint8_t *command, bool (*send)(const uint8_t *, size_t))
{
    const uint8_t event[] = {EVENT_COMMAND_COMPLETE, 4, 1, command[0], command[1], UNKNOWN_COMMAND};

    send(event, sizeof(event));
}

WEAK void controller_init(const uint8_t address[6])
{
}

WEAK void controller_command(const uint8_t *command, size_t len)
{
    answer_unknown(command, router_event);
}

WEAK void controller_set_address(const uint8_t address[6])
{
}

WEAK void controller_set_tx_power(int8_t dbm)
{
}

WEAK void controller_set_activity_mask(uint16_t mask)
{
}

WEAK void controller_interrupt(void)
{
}

WEAK bool controller_is_idle(void)
{
    return true;
}

WEAK bool controller_acl(const uint8_t *packet, size_t len)
{
    return false;
}

WEAK bool controller_work(void)
{
    return false;
}

WEAK void host_init(const uint8_t address[6])
{
}

WEAK void host_command(const uint8_t *command, size_t len)
{
    answer_unknown(command, host_to_cpu1);
}

WEAK bool host_takes_event(const uint8_t *event, size_t len)
{
    return false;
}

WEAK bool host_takes_acl(const uint8_t *packet, size_t len)
{
    return false;
}

WEAK bool host_has_room(void)
{
    return true;
}

WEAK void host_set_max_mtu(uint16_t mtu)
{
}

WEAK bool host_is_active(void)
{
    return false;
}

WEAK bool host_work(void)
{
    return false;
}

WEAK uint32_t host_next_us(uint32_t now, bool *wanted)
{
    *wanted = false;
    return now;
}
