/*
 * STM32WB55 timers (TIM1, TIM2, TIM16, TIM17): what the parts of the model share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * tim.c has the registers and the device, tim_count.c the counter and its time, tim_output.c what
 * comes out (pins, TRGO, interrupts, DMA requests), tim_input.c what goes in (captures, slave modes,
 * break).
 */
#ifndef HW_ORRERY_STM32WB55_TIM_H
#define HW_ORRERY_STM32WB55_TIM_H

#include "hw/registerfields.h"
#include "block.h"
#include "ticks.h"

REG32(CR1, 0x00)
    FIELD(CR1, CEN, 0, 1)
    FIELD(CR1, UDIS, 1, 1)
    FIELD(CR1, URS, 2, 1)
    FIELD(CR1, OPM, 3, 1)
    FIELD(CR1, DIR, 4, 1)
    FIELD(CR1, CMS, 5, 2)
    FIELD(CR1, ARPE, 7, 1)
    FIELD(CR1, CKD, 8, 2)
    FIELD(CR1, UIFREMAP, 11, 1)
REG32(CR2, 0x04)
    FIELD(CR2, CCPC, 0, 1)
    FIELD(CR2, CCUS, 2, 1)
    FIELD(CR2, CCDS, 3, 1)
    FIELD(CR2, MMS, 4, 3)
    FIELD(CR2, TI1S, 7, 1)
    FIELD(CR2, OIS, 8, 7)
    FIELD(CR2, MMS2, 20, 4)
REG32(SMCR, 0x08)
    FIELD(SMCR, SMS, 0, 3)
    FIELD(SMCR, OCCS, 3, 1)
    FIELD(SMCR, TS, 4, 3)
    FIELD(SMCR, ETPS, 12, 2)
    FIELD(SMCR, ECE, 14, 1)
    FIELD(SMCR, ETP, 15, 1)
    FIELD(SMCR, SMS_3, 16, 1)
REG32(DIER, 0x0c)
    FIELD(DIER, UDE, 8, 1)
    FIELD(DIER, COMDE, 13, 1)
    FIELD(DIER, TDE, 14, 1)
REG32(SR, 0x10)
REG32(EGR, 0x14)
REG32(CCMR1, 0x18)
REG32(CCMR2, 0x1c)
REG32(CCER, 0x20)
REG32(CNT, 0x24)
REG32(PSC, 0x28)
REG32(ARR, 0x2c)
REG32(RCR, 0x30)
REG32(CCR1, 0x34)
REG32(CCR4, 0x40)
REG32(BDTR, 0x44)
    FIELD(BDTR, DTG, 0, 8)
    FIELD(BDTR, LOCK, 8, 2)
    FIELD(BDTR, OSSI, 10, 1)
    FIELD(BDTR, OSSR, 11, 1)
    FIELD(BDTR, BKE, 12, 1)
    FIELD(BDTR, BKP, 13, 1)
    FIELD(BDTR, AOE, 14, 1)
    FIELD(BDTR, MOE, 15, 1)
    FIELD(BDTR, BK2E, 24, 1)
    FIELD(BDTR, BK2P, 25, 1)
REG32(DCR, 0x48)
    FIELD(DCR, DBA, 0, 5)
    FIELD(DCR, DBL, 8, 5)
REG32(DMAR, 0x4c)
REG32(OR, 0x50) /* another in each timer */
    FIELD(OR, TIM1_ETR_ADC1_RMP, 0, 2)
    FIELD(OR, TIM1_TI1_RMP, 4, 1)
    FIELD(OR, TIM2_ITR1_RMP, 0, 1)
    FIELD(OR, TIM2_ETR_RMP, 1, 1)
    FIELD(OR, TIM2_TI4_RMP, 2, 2)
    FIELD(OR, TIM16_17_TI1_RMP, 0, 2)
REG32(CCMR3, 0x54)
REG32(CCR5, 0x58)
REG32(CCR6, 0x5c)
REG32(AF1, 0x60)
    FIELD(AF1, BKINE, 0, 1)
    FIELD(AF1, BKCMP1E, 1, 1)
    FIELD(AF1, BKCMP2E, 2, 1)
    FIELD(AF1, BKINP, 9, 1)
    FIELD(AF1, ETRSEL, 14, 3)
REG32(AF2, 0x64)
REG32(TISEL, 0x68)

/* SR, DIER and EGR */
#define TIM_UIF (1u << 0)
#define TIM_CCIF(n) ((n) < 4 ? 2u << (n) : 0x10000u << ((n) - 4))
#define TIM_COMIF (1u << 5)
#define TIM_TIF (1u << 6)
#define TIM_BIF (1u << 7)
#define TIM_B2IF (1u << 8)
#define TIM_SBIF (1u << 13)
#define TIM_CCOF(n) (0x200u << (n))
#define TIM_CCDE(n) (0x200u << (n))

#define TIM_CHANNELS 6
#define TIM_INPUT_CHANNELS 4
#define TIM_COMPLEMENTARY 3

/* Inputs, bits of raw and seen; channels' come first */
#define TIM_IN_ETR 4
#define TIM_IN_ITR 5 /* to 8 */
#define TIM_IN_BKIN 9
#define TIM_IN_BKIN2 10
#define TIM_IN_COMP 11   /* and 12: the comparators */
#define TIM_IN_SYSTEM 13 /* and 14: SYSCFG's break, clock security */
#define TIM_IN_AWD 15    /* to 17: the ADC's watchdogs */
#define TIM_IN_RTC 18    /* its wake-up timer */

/* DMA requests, in the order of tim_dma_names */
enum {
    TIM_DMA_CH1,
    TIM_DMA_UP = 4,
    TIM_DMA_TRIG,
    TIM_DMA_COM,
    TIM_DMA_COUNT,
};

/* Output pins: CH1 to CH6 (5 and 6 have none), then CH1N to CH3N */
#define TIM_PINS (TIM_CHANNELS + TIM_COMPLEMENTARY)

/* What one of the timers has. */
typedef struct TimKind {
    const char *name;
    uint32_t max; /* of the counter */
    uint8_t channels, inputs, complementary;
    bool slave, brk, repeat;
    uint32_t cr1, cr2, smcr, dier, sr, egr, ccmr1, ccer, rcr, bdtr, or1, af1,
        af2, tisel;
} TimKind;

#define TYPE_STM32WB_TIM "stm32wb-tim"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbTim, STM32WB_TIM)

/* A name with _now is what is in force of a register with preload. */
struct Stm32wbTim {
    Stm32wbBlock parent_obj;

    const TimKind *kind;
    QEMUTimer *timer; /* the next event that somebody notices */
    WbTicks ticks;    /* of the kernel clock while it counts */
    int64_t last_ns;  /* when the timer fired last */
    bool busy;        /* inputs that change meanwhile wait for the timer */

    uint32_t cr1, cr2, smcr, dier, sr, bdtr, dcr, or1, af1, af2, tisel;
    uint32_t ccmr[3], ccmr_now[3];
    uint32_t ccer, ccer_now;
    uint32_t psc, psc_now, psc_count;
    uint32_t arr, arr_now;
    uint32_t rcr, repeat; /* overflows until an update */
    uint32_t ccr[TIM_CHANNELS], ccr_now[TIM_CHANNELS];
    uint32_t cnt;
    uint8_t ref;     /* OCxREF of the modes that keep it, a bit a channel */
    uint8_t cleared; /* OCxREF held low by OCxCE until the next update */
    int64_t dead_until[TIM_COMPLEMENTARY]; /* ns */
    uint8_t driven; /* OCxREFC of the channels with dead time */
    uint32_t raw, seen;
    uint8_t ic_count[TIM_INPUT_CHANNELS]; /* for the input prescalers */
    uint8_t etr_count;
    uint8_t trgo;
    uint16_t routed; /* of the pins, a bit each */
    uint8_t burst_index;
    int8_t burst_request; /* TIM_DMA_*, or -1 */
    uint8_t pin_level[TIM_PINS];
    bool shown; /* tim_outputs() had somebody to tell */

    Clock *etr_clock; /* of TIM2: LSE, by ETR_RMP */
    Clock *source[4]; /* of TI1 (TIM16: LSI, LSE; TIM17: MSI, HSE/32, MCO), by TI1_RMP */
    WbTicks ti1;      /* edges of the selected one */

    qemu_irq irq[4]; /* BRK, UP, TRG_COM, CC; or all in the first */
    qemu_irq dma[TIM_DMA_COUNT];
    qemu_irq pin[TIM_PINS];
    qemu_irq trgo_out, trgo2_out, cc_out[TIM_INPUT_CHANNELS];
};

static inline int64_t tim_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* OCxM with its high bit, of channel @n (0 to 5). */
static inline unsigned tim_oc_mode(const Stm32wbTim *s, unsigned n)
{
    uint32_t ccmr = s->ccmr_now[n / 2] >> (n % 2 * 8);

    return extract32(ccmr, 4, 3) | extract32(ccmr, 16, 1) << 3;
}

/* CCxS: 0 output, else an input's source; channels 5 and 6 are outputs. */
static inline unsigned tim_cc_select(const Stm32wbTim *s, unsigned n)
{
    return n < 4 ? extract32(s->ccmr[n / 2], n % 2 * 8, 2) : 0;
}

static inline unsigned tim_sms(const Stm32wbTim *s)
{
    return FIELD_EX32(s->smcr, SMCR, SMS) |
           FIELD_EX32(s->smcr, SMCR, SMS_3) << 3;
}

static inline bool tim_centre(const Stm32wbTim *s)
{
    return FIELD_EX32(s->cr1, CR1, CMS) != 0;
}

/* ---- tim_count.c ---- */

/* Count up to now; everything that happened on the way has happened after it. */
void tim_sync(Stm32wbTim *s);
/* After any change: run or stand still, and look for the next event. */
void tim_rearm(Stm32wbTim *s);
/* @ticks of the prescaler's input, from the clock or a trigger. */
void tim_advance(Stm32wbTim *s, uint64_t ticks);
/* Begin anew (EGR.UG, reset by a trigger). */
void tim_reinit(Stm32wbTim *s);
/* Is channel @n's reference a comparison with the counter (PWM), not what its matches made of it? */
bool tim_follows_counter(const Stm32wbTim *s, unsigned n);
/* Kernel clock periods of dead time (BDTR.DTG, CR1.CKD). */
unsigned tim_dead_time(const Stm32wbTim *s);

/* ---- tim_output.c ---- */

void tim_raise(Stm32wbTim *s, uint32_t flags);
void tim_update_irq(Stm32wbTim *s);
void tim_request(Stm32wbTim *s, int request);
/* A compare match (or its event by EGR). */
void tim_match(Stm32wbTim *s, unsigned n);
void tim_com_event(Stm32wbTim *s);
/* Before OCxM changes: a mode that keeps its level keeps the one there is. */
void tim_keep_references(Stm32wbTim *s);
/* Recompute pins and TRGO, if there is somebody to tell. */
void tim_outputs(Stm32wbTim *s);
bool tim_outputs_seen(const Stm32wbTim *s);
/* The event of an update reaches DMA and TRGO. */
void tim_update_effects(Stm32wbTim *s);
/* What MMS (and MMS2) selects, when it is an event and not a level. */
void tim_trgo_event(Stm32wbTim *s, unsigned mms);

/* ---- tim_input.c ---- */

void tim_init_inputs(Stm32wbTim *s);
/* Act on inputs that have changed. */
void tim_inputs(Stm32wbTim *s);
void tim_capture(Stm32wbTim *s, unsigned n);
bool tim_trigger_level(const Stm32wbTim *s);
bool tim_etr_level(const Stm32wbTim *s);
bool tim_external_clock(const Stm32wbTim *s);
/* Counting edges of a clock on ETR: their period, with ETPS; 0: not so. */
uint64_t tim_etr_clock_period(const Stm32wbTim *s);
void tim_break(Stm32wbTim *s, uint32_t flag);
bool tim_break_active(const Stm32wbTim *s);
void tim_breaks(Stm32wbTim *s); /* an input, or what counts as one, has changed */
/* TI1 from a clock: edges until now, and when the next matters; INT64_MAX: none. */
void tim_ti1_sync(Stm32wbTim *s, int64_t now);
int64_t tim_ti1_next(const Stm32wbTim *s);

#endif
