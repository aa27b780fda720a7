/*
 * STM32WB55 analog-to-digital converter (ADC1)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * adc.c has the registers, adc-convert.c what happens in time.
 */
#ifndef HW_ORRERY_STM32WB55_ADC_H
#define HW_ORRERY_STM32WB55_ADC_H

#include "hw/registerfields.h"
#include "analog.h"
#include "block.h"
#include "countdown.h"

REG32(ADC_ISR, 0x00)
    FIELD(ADC_ISR, ADRDY, 0, 1)
    FIELD(ADC_ISR, EOSMP, 1, 1)
    FIELD(ADC_ISR, EOC, 2, 1)
    FIELD(ADC_ISR, EOS, 3, 1)
    FIELD(ADC_ISR, OVR, 4, 1)
    FIELD(ADC_ISR, JEOC, 5, 1)
    FIELD(ADC_ISR, JEOS, 6, 1)
    FIELD(ADC_ISR, AWD1, 7, 1)
    FIELD(ADC_ISR, AWD2, 8, 1)
    FIELD(ADC_ISR, AWD3, 9, 1)
    FIELD(ADC_ISR, JQOVF, 10, 1)
REG32(ADC_IER, 0x04)
REG32(ADC_CR, 0x08)
    FIELD(ADC_CR, ADEN, 0, 1)
    FIELD(ADC_CR, ADDIS, 1, 1)
    FIELD(ADC_CR, ADSTART, 2, 1)
    FIELD(ADC_CR, JADSTART, 3, 1)
    FIELD(ADC_CR, ADSTP, 4, 1)
    FIELD(ADC_CR, JADSTP, 5, 1)
    FIELD(ADC_CR, ADVREGEN, 28, 1)
    FIELD(ADC_CR, DEEPPWD, 29, 1)
    FIELD(ADC_CR, ADCALDIF, 30, 1)
    FIELD(ADC_CR, ADCAL, 31, 1)
REG32(ADC_CFGR, 0x0c)
    FIELD(ADC_CFGR, DMAEN, 0, 1)
    FIELD(ADC_CFGR, DMACFG, 1, 1)
    FIELD(ADC_CFGR, RES, 3, 2)
    FIELD(ADC_CFGR, ALIGN, 5, 1)
    FIELD(ADC_CFGR, EXTSEL, 6, 4)
    FIELD(ADC_CFGR, EXTEN, 10, 2)
    FIELD(ADC_CFGR, OVRMOD, 12, 1)
    FIELD(ADC_CFGR, CONT, 13, 1)
    FIELD(ADC_CFGR, AUTDLY, 14, 1)
    FIELD(ADC_CFGR, DISCEN, 16, 1)
    FIELD(ADC_CFGR, DISCNUM, 17, 3)
    FIELD(ADC_CFGR, JDISCEN, 20, 1)
    FIELD(ADC_CFGR, JQM, 21, 1)
    FIELD(ADC_CFGR, AWD1SGL, 22, 1)
    FIELD(ADC_CFGR, AWD1EN, 23, 1)
    FIELD(ADC_CFGR, JAWD1EN, 24, 1)
    FIELD(ADC_CFGR, JAUTO, 25, 1)
    FIELD(ADC_CFGR, AWD1CH, 26, 5)
    FIELD(ADC_CFGR, JQDIS, 31, 1)
REG32(ADC_CFGR2, 0x10)
    FIELD(ADC_CFGR2, ROVSE, 0, 1)
    FIELD(ADC_CFGR2, JOVSE, 1, 1)
    FIELD(ADC_CFGR2, OVSR, 2, 3)
    FIELD(ADC_CFGR2, OVSS, 5, 4)
    FIELD(ADC_CFGR2, TROVS, 9, 1)
    FIELD(ADC_CFGR2, ROVSM, 10, 1)
REG32(ADC_SMPR1, 0x14)
REG32(ADC_SMPR2, 0x18)
REG32(ADC_TR1, 0x20)
REG32(ADC_TR2, 0x24)
REG32(ADC_TR3, 0x28)
REG32(ADC_SQR1, 0x30)
    FIELD(ADC_SQR1, L, 0, 4)
REG32(ADC_SQR2, 0x34)
REG32(ADC_SQR3, 0x38)
REG32(ADC_SQR4, 0x3c)
REG32(ADC_DR, 0x40)
REG32(ADC_JSQR, 0x4c)
    FIELD(ADC_JSQR, JL, 0, 2)
    FIELD(ADC_JSQR, JEXTSEL, 2, 4)
    FIELD(ADC_JSQR, JEXTEN, 6, 2)
REG32(ADC_OFR1, 0x60)
    FIELD(ADC_OFR1, OFFSET, 0, 12)
    FIELD(ADC_OFR1, CH, 26, 5)
    FIELD(ADC_OFR1, EN, 31, 1)
REG32(ADC_OFR4, 0x6c)
REG32(ADC_JDR1, 0x80)
REG32(ADC_JDR4, 0x8c)
REG32(ADC_AWD2CR, 0xa0)
REG32(ADC_AWD3CR, 0xa4)
REG32(ADC_DIFSEL, 0xb0)
REG32(ADC_CALFACT, 0xb4)
REG32(ADC_CCR, 0x308)
    FIELD(ADC_CCR, CKMODE, 16, 2)
    FIELD(ADC_CCR, PRESC, 18, 4)
    FIELD(ADC_CCR, VREFEN, 22, 1)
    FIELD(ADC_CCR, TSEN, 23, 1)
    FIELD(ADC_CCR, VBATEN, 24, 1)

#define WB_ADC_CHANNELS 19
/* RM0434 "ADC1 channel connection" */
#define WB_ADC_VREFINT 0
#define WB_ADC_TEMPERATURE 17
#define WB_ADC_VBAT 18
/* beside channels 1 to 16, what the board gives */
enum { WB_ADC_VDDA = WB_ADC_CHANNELS, WB_ADC_SOURCES };

#define TYPE_STM32WB_ADC "stm32wb-adc"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbAdc, STM32WB_ADC)

typedef enum WbAdcGroup { ADC_NONE, ADC_REGULAR, ADC_INJECTED } WbAdcGroup;
typedef enum WbAdcJob {
    ADC_IDLE,
    ADC_ENABLING,
    ADC_CALIBRATING,
    ADC_SAMPLING, /* until EOSMP, if that interrupts */
    ADC_CONVERTING,
} WbAdcJob;

struct Stm32wbAdc {
    Stm32wbBlock parent_obj;

    qemu_irq irq;
    qemu_irq dma;
    qemu_irq awd[3];
    uint8_t awd_levels;
    Clock *clock; /* the converter's */
    Stm32wbCountdown countdown;
    Stm32wbBlock *vrefbuf; /* drives VREF+ when it is on; or NULL */
    WbSource source[WB_ADC_SOURCES];
    int32_t temperature; /* millionths of a degree */

    uint32_t isr, ier, cr, cfgr, cfgr2, ccr;
    uint32_t smpr[2];
    uint32_t tr[3];
    uint32_t sqr[4];
    uint32_t jsqr;      /* the context in use */
    uint32_t jsqr_next; /* of the queue */
    uint8_t contexts;   /* in the queue: 0, 1, 2 */
    uint32_t ofr[4];
    uint32_t jdr[4];
    uint32_t awdcr[2];
    uint32_t difsel;
    uint32_t calfact;
    uint32_t dr;
    uint8_t unread; /* DR waits for the DMA */

    uint8_t job;   /* WbAdcJob */
    uint8_t group; /* WbAdcGroup: whose conversion runs */
    uint8_t regular_on, injected_on; /* a sequence runs */
    uint8_t rank, injected_rank;     /* what comes next */
    uint8_t left;                    /* of a discontinuous subgroup */
    uint16_t samples[2];             /* taken, of an oversampled conversion */
    uint32_t sum[2];
    uint8_t level[2][16]; /* of the trigger inputs */
};

/* The converter's clock, by CCR and what RCC gives. */
void stm32wb_adc_update_clock(Stm32wbAdc *s);
void stm32wb_adc_update_lines(Stm32wbAdc *s);

/* What the board has on channel 1 to 16 now, in microvolts; NULL or another type: 0. */
int32_t stm32wb_adc_input_uv(Stm32wbBlock *b, unsigned channel);
/* That it changes by itself. */
bool stm32wb_adc_input_varies(Stm32wbBlock *b, unsigned channel);

/* CR's bits that start and stop. */
void stm32wb_adc_calibrate(Stm32wbAdc *s);
void stm32wb_adc_enable(Stm32wbAdc *s);
void stm32wb_adc_disable(Stm32wbAdc *s);
void stm32wb_adc_start(Stm32wbAdc *s, WbAdcGroup group);
void stm32wb_adc_stop(Stm32wbAdc *s, WbAdcGroup group);

void stm32wb_adc_write_jsqr(Stm32wbAdc *s, uint32_t value);
/* A trigger input of @group has changed. */
void stm32wb_adc_trigger(Stm32wbAdc *s, WbAdcGroup group, int input, bool level);
/* DR was read, or EOC cleared: a conversion may have waited for it (AUTDLY). */
void stm32wb_adc_data_taken(Stm32wbAdc *s);
/* The countdown's end. */
void stm32wb_adc_job_done(void *opaque);

#endif
