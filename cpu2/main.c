// SPDX-License-Identifier: Apache-2.0
/*
 * main.c - the router between CPU1, the controller and the ACI host, and the loop that drives them.
 *
 * The loop sleeps until an interrupt was served, then lets everybody do what is due. Interrupt
 * handlers say nothing to it: start.c notes that one ran.
 */
#include <string.h>

#include "chip.h"
#include "h4.h"
#include "hci.h"
#include "ipcc.h"
#include "mailbox.h"
#include "nvm.h"
#include "system.h"

#define EVENT_COMMAND_COMPLETE 0x0e
#define COMMAND_DISALLOWED 0x0c
#define UNKNOWN_COMMAND 0x01
#define OGF_VENDOR 0x3f

extern volatile bool interrupted; /* start.c */
_Noreturn void start_again(void); /* start.c */
int main(void);

static bool ble_started, link_layer_only;
static bool outside; /* the host is at the H4 port, not in CPU1 */
static uint8_t packet[COMMAND_MAX > HCI_ACL_MAX ? COMMAND_MAX : HCI_ACL_MAX];

/* ---- the chip ---- */

uint32_t now_us(void)
{
    return RADIO_TIME;
}

/* The RNG's clock is CPU1's business; without one we turn HSI48 on, which is CLK48's default. */
static uint32_t random_word(void)
{
    if (!(RCC_C2AHB3ENR & RCC_AHB3_RNG)) {
        RCC_C2AHB3ENR |= RCC_AHB3_RNG;
        RNG_CR = RNG_CR_RNGEN;
    }
    if (RNG_SR & RNG_SR_CECS) {
        RCC_CRRCR |= RCC_CRRCR_HSI48ON;
    }
    while (!(RNG_SR & RNG_SR_DRDY)) {
    }
    return RNG_DR;
}

void random_octets(uint8_t *out, size_t n)
{
    uint32_t word = 0;

    for (size_t i = 0; i < n; i++, word >>= 8) {
        if (i % 4 == 0) {
            word = random_word();
        }
        out[i] = (uint8_t)word;
    }
}

/* As ST's applications make one of the part's number: 24 bits of company, 8 of device, 16 of unit.
 */
static void public_address(uint8_t address[6])
{
    uint32_t unit = UID64_LOW, device = UID64_HIGH;

    address[0] = (uint8_t)unit;
    address[1] = (uint8_t)(unit >> 8);
    address[2] = (uint8_t)device;
    address[3] = (uint8_t)(device >> 8);
    address[4] = (uint8_t)(device >> 16);
    address[5] = (uint8_t)(device >> 24);
}

static void start_controller(void)
{
    uint8_t address[6];

    public_address(address);
    RCC_C2APB3ENR |= RCC_APB3_BLE;
    irq_enable(IRQ_RADIO);
    controller_init(address);
    host_init(address);
    PWR_C2CR1 = (PWR_C2CR1 & ~PWR_LPMS) | PWR_LPMS_STOP2; /* our SRAM is not to be lost now */
    ble_started = true;
}

void platform_start_ble(const struct ble_parameters *parameters)
{
    if (outside) {
        return;
    }
    start_controller();
    nvm_load();
    host_set_max_mtu(parameters->att_mtu);
    link_layer_only = parameters->link_layer_only;
}

void platform_reinit(void)
{
    nvm_finish();
    irqs_off();
    RADIO_CR = 0;
    RADIO_IER = 0;
    NVIC_ICER = NVIC_ICPR = ~0u;
    SCB_SCR = SCB_SCR_SLEEPDEEP;
    __asm__ volatile("sev\n\twfe\n\twfe" ::: "memory");
    SCB_SCR = 0;
    start_again();
}

void platform_set_clock(uint8_t how)
{
    uint32_t source = how == 0 ? RCC_CFGR_SW_PLL : RCC_CFGR_SW_HSE;

    RCC_CFGR = (RCC_CFGR & ~RCC_CFGR_SW) | source;
    while ((RCC_CFGR >> 2 & RCC_CFGR_SW) != source) {
    }
    if (how == 2) {
        RCC_CR &= ~RCC_CR_PLLON;
    }
}

/* ---- to the host ---- */

bool router_event(const uint8_t *event, size_t len)
{
    if (outside) {
        h4_send(H4_EVENT, event, len);
        return true;
    }
    return host_takes_event(event, len) || mailbox_ble_event(event, len);
}

bool router_acl(const uint8_t *acl, size_t len)
{
    if (outside) {
        h4_send(H4_ACL, acl, len);
        return true;
    }
    if (!host_is_active()) {
        return mailbox_acl(acl, len);
    }
    return host_has_room() && (host_takes_acl(acl, len) || mailbox_acl(acl, len));
}

bool host_to_cpu1(const uint8_t *event, size_t len)
{
    return mailbox_ble_event(event, len);
}

void router_record_changed(unsigned n)
{
    nvm_changed(n);
}

/* ---- to the controller ---- */

void router_host_command(const uint8_t *command, size_t len)
{
    controller_command(command, len);
}

bool router_host_acl(const uint8_t *acl, size_t len)
{
    return controller_acl(acl, len);
}

static void refuse(const uint8_t *command, uint8_t status, bool (*send)(const uint8_t *, size_t))
{
    const uint8_t event[] = {EVENT_COMMAND_COMPLETE, 4, 1, command[0], command[1], status};

    send(event, sizeof(event));
}

/* The command's buffer is free for its answer as soon as it is copied. */
static void ble_command(void)
{
    size_t len = mailbox_receive(CHANNEL_BLE, packet, sizeof(packet));

    mailbox_taken(CHANNEL_BLE);
    if (!len) {
        return;
    }
    if (!ble_started || outside) {
        refuse(packet, COMMAND_DISALLOWED, mailbox_ble_event);
    } else if (packet[1] >> 2 == OGF_VENDOR) {
        host_command(packet, len);
    } else {
        controller_command(packet, len);
    }
}

static void acl_data(void)
{
    size_t len = mailbox_receive(CHANNEL_ACL, packet, sizeof(packet));

    if (len && ble_started && !outside && !host_is_active()) {
        controller_acl(packet, len);
    }
    mailbox_taken(CHANNEL_ACL);
}

/* ---- a host at the H4 port ---- */

/*
 * The link layer answers within 90 us, for which 4 MHz are too few. SYSCLK is CPU1's business, but
 * here there may be no CPU1.
 */
static void leave_msi(void)
{
    if (RCC_CFGR >> 2 & RCC_CFGR_SW) {
        return;
    }
    RCC_CR |= RCC_CR_HSEON;
    while (!(RCC_CR & RCC_CR_HSERDY)) {
    }
    platform_set_clock(1);
}

static void start_outside(void)
{
    outside = true;
    leave_msi();
    start_controller();
    h4_start();
}

static void serve_outside(void)
{
    size_t len;
    uint8_t type;

    while ((type = h4_receive(packet, sizeof(packet), &len)) != H4_NOTHING) {
        if (type == H4_ACL) {
            controller_acl(packet, len);
        } else if (packet[1] >> 2 == OGF_VENDOR) {
            refuse(packet, UNKNOWN_COMMAND, router_event);
        } else {
            controller_command(packet, len);
        }
    }
}

/* ---- the loop ---- */

static void serve_mailbox(void)
{
    uint32_t events = ipcc_take();

    mailbox_work(events);
    if (events & IPCC_RECEIVED(CHANNEL_SYSTEM)) {
        size_t len = mailbox_receive(CHANNEL_SYSTEM, packet, sizeof(packet));

        if (len) {
            system_command(packet, len);
        } else {
            mailbox_taken(CHANNEL_SYSTEM);
        }
    }
    if (events & IPCC_RECEIVED(CHANNEL_BLE)) {
        ble_command();
    }
    if (events & IPCC_RECEIVED(CHANNEL_ACL)) {
        acl_data();
    }
}

static bool alarm_set; /* COMPARE3 of the radio: the host's */

/* One that is too early only wakes. False: it is due already. */
static bool set_alarm(void)
{
    static uint32_t alarm_us;
    bool wanted = false;
    uint32_t now, then;

    if (!host_is_active()) {
        return true;
    }
    now = now_us();
    alarm_set = alarm_set && (int32_t)(alarm_us - now) > 0;
    then = host_next_us(now, &wanted);
    if (wanted && (int32_t)(then - now) <= 0) {
        return false;
    }
    if (wanted && (!alarm_set || then != alarm_us)) {
        uint32_t primask = irqs_off();

        RADIO_CCR3 = alarm_us = then;
        RADIO_CCER = RADIO_CC3;
        RADIO_IER |= RADIO_COMPARE3;
        irqs_restore(primask);
        alarm_set = true;
    }
    return true;
}

void irq_RADIO(void)
{
    if (RADIO_SR & RADIO_COMPARE3) {
        RADIO_SR = RADIO_COMPARE3;
    }
    controller_interrupt();
}

static bool work(void)
{
    bool more = false;

    serve_mailbox();
    if (outside) {
        serve_outside();
    }
    if (ble_started) {
        more = controller_work();
        more |= host_work();
        nvm_work();
        more |= !set_alarm();
    }
    return more;
}

/*
 * Deep, that is CStop, while nobody but CPU1 can want something: PWR shows it (C2DS), and the
 * system may stop. The radio's time needs HSE. An interrupt between the work and the WFI keeps its
 * pending bit, which ends the WFI.
 */
static void sleep_until_interrupted(void)
{
    uint32_t primask = irqs_off();

    if (!interrupted) {
        bool deep = !outside && !alarm_set && !nvm_is_busy() &&
                    (!ble_started || controller_is_idle());

        SCB_SCR = deep ? SCB_SCR_SLEEPDEEP : 0;
        wfi();
    }
    irqs_restore(primask);
}

int main(void)
{
    if (h4_connected()) {
        start_outside();
    }
    if (mailbox_init()) {
        system_start();
    }
    for (;;) {
        interrupted = false;
        if (!work()) {
            sleep_until_interrupted();
        }
    }
}
