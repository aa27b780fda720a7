// SPDX-License-Identifier: Apache-2.0
/* What lies in an instance's memories at the start: firmware, flash, boot. See manifest_parts.h. */
#include <string.h>

#include "manifest_parts.h"

/* The machines whose flash Orrery models; of others, QEMU loads the firmware its own way. */
#define STM32WB55 "stm32wb55"
static const char *const with_flash[] = {STM32WB55, "st33", "st33-p256"};

/* ---- firmware: FILE, or { file, at } ---- */

static bool read_firmware_file(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;

    inst->firmware_at = reader_mark(r, node);
    return read_string(r, node, "file", &inst->firmware);
}

static bool read_load_address(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;
    uint64_t address;

    inst->load = node;
    if (!read_u64(r, node, "at", 0, UINT32_MAX, &address)) {
        return false;
    }
    inst->load_address = (uint32_t)address;
    return true;
}

static const struct field firmware_fields[] = {
    {"file", read_firmware_file, .required = true},
    {"at", read_load_address},
};
const struct section firmware_section = {"firmware", firmware_fields,
                                         sizeof(firmware_fields) / sizeof(firmware_fields[0])};

bool read_firmware(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;

    inst->firmware_at = reader_mark(r, node);
    inst->load = NULL; /* of the firmware that this one replaces */
    return node->type == YAML_MAPPING_NODE ? read_section(r, node, &firmware_section, inst)
                                           : read_string(r, node, "firmware", &inst->firmware);
}

/* ---- flash: { file, keep } ---- */

static bool read_flash_file(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;

    inst->flash_at = reader_mark(r, node);
    return read_string(r, node, "file", &inst->flash);
}

static bool read_keep(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;

    return read_bool(r, node, "keep", &inst->flash_keep);
}

static const struct field flash_fields[] = {
    {"file", read_flash_file, .required = true},
    {"keep", read_keep},
};
const struct section flash_section = {"flash", flash_fields,
                                      sizeof(flash_fields) / sizeof(flash_fields[0])};

bool read_flash(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;

    inst->flash_node = node;
    inst->flash_keep = false;
    return read_section(r, node, &flash_section, inst);
}

/* ---- boot: flash, sram, system, recovery, normal ---- */

bool read_boot(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;
    size_t index;

    inst->boot_node = node;
    if (!read_choice(r, node, "boot", boot_names, BOOT_COUNT, &index)) {
        return false;
    }
    inst->boot = index == BOOT_NORMAL ? BOOT_FLASH : (enum boot)index;
    return true;
}

const char *const boot_names[BOOT_COUNT] = {"flash", "sram", "system", "recovery", "normal"};

bool boots_from_system(const struct instance *inst)
{
    return inst->boot == BOOT_SYSTEM || inst->boot == BOOT_RECOVERY;
}

/* ---- all of them together ---- */

/* `machine: NAME`, or NAME with QEMU's properties after a comma */
bool is_machine(const struct instance *inst, const char *name)
{
    size_t len = strlen(name);

    return !strncmp(inst->machine, name, len) && strchr(",", inst->machine[len]);
}

bool is_stm32wb55(const struct instance *inst)
{
    return is_machine(inst, STM32WB55);
}

bool is_stm32wb55_cpu2(const struct instance *inst)
{
    return is_machine(inst, STM32WB55 "-cpu2");
}

bool has_flash(const struct instance *inst)
{
    for (size_t i = 0; i < sizeof(with_flash) / sizeof(with_flash[0]); i++) {
        if (is_machine(inst, with_flash[i])) {
            return true;
        }
    }
    return false;
}

static bool check_flash(struct reader *r, const yaml_node_t *node, const char *key,
                        const struct instance *inst)
{
    return !node || has_flash(inst) ||
           reader_fail(r, node, "%s: for machines stm32wb55 and st33, not for '%.60s'", key,
                       inst->machine);
}

static bool check_stm32wb55(struct reader *r, const yaml_node_t *node, const char *key,
                            const struct instance *inst)
{
    return !node || is_stm32wb55(inst) ||
           reader_fail(r, node, "%s: for machine " STM32WB55 ", not for '%.60s'", key,
                       inst->machine);
}

static bool check_boot(struct reader *r, const struct instance *inst)
{
    if (!check_flash(r, inst->boot_node, "boot", inst)) {
        return false;
    }
    return is_stm32wb55(inst) || inst->boot == BOOT_FLASH || inst->boot == BOOT_RECOVERY ||
           reader_fail(r, inst->boot_node, "boot '%s': a st33 has normal and recovery",
                       boot_names[inst->boot]);
}

bool check_memory(struct reader *r, const yaml_node_t *node, const struct instance *inst)
{
    if (!check_flash(r, inst->load, "at", inst) ||
        !check_flash(r, inst->flash_node, "flash", inst) || !check_boot(r, inst) ||
        !check_stm32wb55(r, inst->pins_node, "pins", inst) ||
        !check_stm32wb55(r, inst->adc_node, "adc", inst)) {
        return false;
    }
    return inst->firmware || inst->flash || boots_from_system(inst) ||
           reader_fail(r, node, "instance: key 'firmware' is missing");
}
