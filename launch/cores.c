// SPDX-License-Identifier: Apache-2.0
/* The other core of a dual-core chip: cpu2 of a stm32wb55. See manifest_parts.h. */
#include <string.h>

#include "manifest_parts.h"

#define CORES_PORT "cores"
#define CPU2_MACHINE "stm32wb55-cpu2"
#define CPU2_SUFFIX ".cpu2"
#define CPU2_SEED                                                                                  \
    0x10000 /* added to the index: other instances keep the seeds they have without                \
             */

static bool read_cpu2_latency(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;

    if (!read_time(r, node, "latency", &inst->cores_latency_ns)) {
        return false;
    }
    return inst->cores_latency_ns > 0 ||
           reader_fail(r, node, "latency 0: nothing travels in no time; the default is 5us");
}

/* A table with these keys, read into the instance that CPU2 becomes. */
static const struct field cpu2_fields[] = {
    {"firmware", read_firmware, .required = true},
    {"latency", read_cpu2_latency},
    {"args", read_args},
    {"gdb", read_gdb},
};
const struct section cpu2_section = {"cpu2", cpu2_fields,
                                     sizeof(cpu2_fields) / sizeof(cpu2_fields[0])};

/* ---- sram: { ordered: [ADDRESS, BYTES] } ---- */

static const struct {
    uint32_t first, size;
} srams[] = {{0x20000000, 192 * 1024}, {0x20030000, 32 * 1024}, {0x20038000, 32 * 1024}};

static bool read_ordered(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;
    uint64_t first, size;
    size_t count;

    if (!read_list(r, node, "ordered", &count)) {
        return false;
    }
    if (count != 2) {
        return reader_fail(r, node, "ordered: an address and a number of bytes were meant");
    }
    if (!read_u64(r, list_item(r, node, 0), "ordered", 0, UINT32_MAX, &first) ||
        !read_u64(r, list_item(r, node, 1), "ordered", 1, UINT32_MAX, &size)) {
        return false;
    }
    inst->ordered_first = (uint32_t)first;
    inst->ordered_bytes = (uint32_t)size;
    for (size_t i = 0; i < sizeof(srams) / sizeof(srams[0]); i++) {
        if (first >= srams[i].first && first + size <= srams[i].first + srams[i].size) {
            return true;
        }
    }
    return reader_fail(r, node,
                       "ordered: not within one SRAM: 0x20000000 to 0x2002FFFF, "
                       "0x20030000 to 0x20037FFF, 0x20038000 to 0x2003FFFF");
}

static const struct field sram_fields[] = {{"ordered", read_ordered, .required = true}};
const struct section sram_section = {"sram", sram_fields,
                                     sizeof(sram_fields) / sizeof(sram_fields[0])};

bool read_sram(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;

    inst->sram_node = node;
    return read_section(r, node, &sram_section, inst);
}

/* ---- cpu2 ---- */

bool read_cpu2(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct instance *)record)->cpu2_node = node;
    return true;
}

/* none, builtin, a file, or a table. */
static bool read_value(struct reader *r, const yaml_node_t *node, struct instance *cpu2)
{
    if (node->type == YAML_MAPPING_NODE) {
        if (!read_section(r, node, &cpu2_section, cpu2)) {
            return false;
        }
    } else {
        cpu2->firmware_at = reader_mark(r, node);
        if (!read_string(r, node, "cpu2", &cpu2->firmware)) {
            return false;
        }
    }
    return true;
}

static bool is_none(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE && !strcmp(node_text(node), "none");
}

/* The instance of the other core, after its first's, as the first says in its key cpu2. */
bool add_cpu2(struct reader *r, struct manifest *m)
{
    struct instance *cpu1 = &m->instances[m->instance_count - 1];
    struct instance *cpu2 = &m->instances[m->instance_count];
    const yaml_node_t *node = cpu1->cpu2_node;

    if (cpu1->sram_node && !node) {
        return reader_fail(r, cpu1->sram_node,
                           "sram: only with the key cpu2: one core is always "
                           "in order");
    }
    if (!node || is_none(node)) {
        return true;
    }
    if (!is_stm32wb55(cpu1)) {
        return reader_fail(r, node, "cpu2: for machine stm32wb55, not for '%.60s'", cpu1->machine);
    }
    if (strlen(cpu1->name) + strlen(CPU2_SUFFIX) > MAX_NAME) {
        return reader_fail(r, node, "cpu2: '%s" CPU2_SUFFIX "' is longer than %d letters",
                           cpu1->name, MAX_NAME);
    }
    if (m->instance_count == MAX_INSTANCES) {
        return reader_fail(r, node, "more than %d instances: they do not fit in one run",
                           MAX_INSTANCES);
    }
    cpu2->name = arena_printf(r->arena, "%s" CPU2_SUFFIX, cpu1->name);
    cpu2->index = CPU2_SEED + cpu1->index;
    cpu2->at = reader_mark(r, node);
    cpu2->machine = arena_copy(r->arena, CPU2_MACHINE);
    cpu2->target = cpu1->target;
    cpu2->icount = cpu1->icount;
    cpu2->semihosting = cpu1->semihosting;
    cpu2->qemu = cpu1->qemu;
    cpu2->qemu_at = cpu1->qemu_at;
    cpu2->ordered_first = cpu1->ordered_first;
    cpu2->ordered_bytes = cpu1->ordered_bytes;
    cpu2->cores_latency_ns = CORES_LATENCY_NS;
    cpu2->core = 2;
    cpu1->core = 1;
    m->instance_count++;
    if (!read_value(r, node, cpu2) || !change_instance(r, m, cpu2)) {
        return false;
    }
    cpu2->builtin = !strcmp(cpu2->firmware, "builtin");
    return true;
}

size_t count_cores(const struct manifest *m)
{
    size_t count = 0;

    for (size_t i = 0; i < m->instance_count; i++) {
        count += m->instances[i].core == 2;
    }
    return count;
}

void link_cores(struct reader *r, struct manifest *m)
{
    for (unsigned i = 1; i < m->instance_count; i++) {
        const struct instance *cpu2 = &m->instances[i];
        struct endpoint *ends;

        if (cpu2->core != 2) {
            continue;
        }
        ends = arena_array(r->arena, 2, sizeof(*ends));
        for (unsigned k = 0; k < 2; k++) {
            ends[k].instance = i - 1 + k;
            ends[k].port = arena_copy(r->arena, CORES_PORT);
            ends[k].at = cpu2->at;
        }
        m->links[m->link_count++] = (struct link){
            .kind = LINK_CORES, .ends = ends, .end_count = 2, .latency_ns = cpu2->cores_latency_ns};
    }
}
