// SPDX-License-Identifier: Apache-2.0
#include "qemu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "places.h"

/* ---- which program ---- */

static bool is_program(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

static bool take_given(struct manifest *m, struct instance *inst, struct problem *why)
{
    const char *path = path_beside(m, inst->qemu);

    if (!is_program(path)) {
        return problem_at(why, m->file, inst->qemu_at, "qemu '%.200s' is not a program", path);
    }
    inst->qemu_path = absolute_path(m->arena, path);
    return inst->qemu_path ||
           problem_at(why, m->file, inst->qemu_at, "qemu '%.200s': %s", path, error_text(errno));
}

static bool find_qemu(struct manifest *m, struct instance *inst, const struct strings *where,
                      struct problem *why)
{
    for (size_t i = 0; i < where->count; i++) {
        char *path = arena_printf(m->arena, "%s/qemu-system-%s", where->items[i], inst->target);

        if (is_program(path)) {
            inst->qemu_path = absolute_path(m->arena, path);
            return true;
        }
    }
    return problem_at(why, m->file, inst->at,
                      "instance '%s': no qemu-system-%s in %s; run ./bootstrap build", inst->name,
                      inst->target, strings_join(m->arena, where, ", "));
}

bool qemu_resolve(struct manifest *m, struct problem *why)
{
    struct strings where = {0};

    qemu_directories(m->arena, &where);
    for (size_t i = 0; i < m->instance_count; i++) {
        struct instance *inst = &m->instances[i];

        if (!(inst->qemu ? take_given(m, inst, why) : find_qemu(m, inst, &where, why))) {
            return false;
        }
    }
    return true;
}

/* ---- its ports ---- */

static bool is_wired(const struct manifest *m, unsigned instance, const char *port)
{
    if (manifest_link_end(m, instance, port)) {
        return true;
    }
    for (size_t i = 0; i < m->attach_count; i++) {
        const struct endpoint *end = &m->attaches[i].end;

        if (end->instance == instance && !strcmp(end->port, port)) {
            return true;
        }
    }
    return false;
}

/* Ports that a machine has without an argument. */
static const char *const machines_own[] = {"radio", "hci", "air", "usb"};

void qemu_ports(const struct manifest *m, unsigned instance, struct arena *arena,
                struct strings *ports)
{
    const struct instance *inst = &m->instances[instance];
    char serial[24];

    for (unsigned i = 0; i < MAX_SERIALS; i++) {
        snprintf(serial, sizeof(serial), "serial%u", i);
        if (is_wired(m, instance, serial)) {
            strings_add(arena, ports, serial);
        }
    }
    for (size_t i = 0; i < inst->named_port_count; i++) {
        const char *id = inst->named_ports[i].id;

        if (is_wired(m, instance, id)) {
            strings_add(arena, ports, id);
        }
    }
    if (inst->core) {
        strings_add(arena, ports, "cores");
    }
    for (size_t i = 0; i < sizeof(machines_own) / sizeof(machines_own[0]); i++) {
        if (is_wired(m, instance, machines_own[i])) {
            strings_add(arena, ports, machines_own[i]);
        }
    }
    for (size_t i = 0; i < m->link_count; i++) {
        for (size_t k = 0; m->links[i].kind == LINK_GPIO && k < m->links[i].end_count; k++) {
            if (m->links[i].ends[k].instance == instance) {
                strings_add(arena, ports, m->links[i].ends[k].port);
            }
        }
    }
}

/* The machine's own UARTs, in the order in which the board takes them. */
static void add_serials(const struct manifest *m, unsigned instance, struct arena *arena,
                        struct strings *argv)
{
    char serial[24];
    unsigned used = 0;

    for (unsigned i = 0; i < MAX_SERIALS; i++) {
        snprintf(serial, sizeof(serial), "serial%u", i);
        if (is_wired(m, instance, serial)) {
            used = i + 1;
        }
    }
    for (unsigned i = 0; i < used; i++) {
        snprintf(serial, sizeof(serial), "serial%u", i);
        if (is_wired(m, instance, serial)) {
            strings_add(arena, argv, "-chardev");
            strings_addf(arena, argv, "orrery-port,id=%s", serial);
            strings_add(arena, argv, "-serial");
            strings_addf(arena, argv, "chardev:%s", serial);
        } else {
            strings_add(arena, argv, "-serial");
            strings_add(arena, argv, "null");
        }
    }
    if (!used) {
        strings_add(arena, argv, "-serial");
        strings_add(arena, argv, "none");
    }
}

/* Devices of the args name their chardev; one that has no wire still needs something there. */
static void add_named_ports(const struct manifest *m, unsigned instance, struct arena *arena,
                            struct strings *argv)
{
    const struct instance *inst = &m->instances[instance];

    for (size_t i = 0; i < inst->named_port_count; i++) {
        const struct named_port *port = &inst->named_ports[i];

        if (!port->defined) {
            strings_add(arena, argv, "-chardev");
            strings_addf(arena, argv, "%s,id=%s",
                         is_wired(m, instance, port->id) ? "orrery-port" : "null", port->id);
        }
    }
}

/* A port that a model of the machine has: CPU2's H4 for a Bluetooth host outside, USB for usbredir.
 */
static void add_model_port(const struct manifest *m, unsigned instance, const char *port,
                           const char *property, struct arena *arena, struct strings *argv)
{
    for (size_t i = 0; i < m->attach_count; i++) {
        const struct attach *attach = &m->attaches[i];

        if (attach->end.instance == instance && !strcmp(attach->end.port, port) &&
            !attach->capture) {
            strings_add(arena, argv, "-chardev");
            strings_addf(arena, argv, "orrery-port,id=%s", port);
            strings_add(arena, argv, "-global");
            strings_addf(arena, argv, "%s=%s", property, port);
        }
    }
}

/* ---- the command ---- */

/* splitmix64: every instance another seed, all of them from the manifest's one. */
static uint64_t instance_seed(uint64_t seed, unsigned index)
{
    uint64_t z = seed + (index + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A comma ends a value in QEMU's option lists, unless it is doubled. */
static char *double_commas(struct arena *arena, const char *text)
{
    char *out = arena_alloc(arena, 2 * strlen(text) + 1), *p = out;

    for (; *text; text++) {
        *p++ = *text;
        if (*text == ',') {
            *p++ = ',';
        }
    }
    return out;
}

static void add_clock(const struct manifest *m, const struct instance *inst, struct arena *arena,
                      struct strings *argv)
{
    strings_add(arena, argv, "-nodefaults");
    strings_add(arena, argv, "-display");
    strings_add(arena, argv, "none");
    strings_add(arena, argv, "-seed");
    strings_addf(arena, argv, "%" PRIu64, instance_seed(m->clock.seed, inst->index));
    strings_add(arena, argv, "-rtc");
    strings_addf(arena, argv, "base=%s,clock=vm",
                 m->clock.date ? m->clock.date : "2020-01-01T00:00:00");
    strings_add(arena, argv, "-icount");
    strings_addf(arena, argv, "shift=%u,align=off,sleep=off", inst->icount);
    strings_add(arena, argv, "-action");
    strings_add(arena, argv, "shutdown=pause,reboot=reset,panic=pause");
}

static char *adc_of(const struct instance *inst, struct arena *arena)
{
    struct strings words = {0};

    for (size_t i = 0; i < inst->adc_count; i++) {
        const struct adc_input *input = &inst->adc[i];

        if (input->path) {
            strings_addf(arena, &words, "%s=file:%s", input->name,
                         double_commas(arena, input->path));
        } else {
            strings_addf(arena, &words, "%s=%s", input->name, input->value);
        }
    }
    return strings_join(arena, &words, ";");
}

/* The first core's machine loads both firmwares, into memories that both map. */
static void add_cores(const struct instance *inst, struct arena *arena, struct strings *words)
{
    const struct instance *cpu2 = inst + 1;

    if (!inst->core) {
        return;
    }
    strings_add(arena, words, "shared=/proc/self/fd/3");
    if (inst->ordered_bytes) {
        strings_addf(arena, words, "ordered-sram=0x%" PRIx32 "+0x%" PRIx32, inst->ordered_first,
                     inst->ordered_bytes);
    }
    if (inst->core == 1) {
        strings_addf(arena, words, "cpu2-firmware=%s", double_commas(arena, cpu2->firmware_path));
        if (cpu2->load) {
            strings_addf(arena, words, "cpu2-firmware-at=0x%" PRIx32, cpu2->load_address);
        }
    }
}

/* With what the machine takes as properties. */
static char *machine_of(const struct manifest *m, const struct instance *inst, struct arena *arena)
{
    struct strings words = {0};

    strings_add(arena, &words, inst->machine);
    if (inst->boot != BOOT_FLASH && is_stm32wb55(inst)) {
        strings_addf(arena, &words, "boot-from=%s",
                     boot_names[boots_from_system(inst) ? BOOT_SYSTEM : inst->boot]);
    }
    add_cores(inst, arena, &words);
    if (inst->load && inst->core != 2) {
        strings_addf(arena, &words, "firmware-at=0x%" PRIx32, inst->load_address);
    }
    if (inst->flash_path) {
        strings_addf(arena, &words, "flash-file=%s", double_commas(arena, inst->flash_path));
        strings_addf(arena, &words, "flash-keep=%s", inst->flash_keep ? "on" : "off");
    }
    if (inst->system_path) {
        strings_addf(arena, &words, "%s=%s", is_stm32wb55(inst) ? "system-memory" : "recovery",
                     double_commas(arena, inst->system_path));
    }
    if (m->clock.date && is_stm32wb55(inst)) {
        strings_add(arena, &words, "rtc-battery=on");
    }
    if (inst->pins) {
        strings_addf(arena, &words, "pins=%s", inst->pins);
    }
    if (inst->adc_count) {
        strings_addf(arena, &words, "adc=%s", adc_of(inst, arena));
    }
    return strings_join(arena, &words, ",");
}

static void add_firmware(const struct instance *inst, struct arena *arena, struct strings *argv)
{
    if (!inst->firmware_path || inst->core == 2) {
        /* an empty part; or CPU1's machine loads it */
    } else if (inst->firmware_kind == FIRMWARE_HEX && !has_flash(inst)) {
        strings_add(arena, argv, "-device");
        strings_addf(arena, argv, "loader,file=%s", double_commas(arena, inst->firmware_path));
    } else {
        strings_add(arena, argv, "-kernel");
        strings_add(arena, argv, inst->firmware_path);
    }
    if (inst->semihosting) {
        strings_add(arena, argv, "-semihosting-config");
        strings_add(arena, argv, "enable=on,target=gdb");
    }
}

static void add_monitors(const struct instance *inst, const char *run_dir, struct arena *arena,
                         struct strings *argv)
{
    const char *at = arena_printf(arena, "%s/%s", double_commas(arena, run_dir), inst->name);

    strings_add(arena, argv, "-qmp");
    strings_addf(arena, argv, "unix:%s.qmp,server=on,wait=off", at);
    strings_add(arena, argv, "-chardev");
    strings_addf(arena, argv, "socket,id=orrery.hmp,path=%s.hmp,server=on,wait=off", at);
    strings_add(arena, argv, "-mon");
    strings_add(arena, argv, "chardev=orrery.hmp,mode=readline");
    strings_add(arena, argv, "-gdb");
    strings_addf(arena, argv, "unix:%s.gdb,server=on,wait=off", at);
    if (inst->vnc) {
        strings_add(arena, argv, "-vnc");
        strings_addf(arena, argv, "unix:%s.vnc", at);
    }
    if (inst->gdb_wait) {
        strings_add(arena, argv, "-S");
    }
    if (inst->logs_errors) {
        strings_add(arena, argv, "-d");
        strings_add(arena, argv, "guest_errors");
        strings_add(arena, argv, "-D");
        strings_addf(arena, argv, "%s/%s.errors", run_dir, inst->name);
    }
}

void qemu_command(const struct manifest *m, unsigned instance, const char *run_dir, uint64_t run_id,
                  struct arena *arena, struct strings *argv)
{
    const struct instance *inst = &m->instances[instance];

    strings_add(arena, argv, inst->qemu_path);
    strings_add(arena, argv, "-M");
    strings_add(arena, argv, machine_of(m, inst, arena));
    add_clock(m, inst, arena, argv);
    strings_add(arena, argv, "-object");
    strings_addf(arena, argv,
                 "orrery-member,id=orrery,broker=ipc://%s/broker.sock,name=%s,run-id=0x%" PRIx64,
                 double_commas(arena, run_dir), inst->name, run_id);
    add_serials(m, instance, arena, argv);
    add_named_ports(m, instance, arena, argv);
    add_model_port(m, instance, "hci", "stm32wb-h4.chardev", arena, argv);
    add_model_port(m, instance, "usb", "stm32wb-usb.redir", arena, argv);
    add_firmware(inst, arena, argv);
    add_monitors(inst, run_dir, arena, argv);
    for (size_t i = 0; i < inst->args.count; i++) {
        strings_add(arena, argv, inst->args.items[i]);
    }
}

/* ---- printing it ---- */

const char *shell_quote(struct arena *arena, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "%+,-./:=@_";
    char *out, *p;

    if (*word && !word[strspn(word, plain)]) {
        return word;
    }
    out = p = arena_alloc(arena, 4 * strlen(word) + 3);
    *p++ = '\'';
    for (; *word; word++) {
        if (*word == '\'') {
            p = stpcpy(p, "'\\''");
        } else {
            *p++ = *word;
        }
    }
    *p = '\'';
    return out;
}

char *shell_command(struct arena *arena, const struct strings *argv)
{
    struct strings words = {0};

    for (size_t i = 0; i < argv->count; i++) {
        strings_add(arena, &words, shell_quote(arena, argv->items[i]));
    }
    return strings_join(arena, &words, " ");
}
