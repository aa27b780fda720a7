/*
 * STM32WB55 pins: what lies between a port's registers, the blocks' signals and the board
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A pin is a number: 16 * port + bit, port A = 0 ... H = 7. Pins of one net (a wire of the
 * board) have one level.
 */
#ifndef HW_ORRERY_STM32WB55_PINS_H
#define HW_ORRERY_STM32WB55_PINS_H

#include "block.h"
#include "hw/orrery/net.h"

#define WB_PIN(port, bit) (((port) - 'A') * 16 + (bit))
#define WB_PINS (8 * 16)
#define WB_PIN_SIGNALS 160
#define WB_PIN_FUNCTIONS 16
#define WB_PIN_LEDS 4
#define WB_PIN_NAME_MAX 5 /* PC13 and the end */

#define TYPE_STM32WB_PINS "stm32wb-pins"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbPins, STM32WB_PINS)

/* As GPIOx_MODER encodes it */
typedef enum Stm32wbPinMode {
    WB_PIN_INPUT,
    WB_PIN_OUTPUT,
    WB_PIN_ALTERNATE,
    WB_PIN_ANALOG,
} Stm32wbPinMode;

/* As GPIOx_PUPDR encodes it; 3 is reserved */
typedef enum Stm32wbPull {
    WB_PULL_NONE,
    WB_PULL_UP,
    WB_PULL_DOWN,
} Stm32wbPull;

typedef struct Stm32wbPinConfig {
    uint8_t mode;
    uint8_t function; /* AF number */
    uint8_t pull;
    uint8_t open_drain;
    uint8_t output; /* ODR */
} Stm32wbPinConfig;

/* What the port's registers say of a pin from now on. */
void stm32wb_pins_configure(Stm32wbPins *s, unsigned pin,
                            Stm32wbPinConfig config);

/* The level that the port's input register shows. */
bool stm32wb_pins_input(const Stm32wbPins *s, unsigned pin);

/* The level of the wire: 0, 1, or WB_PIN_FLOATING. */
unsigned stm32wb_pins_level(const Stm32wbPins *s, unsigned pin);

/* "PC4" as a number, or -1: no such pin on this part. */
int stm32wb_pin_parse(const char *name);

/* Before the machine starts: what the board has on a pin. */
void stm32wb_pins_board_pull(Stm32wbPins *s, unsigned pin, Stm32wbPull pull);
void stm32wb_pins_board_level(Stm32wbPins *s, unsigned pin, unsigned level);
void stm32wb_pins_board_wire(Stm32wbPins *s, unsigned a, unsigned b);
void stm32wb_pins_board_led(Stm32wbPins *s, unsigned pin, const char *name);

/*
 * "PC4=0:PA0=PA8": levels and wires, as the machine's property pins gives them.
 */
bool stm32wb_pins_board_parse(Stm32wbPins *s, const char *text, Error **errp);

/* Join the gpio links of the manifest, and hear of buttons; after all else of the board is there. */
bool stm32wb_pins_board_links(Stm32wbPins *s, Error **errp);

/*
 * Connect to the blocks, which are realized: alternate functions by the named GPIOs that a
 * block has, levels to EXTI's inputs "pin". @find returns the block of a name.
 */
void stm32wb_pins_connect(Stm32wbPins *s,
                          DeviceState *(*find)(void *opaque, const char *name),
                          void *opaque);

/* Below, pins.c's own. */

typedef struct Stm32wbPin {
    Stm32wbPinConfig config;
    uint8_t board_level; /* 0, 1 or WB_PIN_FLOATING */
    uint8_t board_pull;
    uint8_t button; /* held from outside: 0, 1 or WB_PIN_FLOATING */
    uint8_t next;  /* of the net's ring */
    uint8_t wire;  /* the net's level */
    uint8_t input; /* what the input buffer shows; 0 in analogue mode */
    uint8_t contention;
    uint8_t signal[WB_PIN_FUNCTIONS]; /* by AF number: index + 1, or 0 */
} Stm32wbPin;

/* A named GPIO of a block, in either direction. */
typedef struct Stm32wbSignal {
    const char *block, *name;
    qemu_irq in;     /* of the block; NULL: it has none */
    qemu_irq routed; /* tells the block that a pin shows its output; or NULL */
    uint8_t level;   /* of the block's output */
    uint8_t routes;  /* pins that select it */
} Stm32wbSignal;

struct Stm32wbPins {
    SysBusDevice parent_obj;

    Stm32wbPin pins[WB_PINS];
    Stm32wbSignal signals[WB_PIN_SIGNALS];
    unsigned signal_count;
    qemu_irq always[WB_PINS][3]; /* additional functions' inputs */
    qemu_irq out[WB_PINS];
    struct {
        unsigned pin;
        const char *name;
    } leds[WB_PIN_LEDS];
    unsigned led_count;
    OrreryNet *links[WB_PINS];
    unsigned link_count;
};

#endif
