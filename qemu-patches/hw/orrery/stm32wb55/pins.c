/*
 * STM32WB55 pins: what lies between a port's registers, the blocks' signals and the board
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434, "General-purpose I/Os"; DS11929, "Pinouts and pin description".
 *
 * A net is one or more pins that the board wires together (a ring through Pin.next). Its level
 * comes from what drives it: somebody's finger, or else the board's constant level, or else the pins' outputs, else
 * the pulls (the board's before the chip's). Drivers that disagree are logged. A pin that nothing
 * holds reads as 0. A net that goes on to other instances (a gpio link) tells them what drives and
 * pulls it here, and its level is the one that hw/orrery/net.c makes of that and of theirs.
 *
 * QEMU interface:
 *  + named GPIO inputs "signal": outputs of blocks, by index in the table of signals
 *  + named GPIO outputs "pin": each pin's level as its input buffer sees it
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "migration/vmstate.h"
#include "pins.h"
#include "hw/orrery/member.h"
#include "hw/orrery/trace.h"

typedef Stm32wbPin Pin;
typedef Stm32wbSignal Signal;

/* RM0434: ports A to C have 16 pins, D 16, E 5, H three. */
static const uint16_t implemented[8] = {
    0xffff, 0xffff, 0xffff, 0xffff, 0x001f, 0, 0, 0x000b,
};

static bool exists(unsigned pin)
{
    return pin < WB_PINS && (implemented[pin / 16] >> (pin % 16) & 1);
}

int stm32wb_pin_parse(const char *name)
{
    unsigned bit = 0;
    size_t len = strlen(name);

    if (len < 3 || len > 4 || name[0] != 'P' || name[1] < 'A' ||
        name[1] > 'H' || (name[2] == '0' && len > 3)) {
        return -1;
    }
    for (const char *p = name + 2; *p; p++) {
        if (!g_ascii_isdigit(*p)) {
            return -1;
        }
        bit = bit * 10 + *p - '0';
    }
    return bit < 16 && exists(WB_PIN(name[1], bit)) ? WB_PIN(name[1], bit) : -1;
}

static const char *pin_name(unsigned pin, char name[WB_PIN_NAME_MAX])
{
    snprintf(name, WB_PIN_NAME_MAX, "P%c%u", 'A' + pin / 16 % 8, pin % 16);
    return name;
}

/* ---- levels ---- */

static Signal *selected(Stm32wbPins *s, const Pin *p)
{
    unsigned index = p->config.mode == WB_PIN_ALTERNATE
                     ? p->signal[p->config.function % WB_PIN_FUNCTIONS] : 0;

    return index ? &s->signals[index - 1] : NULL;
}

/* What the pin's output stage puts on the wire. */
static unsigned driven(Stm32wbPins *s, const Pin *p)
{
    const Signal *signal = selected(s, p);
    unsigned level = WB_PIN_FLOATING;

    if (p->config.mode == WB_PIN_OUTPUT) {
        level = p->config.output;
    } else if (signal) {
        level = signal->level;
    }
    return p->config.open_drain && level == 1 ? WB_PIN_FLOATING : level;
}

static void merge(unsigned *level, unsigned with, bool *conflict)
{
    if (with == WB_PIN_FLOATING) {
        return;
    }
    *conflict |= *level != WB_PIN_FLOATING && *level != with;
    *level = *level == WB_PIN_FLOATING ? with : *level;
}

static unsigned pulled(unsigned pull)
{
    return pull == WB_PULL_UP ? 1 : pull == WB_PULL_DOWN ? 0 : WB_PIN_FLOATING;
}

/* The gpio link on one of the pins that are wired to @pin, or NULL. */
static OrreryNet *link_of(Stm32wbPins *s, unsigned pin)
{
    unsigned q = pin;

    while (s->link_count && !s->links[q]) {
        q = s->pins[q].next;
        if (q == pin) {
            return NULL;
        }
    }
    return s->link_count ? s->links[q] : NULL;
}

/* What the net of @pin comes to, with the other instances that it joins. */
static unsigned shared_level(Stm32wbPins *s, unsigned pin, unsigned driven, unsigned held)
{
    OrreryNet *link = link_of(s, pin);

    if (link) {
        orrery_net_drive(link, driven,
                         held == WB_PIN_FLOATING ? ORRERY_NET_PULL_NONE
                         : held ? ORRERY_NET_PULL_UP : ORRERY_NET_PULL_DOWN);
        return orrery_net_level(link);
    }
    return driven != WB_PIN_FLOATING ? driven : held;
}

/* The level of the net of @pin, and whether its drivers in this chip disagree. */
static unsigned net_level(Stm32wbPins *s, unsigned pin, bool *conflict)
{
    unsigned outside = WB_PIN_FLOATING, outputs = WB_PIN_FLOATING;
    unsigned board_pull = WB_PIN_FLOATING, pull = WB_PIN_FLOATING;
    unsigned held = WB_PIN_FLOATING;
    bool ignored = false;
    unsigned q = pin;

    *conflict = false;
    do {
        const Pin *p = &s->pins[q];

        merge(&held, p->button, &ignored);
        merge(&outside, p->board_level, conflict);
        merge(&outputs, driven(s, p), conflict);
        merge(&board_pull, pulled(p->board_pull), &ignored);
        if (p->config.mode != WB_PIN_ANALOG) {
            merge(&pull, pulled(p->config.pull), &ignored);
        }
        q = p->next;
    } while (q != pin);
    merge(&outside, outputs, conflict);
    merge(&held, outside, conflict);
    outside = held;
    return shared_level(s, pin, outside,
                        board_pull != WB_PIN_FLOATING ? board_pull : pull);
}

static void trace_leds(Stm32wbPins *s, unsigned pin, unsigned level)
{
    for (unsigned i = 0; i < s->led_count; i++) {
        if (s->leds[i].pin == pin) {
            char note[16];

            trace_stm32wb_led(s->leds[i].name, level == 1,
                              qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
            snprintf(note, sizeof(note), "%s %d", s->leds[i].name, level == 1);
            orrery_member_note(note);
        }
    }
}

/* Tell everybody who sees this pin. */
static void set_wire(Stm32wbPins *s, unsigned pin, unsigned level)
{
    Pin *p = &s->pins[pin];
    Signal *signal = selected(s, p);
    uint8_t input = p->config.mode != WB_PIN_ANALOG && level == 1;

    if (p->wire != level) {
        if ((p->wire == 1) != (level == 1)) {
            trace_leds(s, pin, level);
        }
        p->wire = level;
        orrery_member_level_changed();
        for (int i = 0; i < ARRAY_SIZE(s->always[pin]); i++) {
            qemu_set_irq(s->always[pin][i], level);
        }
        if (signal && signal->in) {
            qemu_set_irq(signal->in, level);
        }
    }
    if (p->input != input) {
        p->input = input;
        qemu_set_irq(s->out[pin], input);
    }
}

static void update_net(Stm32wbPins *s, unsigned pin)
{
    char name[WB_PIN_NAME_MAX];
    bool conflict;
    unsigned level = net_level(s, pin, &conflict);
    unsigned q = pin;

    if (conflict && !s->pins[pin].contention) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: driven high and low at once\n",
                      pin_name(pin, name));
        trace_stm32wb_pin_contention(name, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
    do {
        s->pins[q].contention = conflict;
        set_wire(s, q, level);
        q = s->pins[q].next;
    } while (q != pin);
}

static void signal_changed(void *opaque, int n, int level)
{
    Stm32wbPins *s = STM32WB_PINS(opaque);

    if (n >= s->signal_count || s->signals[n].level == level) {
        return;
    }
    s->signals[n].level = level;
    if (!s->signals[n].routes) {
        return;
    }
    for (unsigned pin = 0; pin < WB_PINS; pin++) {
        if (selected(s, &s->pins[pin]) == &s->signals[n]) {
            update_net(s, pin);
        }
    }
}

/* No pin selects the signal any longer, perhaps. */
static void unroute(Signal *signal)
{
    if (--signal->routes == 0) {
        qemu_set_irq(signal->in, WB_PIN_FLOATING);
        qemu_set_irq(signal->routed, 0);
    }
}

void stm32wb_pins_configure(Stm32wbPins *s, unsigned pin,
                            Stm32wbPinConfig config)
{
    Pin *p = &s->pins[pin % WB_PINS];
    Signal *before = selected(s, p), *now;

    if (!memcmp(&p->config, &config, sizeof(config))) {
        return;
    }
    p->config = config;
    now = selected(s, p);
    if (now && now != before && now->routes++ == 0) {
        qemu_set_irq(now->routed, 1); /* before its level is asked for */
    }
    update_net(s, pin);
    if (before && before != now) {
        unroute(before);
    }
    if (now && now != before) {
        qemu_set_irq(now->in, p->wire);
    }
}

bool stm32wb_pins_input(const Stm32wbPins *s, unsigned pin)
{
    return s->pins[pin % WB_PINS].input;
}

unsigned stm32wb_pins_level(const Stm32wbPins *s, unsigned pin)
{
    return s->pins[pin % WB_PINS].wire;
}

/* ---- the board ---- */

void stm32wb_pins_board_pull(Stm32wbPins *s, unsigned pin, Stm32wbPull pull)
{
    s->pins[pin].board_pull = pull;
    update_net(s, pin);
}

void stm32wb_pins_board_level(Stm32wbPins *s, unsigned pin, unsigned level)
{
    s->pins[pin].board_level = level;
    update_net(s, pin);
}

void stm32wb_pins_board_wire(Stm32wbPins *s, unsigned a, unsigned b)
{
    uint8_t next = s->pins[a].next;

    for (unsigned q = s->pins[a].next; q != a; q = s->pins[q].next) {
        if (q == b) {
            return; /* connected already: swapping would cut the ring */
        }
    }
    s->pins[a].next = s->pins[b].next;
    s->pins[b].next = next;
    update_net(s, a);
}

void stm32wb_pins_board_led(Stm32wbPins *s, unsigned pin, const char *name)
{
    g_assert(s->led_count < WB_PIN_LEDS);
    s->leds[s->led_count].pin = pin;
    s->leds[s->led_count++].name = name;
}

static void link_changed(void *opaque, unsigned level)
{
    Stm32wbPins *s = STM32WB_PINS(opaque);

    for (unsigned pin = 0; pin < WB_PINS; pin++) {
        if (s->links[pin] && orrery_net_level(s->links[pin]) != s->pins[pin].wire) {
            update_net(s, pin);
        }
    }
}

static bool join_link(Stm32wbPins *s, const char *port, Error **errp)
{
    int pin = g_str_has_prefix(port, "gpio.") ? stm32wb_pin_parse(port + 5) : -1;

    if (pin < 0) {
        return true; /* NRST is the board's; who uses what is checked when all stands */
    }
    if (link_of(s, pin)) {
        error_setg(errp, "pins: %s is wired to another pin with a gpio link",
                   port + 5);
        return false;
    }
    s->links[pin] = orrery_net_open(port, OBJECT(s), link_changed, s);
    s->link_count++;
    update_net(s, pin);
    return true;
}

/* orrery button mcu.gpio.PC4 */
static bool hold(void *opaque, const char *line, int level)
{
    Stm32wbPins *s = STM32WB_PINS(opaque);
    int pin = g_str_has_prefix(line, "gpio.") ? stm32wb_pin_parse(line + 5) : -1;

    if (pin < 0 || level < 0 || level > WB_PIN_FLOATING) {
        return false;
    }
    s->pins[pin].button = level;
    update_net(s, pin);
    return true;
}

static int get_level(void *opaque, const char *line)
{
    Stm32wbPins *s = STM32WB_PINS(opaque);
    int pin = g_str_has_prefix(line, "gpio.") ? stm32wb_pin_parse(line + 5) : -1;

    return pin < 0 ? -1 : s->pins[pin].wire == 1;
}

bool stm32wb_pins_board_links(Stm32wbPins *s, Error **errp)
{
    const char *port;

    if (orrery_member_get()) {
        orrery_member_on_line(orrery_member_get(), hold, get_level, s);
    }
    for (unsigned i = 0; (port = orrery_net_port(i)); i++) {
        if (!join_link(s, port, errp)) {
            return false;
        }
    }
    return true;
}

static bool parse_one(Stm32wbPins *s, const char *text, Error **errp)
{
    g_auto(GStrv) side = g_strsplit(text, "=", 2);
    int pin = side[0] ? stm32wb_pin_parse(side[0]) : -1;
    int other = pin >= 0 && side[1] ? stm32wb_pin_parse(side[1]) : -1;

    if (pin < 0) {
        error_setg(errp, "pins: '%s': this part has no pin '%s'", text,
                   side[0] ? side[0] : "");
    } else if (other >= 0 && other != pin) {
        stm32wb_pins_board_wire(s, pin, other);
        return true;
    } else if (side[1] && (!strcmp(side[1], "0") || !strcmp(side[1], "1"))) {
        stm32wb_pins_board_level(s, pin, side[1][0] - '0');
        return true;
    } else {
        error_setg(errp, "pins: '%s': a level (0, 1) or another pin was meant",
                   text);
    }
    return false;
}

bool stm32wb_pins_board_parse(Stm32wbPins *s, const char *text, Error **errp)
{
    g_auto(GStrv) list = g_strsplit(text, ":", WB_PINS + 1);

    for (char **item = list; *item; item++) {
        if (!parse_one(s, *item, errp)) {
            return false;
        }
    }
    return true;
}

/* ---- alternate functions ---- */

static const struct {
    uint8_t pin, function;
    const char *block, *signal;
} functions[] = {
#define WB_AF(port, bit, af, block, signal)                                    \
    {WB_PIN(port, bit), af, #block, #signal},
#define WB_ALWAYS(port, bit, block, signal)                                    \
    { WB_PIN(port, bit), WB_PIN_FUNCTIONS, #block, #signal },
#include "pins_table.h.inc"
#undef WB_AF
#undef WB_ALWAYS
};

static qemu_irq input_of(DeviceState *dev, const char *signal,
                         const char *suffix)
{
    g_autofree char *name = g_strdup_printf("%s-%s", signal, suffix);
    g_autofree char *property = g_strdup_printf("%s[0]", name);

    return object_property_find(OBJECT(dev), property)
           ? qdev_get_gpio_in_named(dev, name, 0) : NULL;
}

/* The index + 1 of a block's signal; 0: the block has nothing of that name. */
static unsigned find_signal(Stm32wbPins *s, DeviceState *dev,
                            const char *block, const char *name)
{
    g_autofree char *output = g_strdup_printf("%s[0]", name);
    Signal *signal;
    bool drives = object_property_find(OBJECT(dev), output);
    qemu_irq in = input_of(dev, name, "in");

    for (unsigned i = 0; i < s->signal_count; i++) {
        if (!strcmp(s->signals[i].block, block) &&
            !strcmp(s->signals[i].name, name)) {
            return i + 1;
        }
    }
    if (!drives && !in) {
        return 0;
    }
    g_assert(s->signal_count < WB_PIN_SIGNALS);
    signal = &s->signals[s->signal_count];
    *signal = (Signal){ .block = block, .name = name, .in = in,
                        .routed = input_of(dev, name, "routed"),
                        .level = WB_PIN_FLOATING };
    if (drives) {
        qdev_connect_gpio_out_named(
            dev, name, 0,
            qdev_get_gpio_in_named(DEVICE(s), "signal", s->signal_count));
    }
    return ++s->signal_count;
}

static void connect_always(Stm32wbPins *s, unsigned pin, qemu_irq in)
{
    for (int i = 0; in && i < ARRAY_SIZE(s->always[pin]); i++) {
        if (!s->always[pin][i]) {
            s->always[pin][i] = in;
            return;
        }
    }
}

void stm32wb_pins_connect(Stm32wbPins *s,
                          DeviceState *(*find)(void *opaque, const char *name),
                          void *opaque)
{
    DeviceState *exti = find(opaque, "EXTI");

    for (int i = 0; i < ARRAY_SIZE(functions); i++) {
        unsigned pin = functions[i].pin;
        DeviceState *dev = find(opaque, functions[i].block);

        if (functions[i].function < WB_PIN_FUNCTIONS) {
            s->pins[pin].signal[functions[i].function] =
                find_signal(s, dev, functions[i].block, functions[i].signal);
        } else {
            connect_always(s, pin, input_of(dev, functions[i].signal, "in"));
        }
    }
    if (object_property_find(OBJECT(exti), "pin[0]")) {
        for (unsigned pin = 0; pin < WB_PINS; pin++) {
            qdev_connect_gpio_out_named(
                DEVICE(s), "pin", pin,
                qdev_get_gpio_in_named(exti, "pin", pin));
        }
    }
}

/* ---- the device ---- */

static void pins_init(Object *obj)
{
    Stm32wbPins *s = STM32WB_PINS(obj);

    for (unsigned pin = 0; pin < WB_PINS; pin++) {
        s->pins[pin].config.mode = WB_PIN_ANALOG;
        s->pins[pin].board_level = WB_PIN_FLOATING;
        s->pins[pin].button = WB_PIN_FLOATING;
        s->pins[pin].wire = WB_PIN_FLOATING;
        s->pins[pin].next = pin;
    }
    qdev_init_gpio_in_named(DEVICE(obj), signal_changed, "signal", WB_PIN_SIGNALS);
    qdev_init_gpio_out_named(DEVICE(obj), s->out, "pin", WB_PINS);
}

static const VMStateDescription pin_config_vmstate = {
    .name = TYPE_STM32WB_PINS "/config",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT8(mode, Stm32wbPinConfig),
        VMSTATE_UINT8(function, Stm32wbPinConfig),
        VMSTATE_UINT8(pull, Stm32wbPinConfig),
        VMSTATE_UINT8(open_drain, Stm32wbPinConfig),
        VMSTATE_UINT8(output, Stm32wbPinConfig),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription pin_vmstate = {
    .name = TYPE_STM32WB_PINS "/pin",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STRUCT(config, Pin, 1, pin_config_vmstate, Stm32wbPinConfig),
        VMSTATE_UINT8(button, Pin),
        VMSTATE_UINT8(wire, Pin),
        VMSTATE_UINT8(input, Pin),
        VMSTATE_UINT8(contention, Pin),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription signal_vmstate = {
    .name = TYPE_STM32WB_PINS "/signal",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT8(level, Signal),
        VMSTATE_UINT8(routes, Signal),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription pins_vmstate = {
    .name = TYPE_STM32WB_PINS,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_STRUCT_ARRAY(pins, Stm32wbPins, WB_PINS, 1, pin_vmstate, Pin),
        VMSTATE_STRUCT_ARRAY(signals, Stm32wbPins, WB_PIN_SIGNALS, 1,
                             signal_vmstate, Signal),
        VMSTATE_END_OF_LIST()
    },
};

static void pins_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->vmsd = &pins_vmstate;
    dc->user_creatable = false;
}

static const TypeInfo pins_types[] = {
    {
        .name = TYPE_STM32WB_PINS,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(Stm32wbPins),
        .instance_init = pins_init,
        .class_init = pins_class_init,
    },
};

DEFINE_TYPES(pins_types)
