// SPDX-License-Identifier: Apache-2.0
/* The instances of a manifest, and the ports that their args bring. See manifest_parts.h. */
#include <ctype.h>
#include <string.h>

#include "manifest_parts.h"

/* Aliases make large lists of small files; what an instance takes is bounded here. */
#define MAX_ARGS 256
#define MAX_ARGS_BYTES 65536
#define MAX_NAMED_PORTS 64

static bool read_machine(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;

    return read_string(r, node, "machine", &inst->machine);
}

static bool read_icount(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;
    uint64_t shift;

    if (!read_u64(r, node, "icount", 0, 10, &shift)) {
        return false;
    }
    inst->icount = (unsigned)shift;
    return true;
}

static bool read_target(struct reader *r, const yaml_node_t *node, void *record)
{
    /* QEMU's system targets (configs/targets/ *-softmmu.mak). */
    static const char *const targets[] = {
        "arm",         "aarch64",      "alpha",  "avr",    "hppa",     "i386",
        "loongarch64", "m68k",         "mips",   "mips64", "mipsel",   "mips64el",
        "microblaze",  "microblazeel", "or1k",   "ppc",    "ppc64",    "riscv32",
        "riscv64",     "rx",           "s390x",  "sh4",    "sh4eb",    "sparc",
        "sparc64",     "tricore",      "x86_64", "xtensa", "xtensaeb",
    };
    struct instance *inst = record;
    size_t index;

    if (!read_choice(r, node, "target", targets, sizeof(targets) / sizeof(targets[0]), &index)) {
        return false;
    }
    inst->target = arena_copy(r->arena, targets[index]);
    return true;
}

static bool read_qemu(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;

    inst->qemu_at = reader_mark(r, node);
    return read_string(r, node, "qemu", &inst->qemu);
}

static bool read_semihosting(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;

    return read_bool(r, node, "semihosting", &inst->semihosting);
}

bool read_gdb(struct reader *r, const yaml_node_t *node, void *record)
{
    static const char *const words[] = {"on", "wait"};
    struct instance *inst = record;
    size_t index;

    if (!read_choice(r, node, "gdb", words, 2, &index)) {
        return false;
    }
    inst->gdb_wait = index == 1;
    return true;
}

/* ---- args ---- */

/* Options that orrery sets, or that would take the clock or the process out of its hands. */
static const struct {
    const char *option, *instead;
} not_yours[] = {
    {"M", "the key machine"},
    {"machine", "the key machine"},
    {"kernel", "the key firmware"},
    {"icount", "the key icount"},
    {"seed", "the key seed of clock"},
    {"gdb", "`orrery gdb`"},
    {"s", "`orrery gdb`"},
    {"S", "gdb: wait"},
    {"serial", "links and attach"},
    {"qmp", "`orrery qmp`"},
    {"rtc", "the key date of clock"},
    {"accel", "nothing: only TCG counts instructions"},
    {"enable-kvm", "nothing: only TCG counts instructions"},
    {"daemonize", "nothing: orrery watches its processes"},
    {"action", "nothing: orrery decides what a reset or shutdown does"},
};

static bool check_option(struct reader *r, const yaml_node_t *node, const char *arg)
{
    const char *option = arg;

    if (*option != '-') {
        return true;
    }
    option += option[1] == '-' ? 2 : 1;
    for (size_t i = 0; i < sizeof(not_yours) / sizeof(not_yours[0]); i++) {
        if (!strcmp(option, not_yours[i].option)) {
            return reader_fail(r, node, "args: %s is orrery's to set; use %s", arg,
                               not_yours[i].instead);
        }
    }
    return true;
}

static bool is_id(const char *text, size_t len)
{
    if (!len || len > MAX_NAME || !isalpha((unsigned char)text[0])) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && !strchr("-._", text[i])) {
            return false;
        }
    }
    return true;
}

static struct named_port *find_named(struct instance *inst, const char *id, size_t len)
{
    for (size_t i = 0; i < inst->named_port_count; i++) {
        struct named_port *port = &inst->named_ports[i];

        if (strlen(port->id) == len && !memcmp(port->id, id, len)) {
            return port;
        }
    }
    return NULL;
}

/* Call back for every "key=value" of a QEMU option like "pci-serial-2x,chardev1=bus1". */
typedef void property_fn(struct reader *r, struct instance *inst, const char *property, size_t len);

static void each_property(struct reader *r, struct instance *inst, const char *arg, property_fn *fn)
{
    while (*arg) {
        size_t len = strcspn(arg, ",");

        fn(r, inst, arg, len);
        arg += len + (arg[len] == ',');
    }
}

/* chardev=ID, chardev1=ID, chardev-tx=ID: a port of that name. */
static void note_port(struct reader *r, struct instance *inst, const char *property, size_t len)
{
    const char *equals = memchr(property, '=', len);
    const char *id = equals ? equals + 1 : NULL;
    size_t id_len = id ? len - (size_t)(id - property) : 0;

    if (len < 8 || memcmp(property, "chardev", 7) != 0 || !is_id(id ? id : "", id_len) ||
        find_named(inst, id, id_len) || inst->named_port_count == MAX_NAMED_PORTS) {
        return;
    }
    if (is_serial_port(arena_copy_n(r->arena, id, id_len))) {
        return; /* that chardev belongs to the machine's own UART */
    }
    inst->named_ports[inst->named_port_count++].id = arena_copy_n(r->arena, id, id_len);
}

/* -chardev BACKEND,id=ID: the user's own. */
static void note_definition(struct reader *r, struct instance *inst, const char *property,
                            size_t len)
{
    struct named_port *port = len > 3 && !memcmp(property, "id=", 3)
                                  ? find_named(inst, property + 3, len - 3)
                                  : NULL;

    if (port) {
        port->defined = true;
    }
}

static void find_named_ports(struct reader *r, struct instance *inst)
{
    char **args = inst->args.items;

    inst->named_ports = arena_array(r->arena, MAX_NAMED_PORTS, sizeof(*inst->named_ports));
    for (size_t i = 0; i < inst->args.count; i++) {
        each_property(r, inst, args[i], note_port);
    }
    for (size_t i = 1; i < inst->args.count; i++) {
        if (!strcmp(args[i - 1], "-chardev") || !strcmp(args[i - 1], "--chardev")) {
            each_property(r, inst, args[i], note_definition);
        }
    }
}

bool read_args(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;
    size_t count, bytes = 0;

    if (!read_list(r, node, "args", &count)) {
        return false;
    }
    if (count > MAX_ARGS) {
        return reader_fail(r, list_item(r, node, MAX_ARGS), "args: more than %d", MAX_ARGS);
    }
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = list_item(r, node, i);
        char *text;

        if (!read_text(r, item, "args", &text) || !check_option(r, item, text)) {
            return false;
        }
        bytes += strlen(text);
        if (bytes > MAX_ARGS_BYTES) {
            return reader_fail(r, item, "args: longer than %d bytes together", MAX_ARGS_BYTES);
        }
        strings_add(r->arena, &inst->args, text);
    }
    find_named_ports(r, inst);
    return true;
}

static const struct field instance_fields[] = {
    {"machine", read_machine, .required = true},
    {"firmware", read_firmware},
    {"flash", read_flash},
    {"boot", read_boot},
    {"pins", read_pins},
    {"adc", read_adc},
    {"cpu2", read_cpu2},
    {"sram", read_sram},
    {"icount", read_icount},
    {"args", read_args},
    {"target", read_target},
    {"semihosting", read_semihosting},
    {"gdb", read_gdb},
    {"qemu", read_qemu},
};
const struct section instance_section = {"instance", instance_fields,
                                         sizeof(instance_fields) / sizeof(instance_fields[0])};

/* ---- all of them ---- */

static bool check_instance_name(struct reader *r, const yaml_node_t *key, const struct manifest *m)
{
    const char *name = node_text(key);
    int twin;

    if (!check_name(r, key, "instance", name)) {
        return false;
    }
    if (!strcmp(name, "broker")) {
        return reader_fail(r, key, "instance 'broker': that is member 0's name; take another");
    }
    twin = manifest_instance(m, name);
    return twin < 0 || reader_fail(r, key, "instance '%s' is here twice; first in line %u", name,
                                   m->instances[twin].at.line);
}

bool change_instance(struct reader *r, const struct manifest *m, struct instance *inst)
{
    return !m->changes || m->changes->make(m->changes->opaque, r, inst);
}

static bool read_instance(struct reader *r, const yaml_node_t *map, size_t index,
                          struct manifest *m)
{
    const yaml_node_t *key = map_key(r, map, index);
    struct instance *inst = &m->instances[m->instance_count];

    if (key->type != YAML_SCALAR_NODE) {
        return reader_fail(r, key, "an instance's name must be a word");
    }
    if (!check_instance_name(r, key, m)) {
        return false;
    }
    inst->name = arena_copy(r->arena, node_text(key));
    inst->index = (unsigned)index;
    inst->at = node_mark(key);
    inst->icount = DEFAULT_ICOUNT;
    inst->target = arena_copy(r->arena, "arm");
    m->instance_count++;
    return read_section(r, map_value(r, map, index), &instance_section, inst) &&
           change_instance(r, m, inst) && check_memory(r, map_value(r, map, index), inst) &&
           add_cpu2(r, m);
}

bool read_instances(struct reader *r, const yaml_node_t *node, struct manifest *m)
{
    size_t count;

    if (!read_map(r, node, "instances", &count)) {
        return false;
    }
    if (!count) {
        return reader_fail(r, node, "instances: at least one was meant");
    }
    if (count > MAX_INSTANCES) {
        return reader_fail(r, map_key(r, node, MAX_INSTANCES),
                           "%zu instances; at most %d fit in one run", count, MAX_INSTANCES);
    }
    m->instances = arena_array(r->arena, 2 * count, sizeof(*m->instances));
    for (size_t i = 0; i < count; i++) {
        if (!read_instance(r, node, i, m)) {
            return false;
        }
    }
    return true;
}
