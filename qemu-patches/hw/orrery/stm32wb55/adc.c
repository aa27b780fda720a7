/*
 * STM32WB55 analog-to-digital converter (ADC1)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 "Analog-to-digital converters (ADC)"
 *
 * QEMU interface:
 *  + a block (block.h): registers, clocks, "name"
 *  + property "inputs": what the board has on the inputs, see stm32wb_adc_parse_inputs()
 *  + link "vrefbuf"
 *  + sysbus IRQ 0: the interrupt
 *  + GPIO output "adc": DMA request; "awd" 0 to 2: the last guarded conversion was outside, to TIM1
 *  + GPIO inputs "TIM1_CC1", "TIM1_CC2", "TIM1_CC3", "TIM1_CC4", "TIM1_TRGO", "TIM1_TRGO2",
 *    "TIM2_CC1", "TIM2_CC2", "TIM2_TRGO", "EXTI11", "EXTI15": triggers, by their level
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "adc.h"

#define CR_STORED                                                              \
    (R_ADC_CR_ADVREGEN_MASK | R_ADC_CR_DEEPPWD_MASK | R_ADC_CR_ADCALDIF_MASK)
#define CR_RESET R_ADC_CR_DEEPPWD_MASK
#define CFGR_STORED 0xffff7ffb
#define CFGR_RESET R_ADC_CFGR_JQDIS_MASK
#define CFGR2_STORED 0x7ff
#define FLAGS 0x7ff
#define TR1_STORED 0x0fff0fff
#define TR23_STORED 0x00ff00ff
#define JSQR_STORED 0x7df7dfff
#define OFR_STORED 0xfc000fff
#define CHANNELS_STORED 0x0007ffff
#define DIFSEL_STORED 0x0000fffe
#define CALFACT_STORED 0x007f007f
#define CCR_STORED 0x01ff0000

#define VDDA_UV 3300000 /* the board's */
#define ROOM_TEMPERATURE 25000000

/* ---- what the board gives ---- */

static bool parse_input(Stm32wbAdc *s, const char *name, const char *value,
                        Error **errp)
{
    unsigned channel;
    int64_t micro;

    if (g_str_equal(name, "TEMP")) {
        if (!wb_quantity_parse(value, "C", &micro) || micro < -40000000 ||
            micro > 125000000) {
            error_setg(errp, "TEMP: '%s': a temperature was meant, e.g. 25C",
                       value);
            return false;
        }
        s->temperature = micro;
        return true;
    }
    if (g_str_equal(name, "VDDA")) {
        channel = WB_ADC_VDDA;
    } else if (g_str_equal(name, "VBAT")) {
        channel = WB_ADC_VBAT;
    } else if (!g_str_has_prefix(name, "IN") ||
               qemu_strtoui(name + 2, NULL, 10, &channel) < 0 ||
               channel < 1 || channel > 16) {
        error_setg(errp, "%s: IN1 to IN16, VDDA, VBAT or TEMP was meant", name);
        return false;
    }
    if (!wb_source_parse(&s->source[channel], value, errp)) {
        error_prepend(errp, "%s: ", name);
        return false;
    }
    return true;
}

/* "IN5=1.2V;IN6=sine:50Hz/1.65V/1V" */
static bool parse_inputs(Stm32wbAdc *s, const char *text, Error **errp)
{
    g_auto(GStrv) part = g_strsplit(text, ";", -1);

    for (int i = 0; part[i]; i++) {
        char *value = strchr(part[i], '=');

        if (!*part[i]) {
            continue;
        }
        if (!value) {
            error_setg(errp, "'%s': INPUT=SOURCE was meant", part[i]);
            return false;
        }
        *value++ = 0;
        if (!parse_input(s, part[i], value, errp)) {
            return false;
        }
    }
    return true;
}

/* ---- registers ---- */

/* A register that only keeps what is written, and which bits of it. */
static uint32_t *plain_register(Stm32wbAdc *s, hwaddr offset, uint32_t *stored)
{
    switch (offset) {
    case A_ADC_IER:
        *stored = FLAGS;
        return &s->ier;
    case A_ADC_CFGR:
        *stored = CFGR_STORED;
        return &s->cfgr;
    case A_ADC_CFGR2:
        *stored = CFGR2_STORED;
        return &s->cfgr2;
    case A_ADC_SMPR1:
        *stored = 0x3fffffff;
        return &s->smpr[0];
    case A_ADC_SMPR2:
        *stored = 0x07ffffff;
        return &s->smpr[1];
    case A_ADC_TR1:
        *stored = TR1_STORED;
        return &s->tr[0];
    case A_ADC_TR2:
    case A_ADC_TR3:
        *stored = TR23_STORED;
        return &s->tr[(offset - A_ADC_TR1) / 4];
    case A_ADC_SQR1:
        *stored = 0x1f7df7cf;
        return &s->sqr[0];
    case A_ADC_SQR2:
    case A_ADC_SQR3:
        *stored = 0x1f7df7df;
        return &s->sqr[(offset - A_ADC_SQR1) / 4];
    case A_ADC_SQR4:
        *stored = 0x000007df;
        return &s->sqr[3];
    case A_ADC_OFR1 ... A_ADC_OFR4:
        *stored = OFR_STORED;
        return &s->ofr[(offset - A_ADC_OFR1) / 4];
    case A_ADC_AWD2CR:
    case A_ADC_AWD3CR:
        *stored = CHANNELS_STORED;
        return &s->awdcr[(offset - A_ADC_AWD2CR) / 4];
    case A_ADC_DIFSEL:
        *stored = DIFSEL_STORED;
        return &s->difsel;
    case A_ADC_CALFACT:
        *stored = CALFACT_STORED;
        return &s->calfact;
    case A_ADC_CCR:
        *stored = CCR_STORED;
        return &s->ccr;
    default:
        return NULL;
    }
}

static bool running(Stm32wbAdc *s)
{
    return s->cr & (R_ADC_CR_ADSTART_MASK | R_ADC_CR_JADSTART_MASK);
}

static void refuse(Stm32wbAdc *s, const char *what)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: %s is not allowed now\n",
                  STM32WB_BLOCK(s)->name, what);
}

/* Bits of type rs are set by writing 1; RM0434 "ADC_CR" says when they may be. */
static void write_cr(Stm32wbAdc *s, uint32_t value)
{
    bool off = !(s->cr & R_ADC_CR_ADEN_MASK);
    bool calibrating = s->cr & R_ADC_CR_ADCAL_MASK;

    s->cr = (s->cr & ~CR_STORED) | (value & CR_STORED);
    if (!(s->cr & R_ADC_CR_ADVREGEN_MASK) ||
        (s->cr & R_ADC_CR_DEEPPWD_MASK)) {
        if (!off || calibrating) {
            refuse(s, "power-down while enabled");
        }
        if (value & (R_ADC_CR_ADCAL_MASK | R_ADC_CR_ADEN_MASK)) {
            refuse(s, "use without ADVREGEN");
        }
        stm32wb_adc_disable(s);
        return;
    }
    if (value & R_ADC_CR_ADCAL_MASK) {
        if (off && !calibrating) {
            stm32wb_adc_calibrate(s);
        } else if (!calibrating) {
            refuse(s, "ADCAL");
        }
    }
    if (value & R_ADC_CR_ADEN_MASK && off) {
        if (calibrating || (value & R_ADC_CR_ADCAL_MASK)) {
            refuse(s, "ADEN");
        } else {
            stm32wb_adc_enable(s);
        }
    }
    if (off) {
        return;
    }
    if (value & R_ADC_CR_ADSTP_MASK && s->cr & R_ADC_CR_ADSTART_MASK) {
        stm32wb_adc_stop(s, ADC_REGULAR);
    } else if (value & R_ADC_CR_ADSTART_MASK &&
               !(s->cr & R_ADC_CR_ADSTART_MASK)) {
        stm32wb_adc_start(s, ADC_REGULAR);
    }
    if (value & R_ADC_CR_JADSTP_MASK && s->cr & R_ADC_CR_JADSTART_MASK) {
        stm32wb_adc_stop(s, ADC_INJECTED);
    } else if (value & R_ADC_CR_JADSTART_MASK &&
               !(s->cr & R_ADC_CR_JADSTART_MASK)) {
        stm32wb_adc_start(s, ADC_INJECTED);
    }
    if (value & R_ADC_CR_ADDIS_MASK) {
        if (running(s)) {
            refuse(s, "ADDIS");
        } else {
            stm32wb_adc_disable(s);
        }
    }
}

static uint32_t read_dr(Stm32wbAdc *s)
{
    s->unread = false;
    s->isr &= ~R_ADC_ISR_EOC_MASK;
    stm32wb_adc_data_taken(s);
    stm32wb_adc_update_lines(s);
    return s->dr;
}

static uint32_t adc_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbAdc *s = STM32WB_ADC(b);
    uint32_t stored;
    uint32_t *reg = plain_register(s, offset, &stored);

    if (reg) {
        return *reg;
    }
    switch (offset) {
    case A_ADC_ISR:
        return s->isr;
    case A_ADC_CR:
        return s->cr;
    case A_ADC_DR:
        return read_dr(s);
    case A_ADC_JSQR:
        return s->jsqr;
    case A_ADC_JDR1 ... A_ADC_JDR4:
        return s->jdr[(offset - A_ADC_JDR1) / 4];
    default:
        return stm32wb_block_unmodelled_read(b, offset);
    }
}

static void adc_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbAdc *s = STM32WB_ADC(b);
    uint32_t stored;
    uint32_t *reg = plain_register(s, offset, &stored);

    if (reg) {
        stored &= mask;
        *reg = (*reg & ~stored) | (value & stored);
        if (offset == A_ADC_CCR) {
            stm32wb_adc_update_clock(s);
        }
        stm32wb_adc_update_lines(s);
        return;
    }
    switch (offset) {
    case A_ADC_ISR:
        s->isr &= ~(value & mask & FLAGS);
        stm32wb_adc_data_taken(s);
        break;
    case A_ADC_CR:
        /* a narrow write must not clear what it does not name */
        write_cr(s, (value & mask) | (s->cr & CR_STORED & ~mask));
        break;
    case A_ADC_JSQR:
        value = (value & mask) | (s->jsqr & ~mask);
        stm32wb_adc_write_jsqr(s, value & JSQR_STORED);
        break;
    case A_ADC_DR:
    case A_ADC_JDR1 ... A_ADC_JDR4:
        break; /* read only */
    default:
        stm32wb_block_unmodelled_write(b, offset, value);
        break;
    }
    stm32wb_adc_update_lines(s);
}

/* ---- device ---- */

/* RM0434 "ADC1 external triggers": numbers of EXTSEL and JEXTSEL, or -1 */
static const struct Trigger {
    const char *name;
    int8_t regular, injected;
} triggers[] = {
    { "TIM1_CC1", 0, -1 },  { "TIM1_CC2", 1, -1 },   { "TIM1_CC3", 2, -1 },
    { "TIM1_CC4", -1, 1 },  { "TIM1_TRGO", 9, 0 },   { "TIM1_TRGO2", 10, 8 },
    { "TIM2_CC1", -1, 3 },  { "TIM2_CC2", 3, -1 },   { "TIM2_TRGO", 11, 2 },
    { "EXTI11", 6, -1 },    { "EXTI15", -1, 6 },
};

static void trigger(Stm32wbAdc *s, const struct Trigger *t, bool level)
{
    if (t->regular >= 0) {
        stm32wb_adc_trigger(s, ADC_REGULAR, t->regular, level);
    }
    if (t->injected >= 0) {
        stm32wb_adc_trigger(s, ADC_INJECTED, t->injected, level);
    }
}

#define TRIGGER_HANDLER(n)                                                     \
    static void trigger_##n(void *opaque, int line, int level)                 \
    {                                                                          \
        trigger(opaque, &triggers[n], level);                                  \
    }
TRIGGER_HANDLER(0)
TRIGGER_HANDLER(1)
TRIGGER_HANDLER(2)
TRIGGER_HANDLER(3)
TRIGGER_HANDLER(4)
TRIGGER_HANDLER(5)
TRIGGER_HANDLER(6)
TRIGGER_HANDLER(7)
TRIGGER_HANDLER(8)
TRIGGER_HANDLER(9)
TRIGGER_HANDLER(10)

static const qemu_irq_handler handlers[ARRAY_SIZE(triggers)] = {
    trigger_0, trigger_1, trigger_2, trigger_3, trigger_4,  trigger_5,
    trigger_6, trigger_7, trigger_8, trigger_9, trigger_10,
};

static void adc_clock_changed(Stm32wbBlock *b)
{
    stm32wb_adc_update_clock(STM32WB_ADC(b));
}

static void adc_reset_hold(Object *obj, ResetType type)
{
    Stm32wbAdc *s = STM32WB_ADC(obj);

    stm32wb_adc_disable(s);
    s->isr = s->ier = s->cfgr2 = s->ccr = 0;
    s->cr = CR_RESET;
    s->cfgr = CFGR_RESET;
    memset(s->smpr, 0, sizeof(s->smpr));
    memset(s->sqr, 0, sizeof(s->sqr));
    memset(s->ofr, 0, sizeof(s->ofr));
    memset(s->jdr, 0, sizeof(s->jdr));
    memset(s->awdcr, 0, sizeof(s->awdcr));
    s->tr[0] = 0x0fff0000;
    s->tr[1] = s->tr[2] = 0x00ff0000;
    s->jsqr = s->jsqr_next = 0;
    s->contexts = 1;
    s->difsel = 0;
    s->calfact = 0;
    s->dr = 0;
    s->unread = false;
    stm32wb_adc_update_clock(s);
}

static void adc_reset_exit(Object *obj, ResetType type)
{
    Stm32wbAdc *s = STM32WB_ADC(obj);

    for (int n = 0; n < ARRAY_SIZE(s->awd); n++) {
        stm32wb_drive(&s->awd_levels, n, s->awd[n], false);
    }
    stm32wb_adc_update_lines(s);
}

static int adc_post_load(void *opaque, int version_id)
{
    Stm32wbAdc *s = opaque;

    if (s->job > ADC_CONVERTING || s->group > ADC_INJECTED || s->rank > 15 ||
        s->injected_rank > 3 || s->contexts > 2) {
        return -EINVAL;
    }
    stm32wb_adc_update_clock(s);
    return 0;
}

static const VMStateDescription adc_vmstate = {
    .name = TYPE_STM32WB_ADC,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = adc_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbAdc),
        VMSTATE_STM32WB_COUNTDOWN(countdown, Stm32wbAdc),
        VMSTATE_UINT32(isr, Stm32wbAdc),
        VMSTATE_UINT32(ier, Stm32wbAdc),
        VMSTATE_UINT32(cr, Stm32wbAdc),
        VMSTATE_UINT32(cfgr, Stm32wbAdc),
        VMSTATE_UINT32(cfgr2, Stm32wbAdc),
        VMSTATE_UINT32(ccr, Stm32wbAdc),
        VMSTATE_UINT32_ARRAY(smpr, Stm32wbAdc, 2),
        VMSTATE_UINT32_ARRAY(tr, Stm32wbAdc, 3),
        VMSTATE_UINT32_ARRAY(sqr, Stm32wbAdc, 4),
        VMSTATE_UINT32(jsqr, Stm32wbAdc),
        VMSTATE_UINT32(jsqr_next, Stm32wbAdc),
        VMSTATE_UINT8(contexts, Stm32wbAdc),
        VMSTATE_UINT32_ARRAY(ofr, Stm32wbAdc, 4),
        VMSTATE_UINT32_ARRAY(jdr, Stm32wbAdc, 4),
        VMSTATE_UINT32_ARRAY(awdcr, Stm32wbAdc, 2),
        VMSTATE_UINT32(difsel, Stm32wbAdc),
        VMSTATE_UINT32(calfact, Stm32wbAdc),
        VMSTATE_UINT32(dr, Stm32wbAdc),
        VMSTATE_UINT8(unread, Stm32wbAdc),
        VMSTATE_UINT8(job, Stm32wbAdc),
        VMSTATE_UINT8(group, Stm32wbAdc),
        VMSTATE_UINT8(regular_on, Stm32wbAdc),
        VMSTATE_UINT8(injected_on, Stm32wbAdc),
        VMSTATE_UINT8(rank, Stm32wbAdc),
        VMSTATE_UINT8(injected_rank, Stm32wbAdc),
        VMSTATE_UINT8(left, Stm32wbAdc),
        VMSTATE_UINT16_ARRAY(samples, Stm32wbAdc, 2),
        VMSTATE_UINT32_ARRAY(sum, Stm32wbAdc, 2),
        VMSTATE_UINT8_2DARRAY(level, Stm32wbAdc, 2, 16),
        VMSTATE_UINT8(awd_levels, Stm32wbAdc),
        VMSTATE_END_OF_LIST()
    },
};

static char *get_inputs(Object *obj, Error **errp)
{
    return g_strdup("");
}

static void set_inputs(Object *obj, const char *text, Error **errp)
{
    parse_inputs(STM32WB_ADC(obj), text, errp);
}

static void adc_init(Object *obj)
{
    Stm32wbAdc *s = STM32WB_ADC(obj);

    s->source[WB_ADC_VDDA].uv = VDDA_UV;
    s->source[WB_ADC_VBAT].uv = VDDA_UV;
    s->temperature = ROOM_TEMPERATURE;
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->dma, "adc", 1);
    qdev_init_gpio_out_named(DEVICE(obj), s->awd, "awd", ARRAY_SIZE(s->awd));
    for (int i = 0; i < ARRAY_SIZE(triggers); i++) {
        qdev_init_gpio_in_named(DEVICE(obj), handlers[i], triggers[i].name, 1);
    }
    s->clock = clock_new(obj, "converter");
    stm32wb_countdown_init(&s->countdown, s->clock, stm32wb_adc_job_done, s);
}

static void adc_finalize(Object *obj)
{
    Stm32wbAdc *s = STM32WB_ADC(obj);

    stm32wb_countdown_finish(&s->countdown);
    for (int i = 0; i < ARRAY_SIZE(s->source); i++) {
        wb_source_finish(&s->source[i]);
    }
}

static const Property adc_properties[] = {
    DEFINE_PROP_LINK("vrefbuf", Stm32wbAdc, vrefbuf, TYPE_STM32WB_BLOCK,
                     Stm32wbBlock *),
};

static void adc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &adc_vmstate;
    device_class_set_props(dc, adc_properties);
    object_class_property_add_str(klass, "inputs", get_inputs, set_inputs);
    rc->phases.hold = adc_reset_hold;
    rc->phases.exit = adc_reset_exit;
    bc->read = adc_read;
    bc->write = adc_write;
    bc->clock_changed = adc_clock_changed;
}

static const TypeInfo adc_types[] = {
    {
        .name = TYPE_STM32WB_ADC,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbAdc),
        .instance_init = adc_init,
        .instance_finalize = adc_finalize,
        .class_init = adc_class_init,
    },
};

DEFINE_TYPES(adc_types)
