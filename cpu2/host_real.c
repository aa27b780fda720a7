/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "host_real.h"
#include "ll_sim.h"

static real_packet *up;
static uint16_t handles[2]; /* of the last connection: completed packets are its */

static void on_acl(struct sim_node *node, const uint8_t *packet, size_t n)
{
    up((int)(node - sim), true, packet, n);
}

void real_start(real_packet *to)
{
    up = to;
    sim_start(2, 1);
    sim[0].on_acl = sim[1].on_acl = on_acl;
}

const uint8_t *real_address(int k)
{
    return sim[k].address;
}

void real_command(int k, const uint8_t *command, size_t n)
{
    sim_raw_command(&sim[k], command, n);
}

bool real_acl(int k, const uint8_t *packet, size_t n)
{
    unsigned head = packet[0] | packet[1] << 8;

    return sim_acl(&sim[k], head & 0xFFF, head >> 12, packet + 4, n - 4);
}

/* The simulation counts completed packets; a host wants the event. */
static void completed(int k)
{
    uint8_t event[7] = {0x13, 5, 1};

    if (sim[k].completed) {
        put16(event + 3, handles[k]);
        put16(event + 5, sim[k].completed);
        sim[k].completed = 0;
        up(k, false, event, sizeof event);
    }
}

uint32_t real_run(uint32_t us)
{
    sim_run(us);
    for (int k = 0; k < 2; k++) {
        for (unsigned i = 0; i < sim[k].events; i++) {
            const struct sim_event *e = &sim[k].event[i];

            if (e->octets[0] == 0x3E && e->octets[2] == 0x01) {
                handles[k] = (uint16_t)get16(e->octets + 4);
            }
            up(k, false, e->octets, e->len);
        }
        sim_forget(&sim[k]);
        completed(k);
    }
    return (uint32_t)sim_us;
}
