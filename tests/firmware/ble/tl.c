// SPDX-License-Identifier: Apache-2.0
#include "tl.h"

#include "test.h"

void *memcpy(void *restrict to, const void *restrict from, size_t len);

/* channels, from 0 */
enum { BLE, SYSTEM, RELEASE = 3, TRACES = 3, ACL = 5 };
#define CLEAR(channel) (1u << (channel))
#define SET(channel) (1u << (16 + (channel)))
#define OCCUPIED_MASK(channel) (1u << (channel))
#define FREE_MASK(channel) (1u << (16 + (channel)))

#define EVENT_COMMAND_COMPLETE 0x0e
#define EVENT_COMMAND_STATUS 0x0f
#define EVENT_VENDOR 0xff

#define ANSWER_US 300000 /* the vendor's code waits 33 s */

struct node {
    volatile uint32_t next, prev;
};

/* CPU2 sees what was written before the flag. */
static void tell(unsigned channel)
{
    __asm__ volatile("dmb" ::: "memory");
    IPCC_C1SCR = SET(channel);
}

/* ---- shared memory: the vendor's sections MAPPING_TABLE, MB_MEM1 and MB_MEM2 ---- */

#define MAPPING_TABLE __attribute__((section(".mapping_table")))
#define MB_MEM1 __attribute__((section(".mb_mem1"), aligned(4)))
#define MB_MEM2 __attribute__((section(".mb_mem2"), aligned(4)))

MAPPING_TABLE static volatile uint32_t reference[10];
MB_MEM1 static volatile uint32_t device_info[8];
MB_MEM1 static volatile uint32_t ble_table[4];
MB_MEM1 static volatile uint32_t thread_table[4];
MB_MEM1 static volatile uint32_t lld_tests_table[2];
MB_MEM1 static volatile uint32_t ble_lld_table[2];
MB_MEM1 static volatile uint32_t system_table[2];
MB_MEM1 static volatile uint32_t memory_table[7];
MB_MEM1 static volatile uint32_t traces_table[1];
MB_MEM1 static volatile uint32_t mac_table[3];
MB_MEM1 static volatile uint32_t zigbee_table[3];
MB_MEM1 static struct node free_queue, traces_queue, event_queue, system_queue;
MB_MEM2 static uint8_t status_buffer[8 + 3 + 4];
MB_MEM1 static struct tl_packet ble_command;
MB_MEM2 static struct tl_packet system_command;
MB_MEM2 static struct tl_packet acl_data;
MB_MEM2 static uint8_t event_pool[TL_POOL_SLOTS * 268];
MB_MEM2 static uint8_t spare_system[8 + 3 + 255], spare_ble[8 + 3 + 255];

/* ---- lists, stm_list.c ---- */

static uint32_t irq_save(void)
{
    uint32_t primask;

    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask)::"memory");
    return primask;
}

static void irq_restore(uint32_t primask)
{
    __asm__ volatile("msr primask, %0" ::"r"(primask) : "memory");
}

static struct node *node_at(uint32_t address)
{
    return (struct node *)address;
}

static void list_init(struct node *head)
{
    head->next = head->prev = (uint32_t)head;
}

static bool list_empty(struct node *head)
{
    return head->next == (uint32_t)head;
}

static void insert_tail(struct node *head, void *what)
{
    uint32_t primask = irq_save();
    struct node *node = what;

    node->next = (uint32_t)head;
    node->prev = head->prev;
    head->prev = (uint32_t)node;
    node_at(node->prev)->next = (uint32_t)node;
    irq_restore(primask);
}

static void *remove_head(struct node *head)
{
    uint32_t primask = irq_save();
    struct node *node = node_at(head->next);

    node_at(node->prev)->next = node->next;
    node_at(node->next)->prev = node->prev;
    irq_restore(primask);
    return node;
}

/* ---- time ---- */

#define TICK_US 1000u

static volatile uint32_t ticks;

void exc_SysTick(void)
{
    ticks++;
}

uint64_t tl_us(void)
{
    uint32_t before, left;

    do {
        before = ticks;
        left = SYST_CVR;
    } while (ticks != before);
    return (uint64_t)before * TICK_US + (SYST_RVR - left) / (core_hz / 1000000);
}

/* Sleep until *flag or the time is over; interrupts end the sleep, the tick at the latest. */
static bool wait_for(bool (*done)(void), uint32_t us)
{
    uint64_t end = tl_us() + us;
    bool is_done;

    for (;;) {
        irqs_off();
        is_done = done();
        if (is_done || tl_us() >= end) {
            irqs_on();
            return is_done;
        }
        wfi();
        irqs_on();
    }
}

static bool never(void)
{
    return false;
}

void tl_sleep_us(uint32_t us)
{
    wait_for(never, us);
}

/* ---- hw_ipcc.c ---- */

static volatile bool system_answered, command_answered, acl_free = true;
static struct node local_free, asynchronous, system_events, answers, traces;

static bool rx_pending(unsigned channel)
{
    return IPCC_C2TOC1SR & ~IPCC_C1MR & OCCUPIED_MASK(channel);
}

static bool tx_pending(unsigned channel)
{
    return ~IPCC_C1TO2SR & ~(IPCC_C1MR >> 16) & OCCUPIED_MASK(channel);
}

static void take_events(void)
{
    while (!list_empty(&event_queue)) {
        struct tl_packet *packet = remove_head(&event_queue);

        if (packet->type == 4 && (packet->data[0] == EVENT_COMMAND_COMPLETE ||
                                  packet->data[0] == EVENT_COMMAND_STATUS)) {
            insert_tail(&answers, packet);
            command_answered = true;
        } else {
            insert_tail(&asynchronous, packet);
        }
    }
    IPCC_C1SCR = CLEAR(BLE);
}

static void take_queue(struct node *from, struct node *to, unsigned channel)
{
    while (!list_empty(from)) {
        insert_tail(to, remove_head(from));
    }
    IPCC_C1SCR = CLEAR(channel);
}

/* HW_IPCC_Rx_Handler: one channel a call */
void irq_IPCC_RX(void)
{
    if (rx_pending(SYSTEM)) {
        take_queue(&system_queue, &system_events, SYSTEM);
    } else if (rx_pending(BLE)) {
        take_events();
    } else if (rx_pending(TRACES)) {
        take_queue(&traces_queue, &traces, TRACES);
    }
}

static void send_free(void)
{
    while (!list_empty(&local_free)) {
        insert_tail(&free_queue, remove_head(&local_free));
    }
}

/* HW_IPCC_Tx_Handler */
void irq_IPCC_TX(void)
{
    if (tx_pending(SYSTEM)) {
        IPCC_C1MR |= FREE_MASK(SYSTEM);
        system_answered = true;
    } else if (tx_pending(RELEASE)) {
        IPCC_C1MR |= FREE_MASK(RELEASE);
        send_free();
        tell(RELEASE);
    } else if (tx_pending(ACL)) {
        IPCC_C1MR |= FREE_MASK(ACL);
        acl_free = true;
    }
}

/* TL_MM_EvtDone() and HW_IPCC_MM_SendFreeBuf() */
void tl_release(struct tl_packet *packet)
{
    insert_tail(&local_free, packet);
    if (IPCC_C1TO2SR & OCCUPIED_MASK(RELEASE)) {
        IPCC_C1MR &= ~FREE_MASK(RELEASE);
    } else {
        send_free();
        tell(RELEASE);
    }
}

/* ---- start: main.c and app_entry.c of the vendor's applications ---- */

static void reset_ipcc(void)
{
    RCC_AHB3ENR |= 1u << 20;
    IPCC_C1SCR = 0x3f;
    IPCC_C2SCR = 0x3f;
    IPCC_C1MR |= 0x3fu << 16;
    IPCC_C2MR |= 0x3fu << 16;
    IPCC_C1MR |= 0x3f;
    IPCC_C2MR |= 0x3f;
}

/* TL_Init() */
static void init_tables(void)
{
    reference[0] = (uint32_t)device_info;
    reference[1] = (uint32_t)ble_table;
    reference[2] = (uint32_t)thread_table;
    reference[8] = (uint32_t)lld_tests_table;
    reference[9] = (uint32_t)ble_lld_table;
    reference[3] = (uint32_t)system_table;
    reference[4] = (uint32_t)memory_table;
    reference[5] = (uint32_t)traces_table;
    reference[6] = (uint32_t)mac_table;
    reference[7] = (uint32_t)zigbee_table;
    RCC_AHB3ENR |= 1u << 20;
    IPCC_C1CR |= 1u << 0;
    IPCC_C1CR |= 1u << 16;
    irq_enable(IRQ_IPCC_RX);
    irq_enable(IRQ_IPCC_TX);
}

/* TL_SYS_Init() */
static void init_system(void)
{
    list_init(&system_events);
    list_init(&system_queue);
    system_table[0] = (uint32_t)&system_command;
    system_table[1] = (uint32_t)&system_queue;
    IPCC_C1MR &= ~OCCUPIED_MASK(SYSTEM);
}

/* TL_MM_Init() */
static void init_memory(void)
{
    list_init(&free_queue);
    list_init(&local_free);
    memory_table[2] = (uint32_t)event_pool;
    memory_table[3] = sizeof(event_pool);
    memory_table[4] = (uint32_t)&free_queue;
    memory_table[0] = (uint32_t)spare_ble;
    memory_table[1] = (uint32_t)spare_system;
    memory_table[5] = 0;
    memory_table[6] = 0;
}

/* TL_TRACES_Init() */
static void init_traces(void)
{
    list_init(&traces);
    list_init(&traces_queue);
    traces_table[0] = (uint32_t)&traces_queue;
    IPCC_C1MR &= ~OCCUPIED_MASK(TRACES);
}

/* hci_init() and TL_BLE_Init() */
void tl_init_ble(void)
{
    list_init(&answers);
    list_init(&asynchronous);
    list_init(&event_queue);
    ble_table[0] = (uint32_t)&ble_command;
    ble_table[3] = (uint32_t)&acl_data;
    ble_table[1] = (uint32_t)status_buffer;
    ble_table[2] = (uint32_t)&event_queue;
    IPCC_C1MR &= ~OCCUPIED_MASK(BLE);
}

void tl_init(void)
{
    clock_hse32();
    SYST_RVR = core_hz / 1000000 * TICK_US - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    reset_ipcc();
    EXTI_C1IMR2 |= 1u << (36 - 32) | 1u << (38 - 32);
    PWR_C2CR1 = (PWR_C2CR1 & ~7u) | 4u; /* LL_C2_PWR_SetPowerMode(SHUTDOWN) */
    init_tables();
    init_system();
    init_memory();
}

/* HW_IPCC_Enable() */
void tl_enable(void)
{
    RCC_C2AHB3ENR |= 1u << 20;
    EXTI_RTSR2 |= 1u << (41 - 32);
    EXTI_C2EMR2 |= 1u << (41 - 32);
    __asm__ volatile("sev\n\twfe" ::: "memory");
    PWR_CR4 |= 1u << 15;
}

void tl_info(struct tl_info *info)
{
    const volatile uint32_t *table =
        *(const volatile uint32_t **)(SRAM2A_MEMORY + 4 * (FLASH_IPCCBR & 0x3fff));

    info->version = table[4];
    info->memory = table[5];
    info->stack = table[6];
    info->fus_version = table[1];
}

/* ---- commands ---- */

static void fill(struct tl_packet *command, uint8_t type, unsigned opcode, const void *parameters,
                 size_t len)
{
    command->data[0] = (uint8_t)opcode;
    command->data[1] = (uint8_t)(opcode >> 8);
    command->data[2] = (uint8_t)len;
    memcpy(command->data + 3, parameters, len);
    command->type = type;
}

static bool system_is_answered(void)
{
    return system_answered;
}

/* An answer without links: type, 0x0e, length, number of commands, opcode, status, ... */
unsigned shci(unsigned ocf, const void *parameters, size_t len, void *answer, size_t room)
{
    const uint8_t *rsp = (const uint8_t *)&system_command;
    size_t more;

    fill(&system_command, 0x10, 0xfc00 | ocf, parameters, len);
    system_answered = false;
    tell(SYSTEM);
    IPCC_C1MR &= ~FREE_MASK(SYSTEM);
    if (!wait_for(system_is_answered, ANSWER_US)) {
        return TL_TIMEOUT;
    }
    if (rsp[0] != 0x11 || rsp[1] != EVENT_COMMAND_COMPLETE || rsp[2] < 4 ||
        rsp[4] != (uint8_t)ocf) {
        return TL_TIMEOUT;
    }
    more = rsp[2] - 4u;
    memcpy(answer, rsp + 7, more < room ? more : room);
    return rsp[6];
}

unsigned shci_ble_init(void)
{
    static const uint8_t parameters[] = {
        0,    0,    0,    0,    0,    0,    0, 0, /* buffer: not used */
        68,   0,    8,    0,    0x40, 5,          /* attributes, services, their values' size */
        2,    1,    0x3a, 0x79,          /* links, data length extension, prepared writes, blocks */
        156,  0,    0xf4, 1,    0,    0, /* ATT_MTU, accuracies, clock */
        0xff, 0xff, 0xff, 0xff, 0x48, 1, /* connection event, HSE start-up */
        1,    0,    0,                   /* Viterbi, options, hardware version */
        32,   0xd8, 6,    0,    3,    0x9e, 6, /* CoC, power, RX model, advertising sets and data */
        0,    0,    0,    0,    13,   0,    4, /* path compensation, version 5.4, EATT */
    };

    return shci(0x66, parameters, sizeof(parameters), NULL, 0);
}

size_t hci_answer_len;
bool hci_release_answers;

void hci_send(unsigned opcode, const void *parameters, size_t len)
{
    command_answered = false;
    fill(&ble_command, 1, opcode, parameters, len);
    tell(BLE);
}

static bool command_is_answered(void)
{
    return command_answered;
}

/* hci_send_req(): events of other commands are thrown away; a count of 0 is no answer */
unsigned hci(unsigned opcode, const void *parameters, size_t len, void *answer, size_t room)
{
    unsigned status = TL_TIMEOUT;
    bool more = true;

    hci_answer_len = 0;
    hci_send(opcode, parameters, len);
    while (more) {
        if (!wait_for(command_is_answered, ANSWER_US)) {
            return TL_TIMEOUT;
        }
        command_answered = false;
        while (!list_empty(&answers)) {
            struct tl_packet *packet = remove_head(&answers);
            const uint8_t *e = packet->data;

            if (e[0] == EVENT_COMMAND_STATUS) {
                more = more && !e[3];
                status = (e[4] | e[5] << 8) == (int)opcode ? e[2] : status;
            } else {
                more = more && !e[2];
                if ((e[3] | e[4] << 8) == (int)opcode) {
                    status = e[5];
                    hci_answer_len = e[1] - 4u;
                    memcpy(answer, e + 6, hci_answer_len < room ? hci_answer_len : room);
                }
            }
            if (hci_release_answers) {
                tl_release(packet);
            }
        }
    }
    return status;
}

/* ---- events and data ---- */

static bool have_event(void)
{
    return !list_empty(&asynchronous);
}

static bool have_system_event(void)
{
    return !list_empty(&system_events);
}

struct tl_packet *tl_event(uint32_t us)
{
    return wait_for(have_event, us) ? remove_head(&asynchronous) : NULL;
}

struct tl_packet *tl_system_event(uint32_t us)
{
    return wait_for(have_system_event, us) ? remove_head(&system_events) : NULL;
}

bool tl_send_acl(const void *packet, size_t len)
{
    if (!acl_free) {
        return false;
    }
    acl_free = false;
    memcpy(acl_data.data, packet, len);
    acl_data.type = 2;
    tell(ACL);
    IPCC_C1MR &= ~FREE_MASK(ACL);
    return true;
}

void *tl_nvm;

/* APPE_SysEvtReadyProcessing() and APP_BLE_Init(), as far as the stack's start goes */
bool tl_start_ble(void)
{
    uint8_t config[] = {15, tl_nvm ? 1 : 0, 0x7f, 0,    0,   0, 0, 0, 0, 0, 0,
                        0,  0x03,           0x20, 0x95, 0x04};
    static const uint8_t debug[15];
    struct tl_packet *ready;

    memcpy(config + 4, &tl_nvm, sizeof(tl_nvm));
    tl_init();
    tl_enable();
    ready = tl_system_event(1000000);
    if (!ready || ready->data[0] != EVENT_VENDOR || ready->data[2] != 0x00 ||
        ready->data[3] != 0x92) {
        return false;
    }
    init_traces();
    if (shci(0x68, debug, sizeof(debug), NULL, 0) || shci(0x75, config, sizeof(config), NULL, 0)) {
        return false;
    }
    tl_init_ble();
    if (shci_ble_init()) {
        return false;
    }
    tl_release(ready);
    return true;
}
