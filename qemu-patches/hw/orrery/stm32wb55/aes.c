/*
 * STM32WB55 AES hardware accelerator (AES1, AES2)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 "AES hardware accelerator (AES)". A block is taken in by four writes of DINR, computed
 * in the number of AHB cycles of the manual's latency tables, and handed out by four reads of
 * DOUTR; the header of GCM and CCM has no output. The chaining state lives in the IVR and
 * SUSP registers, so a message can be suspended between any two blocks.
 *
 * QEMU interface:
 *  + a block (block.h): registers, clocks, "name"
 *  + sysbus IRQ 0: the interrupt
 *  + GPIO outputs "in", "out": DMA requests
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "crypto/aes.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "block.h"
#include "countdown.h"
#include "hw/orrery/trace.h"

REG32(CR, 0x00)
    FIELD(CR, EN, 0, 1)
    FIELD(CR, DATATYPE, 1, 2)
    FIELD(CR, MODE, 3, 2)
    FIELD(CR, CHMOD10, 5, 2)
    FIELD(CR, CCFC, 7, 1)
    FIELD(CR, ERRC, 8, 1)
    FIELD(CR, CCFIE, 9, 1)
    FIELD(CR, ERRIE, 10, 1)
    FIELD(CR, DMAINEN, 11, 1)
    FIELD(CR, DMAOUTEN, 12, 1)
    FIELD(CR, GCMPH, 13, 2)
    FIELD(CR, CHMOD2, 16, 1)
    FIELD(CR, KEYSIZE, 18, 1)
    FIELD(CR, NPBLB, 20, 4)
REG32(SR, 0x04)
    FIELD(SR, CCF, 0, 1)
    FIELD(SR, RDERR, 1, 1)
    FIELD(SR, WRERR, 2, 1)
    FIELD(SR, BUSY, 3, 1)
REG32(DINR, 0x08)
REG32(DOUTR, 0x0c)
REG32(KEYR0, 0x10)
REG32(IVR0, 0x20)
REG32(KEYR4, 0x30)
REG32(SUSP0R, 0x40)
REG32(IDS, 0x60) /* from here on: identification, if any */

#define CR_STORED 0x00f57e7fu
/* "ignored when EN is set before the write access and not cleared by it" */
#define CR_LOCKED                                                              \
    (R_CR_DATATYPE_MASK | R_CR_MODE_MASK | R_CR_CHMOD10_MASK |                 \
     R_CR_CHMOD2_MASK | R_CR_KEYSIZE_MASK)

enum { ENCRYPT, DERIVE, DECRYPT, DERIVE_DECRYPT };   /* CR.MODE */
enum { ECB, CBC, CTR, GCM, CCM };                    /* CR.CHMOD */
enum { INIT, HEADER, PAYLOAD, FINAL };               /* CR.GCMPH */
enum { IDLE, INPUT, COMPUTE, OUTPUT };               /* phase of a block */

#define TYPE_STM32WB_AES "stm32wb-aes"
OBJECT_DECLARE_SIMPLE_TYPE(Stm32wbAes, STM32WB_AES)

struct Stm32wbAes {
    Stm32wbBlock parent_obj;

    qemu_irq irq;
    qemu_irq dma_in, dma_out;
    Stm32wbCountdown computation;

    uint32_t cr;
    uint32_t sr;
    uint32_t key[8];
    uint32_t iv[4];
    uint32_t susp[8]; /* 0..3: GHASH or CBC-MAC, 4..7: GHASH key; most significant first */
    uint32_t data[4]; /* in, then out */
    uint8_t phase;
    uint8_t words; /* of data that are in, or out */

    /* made of key when the block is enabled */
    AES_KEY encrypt;
    AES_KEY decrypt;
};

static unsigned mode_of(Stm32wbAes *s)
{
    return FIELD_EX32(s->cr, CR, MODE);
}

static unsigned chaining_of(Stm32wbAes *s)
{
    return FIELD_EX32(s->cr, CR, CHMOD10) | FIELD_EX32(s->cr, CR, CHMOD2) << 2;
}

static unsigned gcmph_of(Stm32wbAes *s)
{
    return FIELD_EX32(s->cr, CR, GCMPH);
}

static bool long_key(Stm32wbAes *s)
{
    return FIELD_EX32(s->cr, CR, KEYSIZE);
}

static void update(Stm32wbAes *s)
{
    bool ccf = (s->sr & R_SR_CCF_MASK) && (s->cr & R_CR_CCFIE_MASK);
    bool error = (s->sr & (R_SR_RDERR_MASK | R_SR_WRERR_MASK)) &&
                 (s->cr & R_CR_ERRIE_MASK);

    qemu_set_irq(s->irq, ccf || error);
    qemu_set_irq(s->dma_in,
                 s->phase == INPUT && (s->cr & R_CR_DMAINEN_MASK));
    qemu_set_irq(s->dma_out,
                 s->phase == OUTPUT && (s->cr & R_CR_DMAOUTEN_MASK));
}

/* ---- words and keys ---- */

/* DATATYPE: what a word of data is made of */
static uint32_t swap(uint32_t value, unsigned datatype)
{
    switch (datatype) {
    case 0:
        return value;
    case 1:
        return rol32(value, 16);
    case 2:
        return bswap32(value);
    default:
        return revbit32(value);
    }
}

static void to_bytes(uint8_t *bytes, const uint32_t *words, int n)
{
    for (int i = 0; i < n; i++) {
        stl_be_p(bytes + 4 * i, words[i]);
    }
}

static void from_bytes(uint32_t *words, const uint8_t *bytes, int n)
{
    for (int i = 0; i < n; i++) {
        words[i] = ldl_be_p(bytes + 4 * i);
    }
}

static void cipher(Stm32wbAes *s, uint32_t *block)
{
    uint8_t bytes[16];

    to_bytes(bytes, block, 4);
    AES_encrypt(bytes, bytes, &s->encrypt);
    from_bytes(block, bytes, 4);
}

static void decipher(Stm32wbAes *s, uint32_t *block)
{
    uint8_t bytes[16];

    to_bytes(bytes, block, 4);
    AES_decrypt(bytes, bytes, &s->decrypt);
    from_bytes(block, bytes, 4);
}

static void xor(uint32_t *block, const uint32_t *with)
{
    for (int i = 0; i < 4; i++) {
        block[i] ^= with[i];
    }
}

/* IVR0 is the least significant word of the vector; in the computation the first comes first. */
static void load_iv(Stm32wbAes *s, uint32_t *block)
{
    for (int i = 0; i < 4; i++) {
        block[i] = s->iv[3 - i];
    }
}

static void store_iv(Stm32wbAes *s, const uint32_t *block)
{
    for (int i = 0; i < 4; i++) {
        s->iv[3 - i] = block[i];
    }
}

static uint32_t sub_word(uint32_t w)
{
    return AES_sbox[w >> 24] << 24 | AES_sbox[w >> 16 & 0xff] << 16 |
           AES_sbox[w >> 8 & 0xff] << 8 | AES_sbox[w & 0xff];
}

/*
 * FIPS 197's key expansion run backwards: from the last @nk words of the schedule, which is what
 * mode 2 leaves in the key registers, to the first @nk.
 */
static void unexpand(uint32_t *key, int nk)
{
    static const uint8_t rcon[] = { 0, 1, 2, 4, 8, 16, 32, 64, 128, 27, 54 };
    uint32_t w[60];
    int end = 4 * (nk + 7);

    memcpy(w + end - nk, key, 4 * nk);
    for (int i = end - 1; i >= nk; i--) {
        uint32_t t = w[i - 1];

        if (i % nk == 0) {
            t = sub_word(rol32(t, 8)) ^ (uint32_t)rcon[i / nk] << 24;
        } else if (nk > 6 && i % nk == 4) {
            t = sub_word(t);
        }
        w[i - nk] = w[i] ^ t;
    }
    memcpy(key, w, 4 * nk);
}

/* Key schedules from the key registers. */
static void prepare_keys(Stm32wbAes *s)
{
    int nk = long_key(s) ? 8 : 4;
    bool derived = mode_of(s) == DECRYPT && chaining_of(s) <= CBC;
    uint32_t key[8];
    uint8_t bytes[32];

    for (int i = 0; i < nk; i++) {
        key[i] = s->key[nk - 1 - i];
    }
    if (derived) {
        unexpand(key, nk);
    }
    to_bytes(bytes, key, nk);
    AES_set_encrypt_key(bytes, nk * 32, &s->encrypt);
    AES_set_decrypt_key(bytes, nk * 32, &s->decrypt);
}

static void derive_key(Stm32wbAes *s)
{
    int nk = long_key(s) ? 8 : 4;
    const uint32_t *end = s->encrypt.rd_key + 4 * (nk + 7);

    for (int i = 0; i < nk; i++) {
        s->key[i] = end[-1 - i];
    }
}

/* ---- authentication ---- */

/* SP 800-38D 6.3: the product in GF(2^128), bits in GCM's order. */
static void ghash(uint32_t *y, const uint32_t *block, const uint32_t *h)
{
    uint64_t zh = 0, zl = 0;
    uint64_t vh = (uint64_t)h[0] << 32 | h[1], vl = (uint64_t)h[2] << 32 | h[3];

    xor(y, block);
    for (int i = 0; i < 128; i++) {
        uint64_t bit = 0 - (uint64_t)(y[i / 32] >> (31 - i % 32) & 1);
        uint64_t carry = 0 - (vl & 1);

        zh ^= vh & bit;
        zl ^= vl & bit;
        vl = vl >> 1 | vh << 63;
        vh = vh >> 1 ^ (carry & UINT64_C(0xe1) << 56);
    }
    y[0] = zh >> 32;
    y[1] = zh;
    y[2] = zl >> 32;
    y[3] = zl;
}

static void cbc_mac(Stm32wbAes *s, const uint32_t *block)
{
    xor(s->susp, block);
    cipher(s, s->susp);
}

/* SP 800-38C A.3: counter block 0 from B0: flags without M and Adata, Q zero. */
static void ccm_counter_from_b0(uint32_t *block)
{
    uint8_t bytes[16];
    int q;

    to_bytes(bytes, block, 4);
    bytes[0] &= 7;
    q = bytes[0] + 1;
    memset(bytes + 16 - q, 0, q);
    from_bytes(block, bytes, 4);
}

/* NPBLB: that many bytes at the end of the last block are no payload. */
static void clear_padding(Stm32wbAes *s, uint32_t *block)
{
    unsigned n = FIELD_EX32(s->cr, CR, NPBLB);
    uint8_t bytes[16];

    to_bytes(bytes, block, 4);
    memset(bytes + 16 - n, 0, n);
    from_bytes(block, bytes, 4);
}

/* ---- computation ---- */

static void gcm_step(Stm32wbAes *s)
{
    uint32_t block[4], text[4];

    switch (gcmph_of(s)) {
    case INIT:
        memset(s->susp, 0, sizeof(s->susp));
        cipher(s, s->susp + 4);
        break;
    case HEADER:
        ghash(s->susp, s->data, s->susp + 4);
        break;
    case PAYLOAD:
        load_iv(s, block);
        cipher(s, block);
        s->iv[0]++;
        memcpy(text, s->data, sizeof(text));
        xor(s->data, block);
        if (mode_of(s) == ENCRYPT) {
            memcpy(text, s->data, sizeof(text));
            clear_padding(s, text);
        }
        ghash(s->susp, text, s->susp + 4);
        break;
    case FINAL:
        ghash(s->susp, s->data, s->susp + 4);
        load_iv(s, s->data);
        s->data[3] = 1; /* J0 of a 96-bit vector */
        cipher(s, s->data);
        xor(s->data, s->susp);
        break;
    }
}

static void ccm_step(Stm32wbAes *s)
{
    uint32_t block[4], text[4];

    load_iv(s, block);
    switch (gcmph_of(s)) {
    case INIT:
        memset(s->susp, 0, sizeof(s->susp));
        cbc_mac(s, block);
        ccm_counter_from_b0(block);
        store_iv(s, block);
        break;
    case HEADER:
        cbc_mac(s, s->data);
        break;
    case PAYLOAD:
        s->iv[0]++;
        load_iv(s, block);
        cipher(s, block);
        memcpy(text, s->data, sizeof(text));
        xor(s->data, block);
        if (mode_of(s) != ENCRYPT) {
            memcpy(text, s->data, sizeof(text));
            clear_padding(s, text);
        }
        cbc_mac(s, text);
        break;
    case FINAL:
        ccm_counter_from_b0(block);
        cipher(s, block);
        memcpy(s->data, s->susp, sizeof(s->data));
        xor(s->data, block);
        break;
    }
}

static void plain_step(Stm32wbAes *s)
{
    uint32_t block[4], text[4];
    bool decrypting = mode_of(s) >= DECRYPT;
    unsigned chaining = chaining_of(s);

    load_iv(s, block);
    memcpy(text, s->data, sizeof(text));
    if (chaining == CTR) {
        cipher(s, block);
        xor(s->data, block);
        s->iv[0]++;
    } else if (decrypting) {
        decipher(s, s->data);
        if (chaining == CBC) {
            xor(s->data, block);
            store_iv(s, text);
        }
    } else {
        if (chaining == CBC) {
            xor(s->data, block);
        }
        cipher(s, s->data);
        if (chaining == CBC) {
            store_iv(s, s->data);
        }
    }
}

/* AHB cycles: RM0434's tables of processing latency; the second column is for 256-bit keys */
static unsigned latency(Stm32wbAes *s)
{
    static const uint8_t plain[][2] = {
        [ENCRYPT] = { 51, 75 }, [DERIVE] = { 59, 82 },
        [DECRYPT] = { 51, 75 }, [DERIVE_DECRYPT] = { 106, 145 },
    };
    static const uint8_t gcm[][2] = {
        [INIT] = { 64, 88 }, [HEADER] = { 35, 35 },
        [PAYLOAD] = { 51, 75 }, [FINAL] = { 59, 75 },
    };
    static const uint8_t ccm[][2] = {
        [INIT] = { 63, 87 }, [HEADER] = { 55, 79 },
        [PAYLOAD] = { 114, 162 }, [FINAL] = { 58, 82 },
    };

    if (mode_of(s) != DERIVE && chaining_of(s) == GCM) {
        return gcm[gcmph_of(s)][long_key(s)];
    }
    if (mode_of(s) != DERIVE && chaining_of(s) == CCM) {
        return ccm[gcmph_of(s)][long_key(s)];
    }
    return plain[mode_of(s)][long_key(s)];
}

static void start_computation(Stm32wbAes *s)
{
    s->phase = COMPUTE;
    s->words = 0;
    stm32wb_countdown_start(&s->computation, latency(s));
}

static void stop(Stm32wbAes *s)
{
    s->phase = IDLE;
    s->words = 0;
    s->cr &= ~R_CR_EN_MASK;
    stm32wb_countdown_stop(&s->computation);
}

static void computed(void *opaque)
{
    Stm32wbAes *s = opaque;
    unsigned chaining = chaining_of(s);
    bool phased = chaining == GCM || chaining == CCM;

    s->sr |= R_SR_CCF_MASK;
    trace_stm32wb_aes_block(STM32WB_BLOCK(s)->name, mode_of(s), chaining,
                            phased ? gcmph_of(s) : 0);
    if (mode_of(s) == DERIVE) {
        derive_key(s);
        stop(s);
    } else {
        if (chaining == GCM) {
            gcm_step(s);
        } else if (chaining == CCM) {
            ccm_step(s);
        } else {
            plain_step(s);
        }
        if (phased && gcmph_of(s) == INIT) {
            stop(s);
        } else {
            s->phase = phased && gcmph_of(s) == HEADER ? INPUT : OUTPUT;
        }
    }
    update(s);
}

/* ---- registers ---- */

static void enable(Stm32wbAes *s)
{
    unsigned chaining = chaining_of(s);
    bool phased = chaining == GCM || chaining == CCM;

    prepare_keys(s);
    s->words = 0;
    if (chaining > CCM) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: reserved chaining mode %u\n",
                      STM32WB_BLOCK(s)->name, chaining);
    }
    if (mode_of(s) == DERIVE || (phased && gcmph_of(s) == INIT) ||
        (chaining == CCM && gcmph_of(s) == FINAL)) {
        start_computation(s);
    } else {
        s->phase = INPUT;
    }
}

static void write_cr(Stm32wbAes *s, uint32_t value)
{
    uint32_t old = s->cr;

    if (value & R_CR_CCFC_MASK) {
        s->sr &= ~R_SR_CCF_MASK;
    }
    if (value & R_CR_ERRC_MASK) {
        s->sr &= ~(R_SR_RDERR_MASK | R_SR_WRERR_MASK);
    }
    value &= CR_STORED;
    if (old & value & R_CR_EN_MASK) {
        value = (value & ~CR_LOCKED) | (old & CR_LOCKED);
    }
    s->cr = value;
    if (!(value & R_CR_EN_MASK)) {
        stop(s);
    } else if (!(old & R_CR_EN_MASK)) {
        enable(s);
    } else if (chaining_of(s) == CCM && gcmph_of(s) == FINAL &&
               FIELD_EX32(old, CR, GCMPH) != FINAL && s->phase != COMPUTE) {
        start_computation(s); /* the tag takes no input */
    }
    update(s);
}

static void write_din(Stm32wbAes *s, uint32_t value)
{
    /* RM0434, final phase of GCM: the lengths are written without swapping */
    bool lengths = chaining_of(s) == GCM && gcmph_of(s) == FINAL;

    if (s->phase == INPUT) {
        s->data[s->words++] =
            lengths ? value : swap(value, FIELD_EX32(s->cr, CR, DATATYPE));
        if (s->words == 4) {
            start_computation(s);
        }
    } else if (s->phase != IDLE) {
        s->sr |= R_SR_WRERR_MASK;
    }
    update(s);
}

static uint32_t read_dout(Stm32wbAes *s)
{
    uint32_t value = 0;

    if (s->phase == OUTPUT) {
        value = swap(s->data[s->words++], FIELD_EX32(s->cr, CR, DATATYPE));
        if (s->words == 4) {
            s->phase = INPUT;
            s->words = 0;
        }
    } else if (s->phase != IDLE) {
        s->sr |= R_SR_RDERR_MASK;
    }
    update(s);
    return value;
}

static uint32_t *bank(Stm32wbAes *s, hwaddr offset)
{
    switch (offset) {
    case A_KEYR0 ... A_KEYR0 + 0xc:
        return &s->key[(offset - A_KEYR0) / 4];
    case A_KEYR4 ... A_KEYR4 + 0xc:
        return &s->key[4 + (offset - A_KEYR4) / 4];
    case A_IVR0 ... A_IVR0 + 0xc:
        return &s->iv[(offset - A_IVR0) / 4];
    case A_SUSP0R ... A_SUSP0R + 0x1c:
        return &s->susp[(offset - A_SUSP0R) / 4];
    default:
        return NULL;
    }
}

static uint32_t aes_read(Stm32wbBlock *b, hwaddr offset)
{
    Stm32wbAes *s = STM32WB_AES(b);
    uint32_t *reg = bank(s, offset);

    if (b->access_size != 4) {
        b->bus_error = true; /* RM0434: word accesses only */
        return 0;
    }
    if (reg) {
        return *reg;
    }
    switch (offset) {
    case A_CR:
        return s->cr;
    case A_SR:
        /* BUSY means something in the payload phase of GCM encryption only */
        return FIELD_DP32(s->sr, SR, BUSY,
                          s->phase == COMPUTE && chaining_of(s) == GCM &&
                          gcmph_of(s) == PAYLOAD && mode_of(s) == ENCRYPT);
    case A_DINR:
        return 0;
    case A_DOUTR:
        return read_dout(s);
    }
    if (offset >= A_IDS && stm32wb_register_reset(b->name, offset)) {
        return stm32wb_register_reset(b->name, offset);
    }
    return stm32wb_block_unmodelled_read(b, offset);
}

static void aes_write(Stm32wbBlock *b, hwaddr offset, uint32_t value,
                      uint32_t mask)
{
    Stm32wbAes *s = STM32WB_AES(b);
    uint32_t *reg = bank(s, offset);

    if (b->access_size != 4) {
        b->bus_error = true; /* RM0434: word accesses only */
        return;
    }
    if (reg) {
        if (s->cr & R_CR_EN_MASK) {
            qemu_log_mask(LOG_GUEST_ERROR,
                          "%s: write of 0x%" HWADDR_PRIx " while enabled\n",
                          b->name, offset);
        } else {
            *reg = value;
        }
        return;
    }
    switch (offset) {
    case A_CR:
        write_cr(s, value);
        break;
    case A_DINR:
        write_din(s, value);
        break;
    case A_SR:
    case A_DOUTR:
        break; /* read only */
    default:
        if (!stm32wb_register_reset(b->name, offset)) {
            stm32wb_block_unmodelled_write(b, offset, value);
        }
        break;
    }
}

/* ---- device ---- */

static void aes_clock_changed(Stm32wbBlock *b)
{
    stm32wb_countdown_clock_changed(&STM32WB_AES(b)->computation);
}

static void aes_reset_hold(Object *obj, ResetType type)
{
    Stm32wbAes *s = STM32WB_AES(obj);

    s->cr = 0;
    s->sr = 0;
    memset(s->key, 0, sizeof(s->key));
    memset(s->iv, 0, sizeof(s->iv));
    memset(s->susp, 0, sizeof(s->susp));
    memset(s->data, 0, sizeof(s->data));
    stop(s);
}

static void aes_reset_exit(Object *obj, ResetType type)
{
    update(STM32WB_AES(obj));
}


static int aes_post_load(void *opaque, int version_id)
{
    Stm32wbAes *s = opaque;

    if (s->words >= 4 || s->phase > OUTPUT) {
        return -EINVAL;
    }
    prepare_keys(s);
    return 0;
}

static const VMStateDescription aes_vmstate = {
    .name = TYPE_STM32WB_AES,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = aes_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_STM32WB_BLOCK(parent_obj, Stm32wbAes),
        VMSTATE_STM32WB_COUNTDOWN(computation, Stm32wbAes),
        VMSTATE_UINT32(cr, Stm32wbAes),
        VMSTATE_UINT32(sr, Stm32wbAes),
        VMSTATE_UINT32_ARRAY(key, Stm32wbAes, 8),
        VMSTATE_UINT32_ARRAY(iv, Stm32wbAes, 4),
        VMSTATE_UINT32_ARRAY(susp, Stm32wbAes, 8),
        VMSTATE_UINT32_ARRAY(data, Stm32wbAes, 4),
        VMSTATE_UINT8(phase, Stm32wbAes),
        VMSTATE_UINT8(words, Stm32wbAes),
        VMSTATE_END_OF_LIST()
    },
};

static void aes_init(Object *obj)
{
    Stm32wbAes *s = STM32WB_AES(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->dma_in, "in", 1);
    qdev_init_gpio_out_named(DEVICE(obj), &s->dma_out, "out", 1);
    stm32wb_countdown_init(&s->computation, STM32WB_BLOCK(obj)->bus, computed,
                           s);
}

static void aes_finalize(Object *obj)
{
    stm32wb_countdown_finish(&STM32WB_AES(obj)->computation);
}

static void aes_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    Stm32wbBlockClass *bc = STM32WB_BLOCK_CLASS(klass);

    dc->vmsd = &aes_vmstate;
    rc->phases.hold = aes_reset_hold;
    rc->phases.exit = aes_reset_exit;
    bc->read = aes_read;
    bc->write = aes_write;
    bc->clock_changed = aes_clock_changed;
}

static const TypeInfo aes_types[] = {
    {
        .name = TYPE_STM32WB_AES,
        .parent = TYPE_STM32WB_BLOCK,
        .instance_size = sizeof(Stm32wbAes),
        .instance_init = aes_init,
        .instance_finalize = aes_finalize,
        .class_init = aes_class_init,
    },
};

DEFINE_TYPES(aes_types)
