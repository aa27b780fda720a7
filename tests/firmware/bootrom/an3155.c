/* SPDX-License-Identifier: Apache-2.0 */
#include "an3155.h"
#include "armv7m.h"

#define ACK 0x79
#define NACK 0x1f
#define VERSION 0x31

static const struct an3155_part *part;
uint8_t an3155_buffer[256];

bool an3155_answer(bool good)
{
    an3155_send(good ? ACK : NACK);
    return good;
}

/* A byte and its complement. */
static bool receive_pair(uint8_t *byte)
{
    *byte = an3155_receive();
    return (an3155_receive() ^ *byte) == 0xff;
}

bool an3155_receive_bytes(uint8_t *to, unsigned count, uint8_t sum)
{
    for (unsigned i = 0; i < count; i++) {
        to[i] = an3155_receive();
        sum ^= to[i];
    }
    return an3155_receive() == sum;
}

static bool receive_address(uint32_t *address)
{
    uint8_t bytes[4];
    bool good = an3155_receive_bytes(bytes, 4, 0);

    *address = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
               bytes[3];
    return good;
}

/* ---- commands (AN3155 3.1 to 3.6) ---- */

static void get(void);

static void get_version(void)
{
    an3155_send(VERSION);
    an3155_send(0);
    an3155_send(0);
    an3155_answer(true);
}

static void get_id(void)
{
    an3155_send(1);
    an3155_send((uint8_t)(part->id >> 8));
    an3155_send((uint8_t)part->id);
    an3155_answer(true);
}

static void read_memory(void)
{
    uint32_t address;
    uint8_t last;

    if (!an3155_answer(receive_address(&address) && part->is_readable(address, 1)) ||
        !an3155_answer(receive_pair(&last) && part->is_readable(address, last + 1u))) {
        return;
    }
    for (unsigned i = 0; i <= last; i++) {
        an3155_send(REG8(address + i));
    }
}

static void go(void)
{
    uint32_t address, stack, start;

    if (!an3155_answer(receive_address(&address) && part->is_program(address))) {
        return;
    }
    part->leave();
    stack = REG32(address);
    start = REG32(address + 4);
    SCB_VTOR = address;
    __asm__ volatile("msr msp, %0\n\tcpsie i\n\tbx %1" : : "r"(stack), "r"(start) : "memory");
    __builtin_unreachable();
}

static void write_memory(void)
{
    uint32_t address;
    uint8_t last;

    if (!an3155_answer(receive_address(&address) && address % 4 == 0 &&
                       part->is_writable(address, 1))) {
        return;
    }
    last = an3155_receive();
    an3155_answer(an3155_receive_bytes(an3155_buffer, last + 1u, last) &&
                  part->is_writable(address, last + 1u) &&
                  part->store(address, an3155_buffer, last + 1u));
}

static const struct an3155_command common[] = {
    {0x00, false, get},        {0x01, false, get_version}, {0x02, false, get_id},
    {0x11, true, read_memory}, {0x21, true, go},           {0x31, true, write_memory},
};

#define COMMON (sizeof(common) / sizeof(common[0]))

static const struct an3155_command *command(unsigned i)
{
    return i < COMMON ? &common[i] : &part->commands[i - COMMON];
}

static void get(void)
{
    unsigned count = COMMON + part->command_count;

    an3155_send((uint8_t)count);
    an3155_send(VERSION);
    for (unsigned i = 0; i < count; i++) {
        an3155_send(command(i)->code);
    }
    an3155_answer(true);
}

static void serve(uint8_t code)
{
    for (unsigned i = 0; i < COMMON + part->command_count; i++) {
        if (command(i)->code == code) {
            if (an3155_answer(!command(i)->secret || !part->is_protected())) {
                command(i)->run();
            }
            return;
        }
    }
    an3155_answer(false);
}

_Noreturn void an3155_serve(const struct an3155_part *served)
{
    uint8_t code;

    part = served;
    an3155_answer(true);
    for (;;) {
        if (receive_pair(&code)) {
            serve(code);
        } else {
            an3155_answer(false);
        }
    }
}
