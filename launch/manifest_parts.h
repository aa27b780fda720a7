// SPDX-License-Identifier: Apache-2.0
/*
 * manifest_parts.h - how manifest.c, adc.c, attaches.c, cores.c, faults.c, inputs.c, instance.c,
 * link_changes.c, memory.c, net.c, pins.c, ports.c, radio.c and wires.c share the work of reading.
 *
 * Private to them.
 */
#ifndef LAUNCH_MANIFEST_PARTS_H
#define LAUNCH_MANIFEST_PARTS_H

#include "manifest.h"
#include "scenario.h"

extern const struct section instance_section, firmware_section, flash_section;
extern const struct section clock_section, cpu2_section, sram_section, scenario_section,
    step_section, until_section;
extern const struct section link_section, pair_section, attach_section, input_section,
    fault_section, step_fault_section;

/* Letters, digits, _ and -, a letter or digit first, at most MAX_NAME; in paths and ids. */
bool check_name(struct reader *r, const yaml_node_t *node, const char *what, const char *name);

/* 0 to 15, as they are usually written. */
bool is_to_15(const char *text);
/* serial0 to serial15: the machine's own UARTs. */
bool is_serial_port(const char *port);

/* What m->changes has for it. */
bool change_instance(struct reader *r, const struct manifest *m, struct instance *inst);
/* instances: a mapping from name to instance. */
bool read_instances(struct reader *r, const yaml_node_t *node, struct manifest *m);
/* The keys of an instance that say what is in its memories; and all of them together, for the
 * instance at node. */
bool read_firmware(struct reader *r, const yaml_node_t *node, void *record);
bool read_flash(struct reader *r, const yaml_node_t *node, void *record);
bool read_boot(struct reader *r, const yaml_node_t *node, void *record);
bool check_memory(struct reader *r, const yaml_node_t *node, const struct instance *inst);

/* PA0 to PH3, as far as an STM32WB55 has them. */
bool is_wb55_pin(const char *name);

/* args, gdb: keys of cpu2, too. */
bool read_args(struct reader *r, const yaml_node_t *node, void *record);
bool read_gdb(struct reader *r, const yaml_node_t *node, void *record);

/* cpu2: the other core. add_cpu2() makes it an instance, after the one that was read last;
 * link_cores() joins all pairs, for which there is room in m->links. */
bool read_cpu2(struct reader *r, const yaml_node_t *node, void *record);
bool read_sram(struct reader *r, const yaml_node_t *node, void *record);
bool add_cpu2(struct reader *r, struct manifest *m);
size_t count_cores(const struct manifest *m);
void link_cores(struct reader *r, struct manifest *m);

/* pins: what is outside the chip's pins. */
bool read_pins(struct reader *r, const yaml_node_t *node, void *record);

/* adc: what is on the analogue inputs. */
bool read_adc(struct reader *r, const yaml_node_t *node, void *record);

/* A link as its table was read, before its ports are looked up. */
struct link_draft {
    struct link link;
    const yaml_node_t *ends, *format, *latency, *path_db, *pairs, *capture, *faults;
    /* by kind: the first key that only such a link has */
    struct link_key {
        const yaml_node_t *node;
        const char *name;
    } only[LINK_KIND_COUNT];
};

/* Do its keys fit its kind? And what follows from them, once its ends are known. */
bool check_link_keys(struct reader *r, const yaml_node_t *item, const struct link_draft *draft);
bool finish_link(struct reader *r, const struct manifest *m, struct link_draft *draft);

/* What a scenario changes in the link that ends at INSTANCE.PORT: this key, or (NULL) those of a
 * mapping; and a mapping of such ends. */
bool change_link(struct reader *r, const yaml_node_t *node, const char *end, const char *key,
                 const yaml_node_t *value, struct manifest *m);
bool change_links(struct reader *r, const yaml_node_t *links, struct manifest *m);

/* The link that ends at INSTANCE.PORT; NULL: none does. */
struct link *find_link(struct reader *r, const yaml_node_t *node, const char *end,
                       struct manifest *m);

/* A fault as its table was read. */
struct fault_draft {
    struct input input;
    const yaml_node_t *what, *rate, *count, *of, *until, *link;
    uint32_t rate_ppb;
    uint64_t until_ns;
    char *of_name, *link_name;
};
/* faults: of a link whose ends are known. */
bool finish_faults(struct reader *r, const struct manifest *m, const yaml_node_t *faults,
                   struct link *link);
/* fault: a step. */
bool settle_fault(struct reader *r, const yaml_node_t *item, struct manifest *m,
                  struct fault_draft *draft, struct script_step *step);

/* This key belongs to links of one kind. */
void link_key_of(struct link_draft *draft, enum link_kind kind, const yaml_node_t *node,
                 const char *name);
/* An end of a link of this kind: INSTANCE.PORT. */
bool read_link_port(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                    enum link_kind kind, struct endpoint *end);

/* Keys of a radio link, and the link as a whole once its ends are known. */
bool read_link_path_db(struct reader *r, const yaml_node_t *node, void *record);
bool read_link_pairs(struct reader *r, const yaml_node_t *node, void *record);
bool read_link_loss(struct reader *r, const yaml_node_t *node, void *record);
bool read_link_seed(struct reader *r, const yaml_node_t *node, void *record);
bool read_link_capture(struct reader *r, const yaml_node_t *node, void *record);
/* Of a file's name. */
bool ends_in(const char *text, const char *end);
bool finish_radio(struct reader *r, const struct manifest *m, struct link_draft *draft);
/* Has it a radio, on a port of that name? */
bool check_radio_port(struct reader *r, const yaml_node_t *node, const struct instance *inst,
                      const char *port);

/* Keys of a gpio link, its ports, and the link as a whole once its ends are known. */
bool read_link_pull(struct reader *r, const yaml_node_t *node, void *record);
bool check_gpio_port(struct reader *r, const yaml_node_t *node, const struct instance *inst,
                     const char *port);
bool finish_gpio(struct reader *r, struct link_draft *draft);
/* Has it such an input? Then *line is as the machine calls it. */
bool check_line(struct reader *r, const yaml_node_t *node, const struct instance *inst,
                char **line);

/* links and attach: lists, read once the instances are known. */
bool read_wires(struct reader *r, const yaml_node_t *links, const yaml_node_t *attaches,
                struct manifest *m);

/* baud: and format: of a wire. */
extern const struct uart default_uart;
bool read_baud_into(struct reader *r, const yaml_node_t *node, struct uart *uart);
bool read_format_into(struct reader *r, const yaml_node_t *node, struct uart *uart);

/* Has the instance a serial port of that name; one with a smartcard mode? */
bool check_port(struct reader *r, const yaml_node_t *node, const struct instance *inst,
                const char *port);
bool check_iso7816_port(struct reader *r, const yaml_node_t *node, const struct instance *inst,
                        const char *port);
/* A port has one wire, and all wires have room in the segment. */
bool check_unused(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                  const struct endpoint *end);
bool check_room(struct reader *r, const yaml_node_t *node, const struct manifest *m);
/* The other core of a dual-core chip, or -1. */
int other_core(struct reader *r, const struct manifest *m, unsigned index);

/* Room for so many more attached ports; and a file takes what one of them says. */
void grow_attaches(struct arena *arena, struct manifest *m, size_t count);
bool check_file_unused(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                       const char *path);

/* node: where the text INSTANCE.PORT is from, for messages. */
bool find_endpoint(struct reader *r, const yaml_node_t *node, char *text, const struct manifest *m,
                   struct endpoint *end);
/* INSTANCE.PORT, whatever port that may be; and an instance alone. */
bool read_endpoint(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                   struct endpoint *end);
/* INSTANCE.PORT: the instance with the longest name that fits; -1: none. */
int split_port(const struct manifest *m, const char *text, const char **port);
bool find_instance(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                   const char *name, unsigned *index);

/* An input as its table was read, before its port is looked up; also the step that does it. */
struct input_draft {
    struct input input;
    const yaml_node_t *port, *level, *length;
    const char
        *verb; /* the key that is there: line (a step), press, release, click, reset, power */
};
bool read_press(struct reader *r, const yaml_node_t *node, struct input_draft *draft);
bool read_release(struct reader *r, const yaml_node_t *node, struct input_draft *draft);
bool read_click(struct reader *r, const yaml_node_t *node, struct input_draft *draft);
bool read_reset(struct reader *r, const yaml_node_t *node, struct input_draft *draft);
bool read_power_verb(struct reader *r, const yaml_node_t *node, struct input_draft *draft);
bool read_held(struct reader *r, const yaml_node_t *node, struct input_draft *draft);
bool read_level(struct reader *r, const yaml_node_t *node, struct input_draft *draft);
bool read_length(struct reader *r, const yaml_node_t *node, struct input_draft *draft);
bool finish_input(struct reader *r, const yaml_node_t *item, const struct manifest *m,
                  struct input_draft *draft);

/* inputs: a list, read once the instances are known. */
bool read_inputs(struct reader *r, const yaml_node_t *node, struct manifest *m);

/* More attached ports, to those there are. */
bool read_more_attaches(struct reader *r, const yaml_node_t *node, struct manifest *m);
/* A script needs this port: it is attached, or is now, to stdout. */
bool attach_for_script(struct reader *r, const yaml_node_t *node, const char *port,
                       struct manifest *m);

/* A step as its table was read: one of the first keys says what it is. */
struct step_draft {
    struct script_step step;
    struct input_draft input;
    struct fault_draft fault;
    const yaml_node_t *what, *port, *within, *hex, *is, *set, *width;
    bool is_hex, is_led;
};
bool step_kind(struct reader *r, const yaml_node_t *node, struct step_draft *draft,
               enum step_kind kind);
/* The same of a step whose first key, `key`, is a text of its own. */
bool step_named(struct reader *r, const yaml_node_t *node, struct step_draft *draft,
                enum step_kind kind, const char *key, char **text);
/* "01 ff 7F" in text, whose value is at node: bytes. */
bool step_bytes(struct reader *r, const yaml_node_t *node, struct script_step *step);
/* asked.c: keys of steps that are asked of an instance, and such a step as a whole. */
bool read_memory(struct reader *r, const yaml_node_t *node, void *record);
bool read_until(struct reader *r, const yaml_node_t *node, void *record);
bool read_screenshot(struct reader *r, const yaml_node_t *node, void *record);
bool read_resets(struct reader *r, const yaml_node_t *node, void *record);
bool read_errors(struct reader *r, const yaml_node_t *node, void *record);
bool read_gpio(struct reader *r, const yaml_node_t *node, void *record);
bool read_led(struct reader *r, const yaml_node_t *node, void *record);
bool read_counter(struct reader *r, const yaml_node_t *node, void *record);
bool settle_counter(struct reader *r, const struct manifest *m, struct step_draft *draft);
bool read_is(struct reader *r, const yaml_node_t *node, void *record);
bool read_set(struct reader *r, const yaml_node_t *node, void *record);
bool read_width(struct reader *r, const yaml_node_t *node, void *record);
bool is_asked(enum step_kind kind);
bool settle_asked(const struct scenario *s, struct reader *r, const struct manifest *m,
                  struct step_draft *draft);

/* steps: what a scenario does and expects, on the manifest of this case. */
bool read_script(const struct scenario *s, struct reader *r, struct manifest *m,
                 struct script *script);

#endif
