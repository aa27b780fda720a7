/*
 * ST33: what is around the chip: gpio links, buttons, the OLED
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/orrery/member.h"
#include "hw/orrery/power.h"
#include "gpio.h"
#include "outside.h"

/* docs/st33.md: the OLED's pins on our boards */
enum { PIN_OLED_CS = 4, PIN_OLED_DC = 5, PIN_OLED_RES = 6 };

/* "3" as a number below @count, or -1. */
static int small_number(const char *text, int count)
{
    int value = -1;

    if (strlen(text) <= 2 && g_ascii_isdigit(text[0]) &&
        (!text[1] || (text[0] != '0' && g_ascii_isdigit(text[1])))) {
        value = atoi(text);
    }
    return value < count ? value : -1;
}

/* ---- gpio links ---- */

static void reset_pin_changed(void *opaque, unsigned level)
{
    qemu_set_irq(opaque, level != 0);
}

static void join_links(St33Soc *soc)
{
    qemu_irq nrst = qdev_get_gpio_in_named(st33_soc_block(soc, "SYS"), "nrst", 0);
    St33Gpio *gpio = ST33_GPIO(st33_soc_block(soc, "GPIO"));
    const char *port;

    for (unsigned i = 0; (port = orrery_net_port(i)); i++) {
        int pin = g_str_has_prefix(port, "gpio.") ? small_number(port + 5, ST33_PINS) : -1;

        if (pin >= 0) {
            st33_gpio_join(gpio, pin, port);
        } else if (!strcmp(port, "gpio.RST")) {
            OrreryNet *net = orrery_net_open(port, OBJECT(soc), reset_pin_changed,
                                             nrst);

            orrery_net_drive(net, ORRERY_NET_Z, ORRERY_NET_PULL_UP);
            reset_pin_changed(nrst, orrery_net_level(net));
        }
    }
}

/* ---- buttons, attackers, the supply ---- */

static void set_supply(St33Soc *soc, bool on)
{
    qemu_set_irq(qdev_get_gpio_in_named(st33_soc_block(soc, "SYS"), "power", 0), on);
}

static void power_changes(Notifier *n, void *data)
{
    OrreryPower *event = data;

    set_supply(container_of(n, St33Soc, power), event->on);
}

static bool set_line(void *opaque, const char *line, int level)
{
    St33Soc *soc = opaque;
    bool is_pin = g_str_has_prefix(line, "gpio.");
    DeviceState *dev = st33_soc_block(soc, is_pin ? "GPIO" : "TAMPER");
    const char *dot = strchr(line, '.');
    int n = dot ? small_number(dot + 1, is_pin ? ST33_PINS : ST33_TAMPERS) : -1;

    if (!strcmp(line, "power")) {
        set_supply(soc, level != 0);
        return true;
    }
    if (n < 0 || !dev || !(is_pin || g_str_has_prefix(line, "tamper."))) {
        return false;
    }
    qemu_set_irq(qdev_get_gpio_in_named(dev, is_pin ? "pin" : "tamper", n), level);
    return true;
}

static int get_level(void *opaque, const char *line)
{
    int n = g_str_has_prefix(line, "gpio.") ? small_number(line + 5, ST33_PINS) : -1;

    return n < 0 ? -1 : st33_gpio_level(ST33_GPIO(st33_soc_block(opaque, "GPIO")), n);
}

/* ---- the OLED ---- */

static void follow(St33Soc *soc, unsigned pin, qemu_irq line)
{
    qdev_connect_gpio_out_named(st33_soc_block(soc, "GPIO"), "level", pin, line);
    qemu_set_irq(line, 0); /* as all pins are at first */
}

static void add_oled(St33Soc *soc)
{
    DeviceState *spi = st33_soc_block(soc, "SPI"), *oled = qdev_new("ssd1312");

    qdev_realize_and_unref(oled, qdev_get_child_bus(spi, "SPI1"), &error_fatal);
    follow(soc, PIN_OLED_CS, qdev_get_gpio_in_named(spi, "cs", 0));
    follow(soc, PIN_OLED_DC, qdev_get_gpio_in_named(oled, "dc", 0));
    follow(soc, PIN_OLED_RES, qdev_get_gpio_in_named(oled, "res", 0));
}

void st33_board_outside(St33Soc *soc, bool oled)
{
    if (oled) {
        add_oled(soc);
    }
    if (orrery_member_get()) {
        orrery_member_on_line(orrery_member_get(), set_line, get_level, soc);
        soc->power.notify = power_changes;
        orrery_on_power(&soc->power);
    }
    join_links(soc);
}
