/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_world.h - the ACI host's tests: two hosts (the module twice), each on a controller of
 * the test's, with CPU1 and the air between them played by the test.
 *
 * A fake controller answers commands through a queue, as the real one does, or at once
 * (world_synchronous); its air is lossless: advertising, scanning, connections, ACL fragments of 27
 * octets with flow control, encryption by comparing keys. P-256 is a toy: any commutative function
 * will do, since smp_crypto_test.c has the specification's sample data.
 */
#ifndef HOST_WORLD_H
#define HOST_WORLD_H

#include "host.h"

/* What the module has instead of a router. */
struct shim {
    void (*command)(void *ctx, const uint8_t *command, size_t n);
    bool (*acl)(void *ctx, const uint8_t *packet, size_t n);
    bool (*to_cpu1)(void *ctx, const uint8_t *event, size_t n);
    uint32_t (*now)(void *ctx);
    void (*random)(void *ctx, uint8_t *out, size_t n);
    void (*set_address)(void *ctx, const uint8_t address[6]);
    void (*set_power)(void *ctx, int8_t dbm);
    void (*set_activity_mask)(void *ctx, uint16_t mask);
    void (*record_changed)(void *ctx, unsigned n);
    void *ctx;
};

#define PACKETS 512

struct packet {
    bool acl;
    uint16_t n;
    uint8_t octets[260];
};

struct node {
    /* the module's functions */
    void (*init)(const uint8_t address[6]);
    void (*host_command)(const uint8_t *command, size_t n);
    bool (*takes_event)(const uint8_t *event, size_t n);
    bool (*takes_acl)(const uint8_t *packet, size_t n);
    bool (*has_room)(void);
    void (*set_max_mtu)(uint16_t mtu);
    bool (*is_active)(void);
    bool (*work)(void);
    uint32_t (*next_us)(uint32_t now, bool *wanted);
    size_t (*record)(unsigned n, uint8_t *out);
    void (*restore)(unsigned n, const uint8_t *octets, size_t len);
    struct shim shim;
    /* its controller */
    struct node *other;
    struct packet in[PACKETS]; /* on their way to the host */
    unsigned in_first, in_count;
    uint8_t address[6], random_address[6];
    int8_t power_dbm;
    uint8_t adv_params[15], adv_data[32];
    bool advertising, scanning, initiating;
    uint8_t create[25];
    uint16_t handle; /* of its connection; 0xFFFF: none */
    uint8_t role;
    uint8_t wanted_key[16];
    bool encrypted;
    uint8_t private_key[32];
    bool slow_p256;       /* its answers wait until world_p256() */
    struct packet p256;   /* the one that waits; n 0: none */
    bool cpu1_full;       /* CPU1 takes no events */
    unsigned acl_held;    /* packets taken and not completed */
    bool hold_acl;        /* the controller completes nothing */
    bool mute;            /* nothing of its data arrives */
    uint16_t fail_opcode; /* this command fails with 0x0C */
    unsigned disconnect_reason;
    uint16_t activity_mask;
    uint32_t records_changed; /* bit n: record n */
    /* what CPU1 was given */
    struct packet events[PACKETS];
    unsigned event_count;
};

/* The controllers beneath, if not the fake ones (host_real.h has the real). */
struct world_controllers {
    void (*start)(void (*up)(int k, bool acl, const uint8_t *packet, size_t n));
    const uint8_t *(*address)(int k);
    void (*command)(int k, const uint8_t *command, size_t n);
    bool (*acl)(int k, const uint8_t *packet, size_t n);
    uint32_t (*run)(uint32_t us);
};
extern const struct world_controllers *world_real;
extern uint32_t world_patience_us; /* with real ones, world_run() lets so much time pass */

extern struct node nodes[2];
extern uint32_t world_now;
extern bool world_synchronous;
extern unsigned world_trace;

/* For cmocka: both hosts after power-on. */
int world_setup(void **state);
/* Until nothing moves. */
void world_run(void);
/* Lets virtual time pass, timers and all. */
void world_sleep(uint32_t us);

/* A command of CPU1's, its parameters as a format: b, h (16), w (32 bits), m (pointer, length).
 * The status that answers it; return parameters in *ret (may be NULL). */
uint8_t cpu1(struct node *node, const uint8_t **ret, uint16_t opcode, const char *format, ...);
/* As above, but must succeed. */
const uint8_t *cpu1_ok(struct node *node, uint16_t opcode, const char *format, ...);
/* The oldest vendor event with this code, taken out; its parameters. Fails the test if none. */
const uint8_t *expect_event(struct node *node, uint16_t ecode, size_t *n);
/* Parameters (after the subevent code) of the oldest HCI event; le: subevent of LE Meta. */
const uint8_t *expect_hci(struct node *node, uint8_t code, uint8_t le, size_t *n);
bool has_event(struct node *node, uint16_t ecode);
void drop_events(struct node *node);

/* Nodes[0] as GATT peripheral with GAP, nodes[1] as central; both with GAP and GATT services. */
void world_gap(void);
/* They connect, nodes[1] as central. */
void world_connect(void);
/* The controller is done with P-256. */
void world_p256(struct node *node);
/* An ACL packet from the air to a node's host, as is. */
void world_inject(struct node *node, uint8_t boundary, const uint8_t *data, size_t n);
/* An L2CAP SDU. */
void world_inject_sdu(struct node *node, uint16_t cid, const uint8_t *data, size_t n);

#endif
