/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usbredir_client.c - the guest's side of a usbredir connection, for tests/e2e/usbredir.sh:
 *
 *     usbredir-client PORT COMMAND…
 *
 * connects to 127.0.0.1:PORT, carries the commands out one after the other, and prints a line for
 * each thing that happens. Commands:
 *
 *   wait                     for the device
 *   reset                    of the device
 *   config N                 set configuration
 *   alt INTERFACE N          set alternate setting
 *   get TYPE REQUEST VALUE INDEX LENGTH    control transfer from the device, printed as hex
 *   set TYPE REQUEST VALUE INDEX [HEX]     to the device
 *   out ENDPOINT TEXT        bulk transfer; "" is an empty one
 *   in ENDPOINT LENGTH       bulk transfer, printed as text
 *   cancel ENDPOINT          a bulk IN transfer, taken back
 *   report ENDPOINT          the next interrupt packet
 *   stream ENDPOINT          start an isochronous stream
 *   still ENDPOINT           stop it
 *   packet ENDPOINT TEXT     an isochronous packet
 *   packets N                wait for as many, printed as hex
 *   await HEX                wait for one that ends like that
 *   raw HEX                  bytes past the parser
 *   gone                     wait until the device has gone
 *
 * Exit code 0: all replies came; 1: not; 2: used wrongly.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirparser.h>

#define TIMEOUT_MS 60000
#define RETRY_MS 50

static struct usbredirparser *parser;
static int fd = -1;
static uint64_t id; /* of the transfer that is waited for */
static bool greeted, closed, connected, replied, gone;
static unsigned packets_wanted;
static uint8_t awaited[64];
static size_t awaited_length;

/* ---- what comes ---- */

static void on_log(void *priv, int level, const char *message)
{
    (void)priv;
    if (level <= usbredirparser_warning) {
        printf("parser: %s\n", message);
    }
}

static int on_read(void *priv, uint8_t *data, int count)
{
    ssize_t n = recv(fd, data, (size_t)count, MSG_DONTWAIT);

    (void)priv;
    closed = closed || n == 0 || (n < 0 && errno == ECONNRESET);
    return n > 0 ? (int)n : 0;
}

static int on_write(void *priv, uint8_t *data, int count)
{
    (void)priv;
    return (int)send(fd, data, (size_t)count, MSG_NOSIGNAL);
}

static void on_hello(void *priv, struct usb_redir_hello_header *hello)
{
    (void)priv;
    printf("hello from %.64s\n", hello->version);
    greeted = true;
}

static void on_connect(void *priv, struct usb_redir_device_connect_header *h)
{
    (void)priv;
    printf("device %04x:%04x speed %u version %04x\n", h->vendor_id, h->product_id, h->speed,
           h->device_version_bcd);
    connected = true;
}

static void on_disconnect(void *priv)
{
    (void)priv;
    printf("device gone\n");
    gone = true;
}

static void on_interfaces(void *priv, struct usb_redir_interface_info_header *h)
{
    (void)priv;
    for (unsigned i = 0; i < h->interface_count && i < 32; i++) {
        printf("interface %u class %u\n", h->interface[i], h->interface_class[i]);
    }
}

static void on_endpoints(void *priv, struct usb_redir_ep_info_header *h)
{
    (void)priv;
    for (unsigned i = 0; i < 32; i++) {
        if (h->type[i] != usb_redir_type_invalid) {
            printf("endpoint %02x type %u interval %u interface %u size %u\n",
                   (i & 15) | (i & 16) << 3, h->type[i], h->interval[i], h->interface[i],
                   h->max_packet_size[i]);
        }
    }
}

static void on_configuration(void *priv, uint64_t of,
                             struct usb_redir_configuration_status_header *h)
{
    (void)priv;
    printf("configuration %u status %u\n", h->configuration, h->status);
    replied = replied || of == id;
}

static void on_interrupt_status(void *priv, uint64_t of,
                                struct usb_redir_interrupt_receiving_status_header *h)
{
    (void)priv;
    (void)of;
    printf("receiving on %02x status %u\n", h->endpoint, h->status);
}

static void on_control(void *priv, uint64_t of, struct usb_redir_control_packet_header *h,
                       uint8_t *data, int length)
{
    (void)priv;
    printf("control status %u length %u:", h->status, h->length);
    for (int i = 0; i < length; i++) {
        printf(" %02x", data[i]);
    }
    printf("\n");
    usbredirparser_free_packet_data(parser, data);
    replied = replied || of == id;
}

static void on_bulk(void *priv, uint64_t of, struct usb_redir_bulk_packet_header *h, uint8_t *data,
                    int length)
{
    (void)priv;
    printf("bulk %02x status %u length %u: %.*s\n", h->endpoint, h->status, h->length, length,
           data ? (const char *)data : "");
    usbredirparser_free_packet_data(parser, data);
    replied = replied || of == id;
}

static void on_interrupt(void *priv, uint64_t of, struct usb_redir_interrupt_packet_header *h,
                         uint8_t *data, int length)
{
    (void)priv;
    (void)of;
    printf("interrupt %02x status %u length %u: %.*s\n", h->endpoint, h->status, h->length, length,
           data ? (const char *)data : "");
    usbredirparser_free_packet_data(parser, data);
    replied = true;
}

static void on_alternate(void *priv, uint64_t of, struct usb_redir_alt_setting_status_header *h)
{
    (void)priv;
    printf("interface %u alternate %u status %u\n", h->interface, h->alt, h->status);
    replied = replied || of == id;
}

static void on_stream(void *priv, uint64_t of, struct usb_redir_iso_stream_status_header *h)
{
    (void)priv;
    printf("stream %02x status %u\n", h->endpoint, h->status);
    replied = replied || of == id;
}

static void on_iso(void *priv, uint64_t of, struct usb_redir_iso_packet_header *h, uint8_t *data,
                   int length)
{
    (void)priv;
    (void)of;
    if (packets_wanted) {
        printf("packet %02x status %u length %u:", h->endpoint, h->status, h->length);
        for (int i = 0; i < length; i++) {
            printf(" %02x", data[i]);
        }
        printf("\n");
        replied = --packets_wanted == 0;
    } else if (awaited_length && (size_t)length >= awaited_length &&
               !memcmp(data + length - awaited_length, awaited, awaited_length)) {
        printf("awaited packet %02x status %u\n", h->endpoint, h->status);
        awaited_length = 0;
        replied = true;
    }
    usbredirparser_free_packet_data(parser, data);
}

/* ---- the connection ---- */

static void open_connection(const char *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(port)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        perror("connect");
        exit(1);
    }
}

static void open_parser(void)
{
    uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};

    parser = usbredirparser_create();
    if (!parser) {
        exit(1);
    }
    parser->log_func = on_log;
    parser->read_func = on_read;
    parser->write_func = on_write;
    parser->hello_func = on_hello;
    parser->device_connect_func = on_connect;
    parser->device_disconnect_func = on_disconnect;
    parser->interface_info_func = on_interfaces;
    parser->ep_info_func = on_endpoints;
    parser->configuration_status_func = on_configuration;
    parser->interrupt_receiving_status_func = on_interrupt_status;
    parser->control_packet_func = on_control;
    parser->bulk_packet_func = on_bulk;
    parser->interrupt_packet_func = on_interrupt;
    parser->alt_setting_status_func = on_alternate;
    parser->iso_stream_status_func = on_stream;
    parser->iso_packet_func = on_iso;
    usbredirparser_caps_set_cap(caps, usb_redir_cap_connect_device_version);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_ep_info_max_packet_size);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_64bits_ids);
    usbredirparser_caps_set_cap(caps, usb_redir_cap_32bits_bulk_length);
    usbredirparser_init(parser, "Orrery test", caps, USB_REDIR_CAPS_SIZE, 0);
}

static void talk_until(const bool *what)
{
    while (!*what) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

        while (usbredirparser_has_data_to_write(parser) && usbredirparser_do_write(parser) == 0) {
        }
        if (poll(&poll_fd, 1, TIMEOUT_MS) <= 0) {
            printf("nothing comes\n");
            exit(1);
        }
        usbredirparser_do_read(parser);
        if (closed) {
            if (what == &greeted) {
                return;
            }
            printf("connection closed\n");
            exit(1);
        }
    }
}

/* The port has one client at a time: while the one before is not forgotten, it hangs up on us. */
static void get_through(const char *port)
{
    for (unsigned i = 0; i < TIMEOUT_MS / RETRY_MS; i++) {
        closed = false;
        open_connection(port);
        open_parser();
        talk_until(&greeted);
        if (greeted) {
            return;
        }
        usbredirparser_destroy(parser);
        close(fd);
        poll(NULL, 0, RETRY_MS);
    }
    printf("nobody answers\n");
    exit(1);
}

/* ---- commands ---- */

static char **words; /* what is left of them */

static const char *word(void)
{
    if (!*words) {
        fprintf(stderr, "usbredir-client: an argument is missing\n");
        exit(2);
    }
    return *words++;
}

static unsigned number(void)
{
    return (unsigned)strtoul(word(), NULL, 0);
}

static size_t hex(const char *text, uint8_t *bytes, size_t room)
{
    size_t n = 0;

    for (unsigned byte; n < room && sscanf(text, "%2x", &byte) == 1; text += 2) {
        bytes[n++] = (uint8_t)byte;
        if (!text[1]) {
            break;
        }
    }
    return n;
}

static void control(bool in)
{
    struct usb_redir_control_packet_header h = {.endpoint = in ? 0x80 : 0};
    uint8_t data[512];
    size_t length = 0;

    h.requesttype = (uint8_t)number();
    h.request = (uint8_t)number();
    h.value = (uint16_t)number();
    h.index = (uint16_t)number();
    if (in) {
        h.length = (uint16_t)number();
    } else {
        length = hex(word(), data, sizeof(data));
        h.length = (uint16_t)length;
    }
    usbredirparser_send_control_packet(parser, id, &h, length ? data : NULL, (int)length);
}

static void bulk_out(void)
{
    struct usb_redir_bulk_packet_header h = {.endpoint = (uint8_t)number()};
    char *text = strdup(word());

    h.length = (uint16_t)strlen(text);
    usbredirparser_send_bulk_packet(parser, id, &h, h.length ? (uint8_t *)text : NULL, h.length);
    free(text);
}

static void bulk_in(unsigned length)
{
    struct usb_redir_bulk_packet_header h = {.endpoint = (uint8_t)number()};

    h.length = (uint16_t)(length ? length : number());
    usbredirparser_send_bulk_packet(parser, id, &h, NULL, 0);
}

static void raw(void)
{
    uint8_t bytes[512];
    size_t length = hex(word(), bytes, sizeof(bytes));

    while (usbredirparser_has_data_to_write(parser) && usbredirparser_do_write(parser) == 0) {
    }
    if (send(fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) {
        exit(1);
    }
}

static void iso_out(void)
{
    struct usb_redir_iso_packet_header h = {.endpoint = (uint8_t)number()};
    char *text = strdup(word());

    h.length = (uint16_t)strlen(text);
    usbredirparser_send_iso_packet(parser, id, &h, (uint8_t *)text, h.length);
    free(text);
}

/* Commands of isochronous endpoints; false: it is another. */
static bool begin_iso(const char *command)
{
    struct usb_redir_set_alt_setting_header alternate;
    struct usb_redir_start_iso_stream_header start = {.pkts_per_urb = 8, .no_urbs = 2};
    struct usb_redir_stop_iso_stream_header stop;

    if (!strcmp(command, "alt")) {
        alternate.interface = (uint8_t)number();
        alternate.alt = (uint8_t)number();
        usbredirparser_send_set_alt_setting(parser, id, &alternate);
    } else if (!strcmp(command, "stream")) {
        start.endpoint = (uint8_t)number();
        usbredirparser_send_start_iso_stream(parser, id, &start);
    } else if (!strcmp(command, "still")) {
        stop.endpoint = (uint8_t)number();
        usbredirparser_send_stop_iso_stream(parser, id, &stop);
    } else if (!strcmp(command, "packets")) {
        packets_wanted = number();
    } else if (!strcmp(command, "await")) {
        awaited_length = hex(word(), awaited, sizeof(awaited));
    } else {
        return false;
    }
    return true;
}

/* True: it has a reply. */
static bool begin(const char *command)
{
    struct usb_redir_set_configuration_header configuration;
    struct usb_redir_start_interrupt_receiving_header interrupt;

    if (!strcmp(command, "reset")) {
        usbredirparser_send_reset(parser);
        return false;
    }
    if (!strcmp(command, "packet")) {
        iso_out();
        return false;
    }
    if (begin_iso(command)) {
        return true;
    }
    if (!strcmp(command, "raw")) {
        raw();
        return false;
    }
    if (!strcmp(command, "config")) {
        configuration.configuration = (uint8_t)number();
        usbredirparser_send_set_configuration(parser, id, &configuration);
    } else if (!strcmp(command, "get") || !strcmp(command, "set")) {
        control(command[0] == 'g');
    } else if (!strcmp(command, "out")) {
        bulk_out();
    } else if (!strcmp(command, "in")) {
        bulk_in(0);
    } else if (!strcmp(command, "cancel")) {
        bulk_in(64);
        usbredirparser_send_cancel_data_packet(parser, id);
    } else if (!strcmp(command, "report")) {
        interrupt.endpoint = (uint8_t)number();
        usbredirparser_send_start_interrupt_receiving(parser, id, &interrupt);
    } else {
        fprintf(stderr, "usbredir-client: no command '%s'\n", command);
        exit(2);
    }
    return true;
}

static void carry_out(const char *command)
{
    if (!strcmp(command, "wait")) {
        talk_until(&connected);
        return;
    }
    if (!strcmp(command, "gone")) {
        talk_until(&gone);
        return;
    }
    id++;
    replied = !begin(command);
    talk_until(&replied);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: usbredir-client PORT COMMAND...\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    get_through(argv[1]);
    words = argv + 2;
    while (*words) {
        carry_out(word());
    }
    while (usbredirparser_has_data_to_write(parser) && usbredirparser_do_write(parser) == 0) {
    }
    usbredirparser_destroy(parser);
    close(fd);
    return 0;
}
