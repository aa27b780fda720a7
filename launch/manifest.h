// SPDX-License-Identifier: Apache-2.0
/*
 * manifest.h - what a launch manifest says, checked.
 *
 * manifest_read() does everything that can be decided from the text alone: shape, names, ports,
 * ranges. firmware.h and qemu.h then look at the machine the run is to happen on. The names of
 * the fields are the keys of schema/manifest.schema.json, which documents them; a test keeps
 * the two in step through manifest_sections().
 */
#ifndef LAUNCH_MANIFEST_H
#define LAUNCH_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "document.h"
#include "problem.h"

#define MANIFEST_VERSION 1
#define MAX_INSTANCES 255 /* ORRERY_MAX_MEMBERS less the broker */
#define MAX_SERIALS 16    /* serial0 to serial15 */
#define MAX_NAME 31       /* letters of an instance or ensemble: it is in socket paths */
#define MAX_BAUD 100000000
#define DEFAULT_BAUD 115200
#define DEFAULT_ICOUNT 4      /* 16 ns an instruction */
#define CORES_LATENCY_NS 5000 /* between the cores of a chip, unless the manifest says */
#define DEFAULT_H4_BAUD 1000000
#define DEFAULT_USB_BAUD 12000000
#define DEFAULT_REACTION_NS 10000000
#define MAX_RADIOS 64
#define MAX_PATH_DB 150
#define DEFAULT_PATH_DB 60
#define RADIO_LATENCY_NS 50000 /* docs/radio.md */
#define MAX_NET_ENDS 16
#define DEFAULT_NET_LATENCY_NS 10000

struct clock_plan {
    uint64_t seed;
    bool turns;
    uint64_t for_ns; /* 0: no end */
    double pace;     /* 0: as fast as it goes */
    bool pace_given;
    uint64_t reaction_ns;
    char *date; /* when the run begins, for clocks of the guests; NULL: not said */
};

enum firmware_kind { FIRMWARE_ELF, FIRMWARE_HEX, FIRMWARE_BIN };

/* Where a machine with a model of its flash starts. A st33 has BOOT_FLASH and BOOT_RECOVERY only.
 */
enum boot { BOOT_FLASH, BOOT_SRAM, BOOT_SYSTEM, BOOT_RECOVERY, BOOT_NORMAL, BOOT_COUNT };
/*
 * BOOT_RECOVERY starts in the boot loader with serial0 at the host, whatever it is linked to.
 * BOOT_NORMAL is another word for BOOT_FLASH, and read as that.
 */
extern const char *const boot_names[BOOT_COUNT];

/* A chardev id that the instance's args name (chardev=ID, chardev1=ID, ...) and so a port. */
struct named_port {
    char *id;
    bool defined; /* the args bring their own -chardev with this id: not ours to connect */
};

/* What is on an analogue input; see stm32wb55/analog.h. */
struct adc_input {
    char *name;
    char *value; /* as written */
    char *file;  /* the name in it, or NULL */
    char *path;  /* absolute; firmware_resolve() */
    struct mark at;
};

struct instance {
    char *name;
    unsigned index; /* in the manifest; the seed derives from it, also with --only */
    char *machine, *target;
    char *firmware;        /* as written, or NULL: an empty part */
    char *firmware_path;   /* absolute; firmware_resolve() */
    uint32_t load_address; /* of a raw image, when the node load is there */
    char *flash;           /* file with the flash's contents, as written, or NULL */
    char *flash_path;      /* absolute; firmware_resolve() */
    bool flash_keep;       /* changes go to the file */
    char *pins;            /* levels and wires, as the machine's property pins, or NULL */
    struct adc_input *adc;
    size_t adc_count;
    enum boot boot;
    char *system_path;                /* program in system memory, or NULL; firmware_resolve() */
    enum firmware_kind firmware_kind; /* firmware_resolve() */
    char *qemu;                       /* as written, or NULL */
    char *qemu_path;                  /* absolute; qemu_resolve() */
    unsigned icount;
    bool semihosting, gdb_wait;
    bool logs_errors; /* of the guest, into a file of the run: a script asks for them */
    bool vnc;         /* its display is at a socket, NAME.vnc in the run's directory */
    struct strings args;
    struct named_port *named_ports;
    size_t named_port_count;
    struct mark at, firmware_at, flash_at, qemu_at; /* where in the manifest */
    unsigned core;             /* 1, 2: of a pair, CPU2 right after its CPU1; 0: alone */
    bool builtin;              /* core 2: Orrery's own firmware for it */
    uint64_t cores_latency_ns; /* core 2: of its link to CPU1 */
    uint32_t ordered_first, ordered_bytes; /* of a pair: SRAM that both access in order; 0: none */
    /* while reading: nodes of keys that are there */
    const yaml_node_t *load, *flash_node, *boot_node, *pins_node, *adc_node, *cpu2_node, *sram_node;
};

struct uart {
    uint32_t baud;
    unsigned data_bits, stop_halves;
    char parity;                    /* N, E, O */
    uint32_t drop_ppb, corrupt_ppb; /* faults of a link, in parts of 10^9 */
    bool iso7816;                   /* both ends as ISO 7816-3, not as UART */
};

struct endpoint {
    unsigned instance; /* index into manifest.instances */
    char *port;        /* serial0 */
    struct mark at;
};

/* What somebody outside does at a time: to a line of an instance, its reset, its supply or what
 * comes in at a port. */
struct input {
    uint64_t at_ns;
    struct endpoint end; /* reset, power: no port */
    enum { INPUT_LINE, INPUT_RESET, INPUT_POWER, INPUT_FAULT } kind;
    unsigned level;  /* 0, 1, LINE_FREE; of power 0, 1; of a fault enum orrery_fault */
    uint64_t for_ns; /* then it is let go, power put on, the fault over; 0: never */
    /* of a fault, as struct orrery_stimulus */
    uint32_t rate_ppb, count;
    uint64_t delay_ns;
};
#define LINE_FREE 2 /* as ORRERY_LINE_FREE */
#define DEFAULT_CLICK_NS 100000000
#define MAX_INPUTS 4096

/* As Orrery__Link__Kind. The key of a link's ends says which. */
enum link_kind { LINK_UART, LINK_CORES, LINK_RADIO, LINK_GPIO, LINK_KIND_COUNT };

/* A medium that radios share. */
struct radio {
    uint64_t seed;
    bool seed_given;
    uint32_t loss_ppb;  /* packets lost, of 10^9 */
    uint8_t default_db; /* path loss where pairs say nothing */
    uint8_t *path_db;   /* from end i to end j at [i * end_count + j] */
};

enum pull { PULL_NONE, PULL_UP, PULL_DOWN }; /* as OrreryNetPull */

struct link {
    enum link_kind kind;
    struct endpoint *ends;
    size_t end_count;     /* of a uart two */
    struct uart uart;     /* of a uart */
    struct radio radio;   /* of a radio */
    enum pull pull;       /* of a gpio net */
    uint64_t latency_ns;  /* of a uart 0: one frame */
    struct input *faults; /* of a uart, each at the end that hears */
    size_t fault_count;
};

enum attach_to { TO_STDOUT, TO_FILE, TO_PTY, TO_TCP };

/* Of a hci port with a file: packets in this format; of a radio, what it sends. As
 * Orrery__Attach__Capture. */
enum capture { CAPTURE_NONE, CAPTURE_BTSNOOP, CAPTURE_PCAPNG, CAPTURE_AIR };

struct attach {
    struct endpoint end;
    enum attach_to to;
    char *path;      /* TO_FILE: absolute or relative to the working directory */
    uint16_t listen; /* TO_TCP: loopback; 0: any free port */
    struct uart uart;
    enum capture capture;
    bool mark_clients; /* a client that comes or goes shows as a break */
};

/* Changes to an instance, made when it has been read and before anything is concluded from it. */
struct changes {
    struct reader *from; /* whose nodes they are */
    bool (*make)(void *opaque, struct reader *r, struct instance *inst);
    void *opaque;
};

/* Where a link ended that `run --only` cut. */
struct open_end {
    struct endpoint end;
    enum link_kind kind;
};

struct manifest {
    struct arena *arena;
    const struct changes *changes; /* or NULL */
    const char *file;              /* as the user named it */
    const char *directory;         /* where it lies; relative names in it start there */
    char *name;
    struct clock_plan clock;
    struct instance *instances;
    size_t instance_count;
    struct link *links;
    size_t link_count;
    struct attach *attaches;
    size_t attach_count;
    struct input *inputs;
    size_t input_count;
    struct open_end *open;
    size_t open_count;
};

/* Which instance has that name; -1: none. */
int manifest_instance(const struct manifest *m, const char *name);

/* The link's end at this port, or NULL: no link ends there. */
const struct endpoint *manifest_link_end(const struct manifest *m, unsigned instance,
                                         const char *port);
/* The same of what is attached. */
const struct endpoint *manifest_attach_end(const struct manifest *m, unsigned instance,
                                           const char *port);

/* A path in the manifest, as written: relative to the manifest's directory. */
char *path_beside(const struct manifest *m, const char *path);

/* Is it this machine, with or without properties? */
bool is_machine(const struct instance *inst, const char *name);

/* An input of that name, which a button or script may hold at a level (gpio.PC4), as the machine
 * calls it: also the board's name (SW1). NULL: it has none. */
const char *machine_line(const char *machine, const char *line);

/* "; did you mean ...?", for one it has not, or "". Good until the next call. */
const char *machine_near_line(const char *machine, const char *line);

/* Does it start in the boot loader? */
bool boots_from_system(const struct instance *inst);

/* Has the machine the keys flash and boot, and loads firmware by itself? */
bool has_flash(const struct instance *inst);
bool is_stm32wb55(const struct instance *inst);
bool is_stm32wb55_cpu2(const struct instance *inst);

/* Read and check a manifest. Everything in it lives in arena. */
bool manifest_read(struct manifest *m, const char *path, struct arena *arena, struct problem *why);

/* The same with changes, as if the manifest said so. */
bool manifest_read_changed(struct manifest *m, const char *path, const struct changes *changes,
                           struct arena *arena, struct problem *why);

/* The same from memory, for tests. file: as named in messages. */
bool manifest_parse(struct manifest *m, const char *file, const char *text, size_t len,
                    struct arena *arena, struct problem *why);

/* Keep one instance, with the other core of its chip; its lines become pseudo-terminals, its other
 * links to others are in `open`. False: there is no such instance. */
bool manifest_keep_only(struct manifest *m, const char *name, struct problem *why);

/* Show an instance's display. False: there is no such instance. */
bool manifest_show(struct manifest *m, const char *name, struct problem *why);

/* With a person or a program at a pty or tcp port or a display, virtual time follows the wall clock
 * unless the manifest says otherwise. */
void manifest_choose_pace(struct manifest *m);

/* All keys there are, for the test that compares them with the schema. */
const struct section *const *manifest_sections(size_t *count);

#endif
