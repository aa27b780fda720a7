/*
 * SSD1312 OLED controller with a 128 x 64 panel
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * SSD1312, "128 x 64 Dot Matrix OLED/PLED Segment/Common Driver with Controller"; its commands are
 * those of the SSD1306, whose manual (revision 1.1, sections 9 and 10) is the one cited here, and of
 * the SSD1306B and SSD1315 that horizontal scrolling has a window of columns. Serial interface with
 * four wires: a byte is a command while D/C# is low, display data while it is high.
 *
 * The panel is one of our own: segment 0 is its left column and COM0 its top row, so that a picture
 * stands upright with segment remap (A0h) and COM direction (C0h) as after reset; COM pins are
 * wired as DAh 12h says. A pixel's grey is the contrast. Not there: charge pump, VCOMH and
 * precharge have no visible effect; fading (23h), scrolling by one column (2Ch, 2Dh), zoom
 * (D6h), the ways of addressing that 20h's bits 7 to 2 choose (SEG-page mode), and reading back.
 *
 * QEMU interface:
 *  + SSI peripheral, chip select low active
 *  + named GPIO input "dc": D/C#
 *  + named GPIO input "res": RES#, low active; floating (2) is high
 *  + a graphic console of 128 x 64 pixels
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/ssi/ssi.h"
#include "migration/vmstate.h"
#include "qom/object.h"
#include "ui/console.h"
#include "power.h"
#include "trace.h"

#define TYPE_SSD1312 "ssd1312"
OBJECT_DECLARE_SIMPLE_TYPE(Ssd1312, SSD1312)

#define COLUMNS 128
#define ROWS 64
#define PAGES (ROWS / 8)
#define ARGS_MAX 6

/* Memory addressing mode (20h) */
enum { MODE_HORIZONTAL, MODE_VERTICAL, MODE_PAGE };

struct Ssd1312 {
    SSIPeripheral parent_obj;

    QemuConsole *con;
    QEMUTimer *scroll_timer;
    Notifier power;
    bool redraw;

    bool data, in_reset; /* the pins */
    uint8_t command, args[ARGS_MAX], arg_count, args_wanted;
    uint8_t ram[PAGES][COLUMNS]; /* bit 0 of a byte is its page's top row */
    uint8_t page, column, mode;
    uint8_t column_start, column_end, page_start, page_end;
    uint8_t contrast, start_line, offset, multiplex, clock, precharge;
    bool segment_remap, com_remap, on, all_on, inverse;
    /* scroll (26h, 27h, 29h, 2Ah, A3h) */
    bool scrolling, scroll_left;
    uint8_t scroll_first, scroll_last, scroll_frames, scroll_rows;
    uint8_t scroll_from, scroll_to; /* columns */
    uint8_t area_top, area_rows, scrolled_rows;
};

/* ---- scrolling ---- */

/* 10.1.15, 8.3: a frame takes D x K x rows periods of the oscillator; K is both phases of precharge + 50. */
static int64_t frame_ns(const Ssd1312 *s)
{
    /* Fosc, by steps of 10 kHz around the usual 370 kHz */
    int64_t hz = 290000 + 10000 * (s->clock >> 4);
    int64_t periods = ((s->clock & 0xf) + 1) *
                      ((s->precharge & 0xf) + (s->precharge >> 4) + 50) *
                      (s->multiplex + 1);

    return periods * NANOSECONDS_PER_SECOND / hz;
}

static void schedule_scroll(Ssd1312 *s)
{
    /* table 9-1, 26h: time interval C[2:0] in frames */
    static const uint16_t frames[] = { 5, 64, 128, 256, 3, 4, 25, 2 };

    timer_mod(s->scroll_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
              frames[s->scroll_frames & 7] * frame_ns(s));
}

static void scroll(void *opaque)
{
    Ssd1312 *s = opaque;
    unsigned from = s->scroll_from, others = s->scroll_to - from;

    for (int page = s->scroll_first; page <= s->scroll_last; page++) {
        uint8_t *row = s->ram[page] + from, out;

        if (s->scroll_left) {
            out = row[0];
            memmove(row, row + 1, others);
            row[others] = out;
        } else {
            out = row[others];
            memmove(row + 1, row, others);
            row[0] = out;
        }
    }
    if (s->area_rows) {
        s->scrolled_rows = (s->scrolled_rows + s->scroll_rows) % s->area_rows;
    }
    s->redraw = true;
    schedule_scroll(s);
}

static void set_scrolling(Ssd1312 *s, bool on)
{
    s->scrolling = on;
    s->scrolled_rows = 0;
    if (on) {
        schedule_scroll(s);
    } else {
        timer_del(s->scroll_timer);
    }
    s->redraw = true;
}

/* ---- commands ---- */

/* Bytes that follow a command (table 9-1). */
static unsigned args_of(uint8_t command)
{
    switch (command) {
    case 0x20: /* memory addressing mode */
    case 0x23: /* fading and blinking */
    case 0x81: /* contrast */
    case 0x8d: /* charge pump */
    case 0xa8: /* multiplex ratio */
    case 0xad: /* internal reference */
    case 0xd3: /* display offset */
    case 0xd5: /* clock */
    case 0xd6: /* zoom */
    case 0xd9: /* precharge */
    case 0xda: /* COM pins */
    case 0xdb: /* VCOMH */
        return 1;
    case 0x21: /* column address */
    case 0x22: /* page address */
    case 0xa3: /* vertical scroll area */
        return 2;
    case 0x29: /* vertical and horizontal scroll */
    case 0x2a:
        return 5;
    case 0x26: /* horizontal scroll */
    case 0x27:
    case 0x2c: /* scroll by one column */
    case 0x2d:
        return 6;
    default:
        return 0;
    }
}

static void guest_error(Ssd1312 *s, const char *what)
{
    qemu_log_mask(LOG_GUEST_ERROR, "ssd1312: command 0x%02x: %s\n", s->command,
                  what);
}

/* Table 9-1: A[6:0], B[6:0] of columns, A[2:0], B[2:0] of pages; drivers do set the other bits. */
static void set_range(Ssd1312 *s, uint8_t *start, uint8_t *end, uint8_t *now,
                      unsigned count)
{
    uint8_t from = s->args[0] % count, to = s->args[1] % count;

    if (from > to) {
        guest_error(s, "range that ends before it starts");
        return;
    }
    *start = *now = from;
    *end = to;
}

static void set_scroll(Ssd1312 *s)
{
    bool vertical = s->command & 0x08;
    uint8_t from = s->args[4] & 0x7f, to = s->args[5] & 0x7f;

    if (s->scrolling) {
        guest_error(s, "scroll set up while it runs"); /* 10.2.3 */
    }
    s->scroll_left = vertical ? s->command == 0x2a : s->command == 0x27;
    s->scroll_first = s->args[1] & 7;
    s->scroll_frames = s->args[2] & 7;
    s->scroll_last = s->args[3] & 7;
    s->scroll_rows = vertical ? s->args[4] & 0x3f : 0;
    if (s->scroll_last < s->scroll_first) {
        guest_error(s, "last page before the first");
        s->scroll_last = s->scroll_first;
    }
    /* SSD1306B, SSD1315: a window; 00h and FFh, the SSD1306's dummies, are all of it */
    s->scroll_from = 0;
    s->scroll_to = COLUMNS - 1;
    if (!vertical && from <= to) {
        s->scroll_from = from;
        s->scroll_to = to;
    } else if (!vertical) {
        guest_error(s, "last column before the first");
    }
}

static void set_area(Ssd1312 *s)
{
    uint8_t top = s->args[0] & 0x3f, rows = s->args[1] & 0x7f;

    if (top + rows > s->multiplex + 1) {
        guest_error(s, "area larger than the display");
        return;
    }
    s->area_top = top;
    s->area_rows = rows;
}

/* Commands that carry their value in themselves. False: none of them. */
static bool short_command(Ssd1312 *s, uint8_t command)
{
    switch (command) {
    case 0x00 ... 0x0f: /* only in page addressing mode */
        s->column = (s->column & 0xf0) | command;
        return true;
    case 0x10 ... 0x17:
        s->column = (command & 7) << 4 | (s->column & 0x0f);
        return true;
    case 0x40 ... 0x7f:
        s->start_line = command & 0x3f;
        return true;
    case 0xb0 ... 0xb7:
        s->page = command & 7;
        return true;
    case 0xa0:
    case 0xa1:
        s->segment_remap = command & 1; /* of what is written from now on */
        return true;
    case 0xa4:
    case 0xa5:
        s->all_on = command & 1;
        return true;
    case 0xa6:
    case 0xa7:
        s->inverse = command & 1;
        return true;
    case 0xae:
    case 0xaf:
        s->on = command & 1;
        return true;
    case 0xc0 ... 0xcf:
        s->com_remap = command & 8;
        return true;
    case 0x2e:
    case 0x2f:
        set_scrolling(s, command & 1);
        return true;
    case 0xe3:
        return true;
    default:
        return false;
    }
}

static void long_command(Ssd1312 *s)
{
    switch (s->command) {
    case 0x20:
        s->mode = s->args[0] & 3;
        if (s->args[0] & ~3) {
            qemu_log_mask(LOG_UNIMP, "ssd1312: memory addressing 0x%02x: taken "
                          "as 0x%02x\n", s->args[0], s->mode);
        }
        if (s->mode == 3) {
            guest_error(s, "no such addressing mode");
            s->mode = MODE_PAGE;
        }
        break;
    case 0x21:
        set_range(s, &s->column_start, &s->column_end, &s->column, COLUMNS);
        break;
    case 0x22:
        set_range(s, &s->page_start, &s->page_end, &s->page, PAGES);
        break;
    case 0x26:
    case 0x27:
    case 0x29:
    case 0x2a:
        set_scroll(s);
        break;
    case 0x2c:
    case 0x2d:
        qemu_log_mask(LOG_UNIMP, "ssd1312: command 0x%02x\n", s->command);
        break;
    case 0x23:
    case 0xd6:
        if (s->args[0]) { /* not off */
            qemu_log_mask(LOG_UNIMP, "ssd1312: command 0x%02x 0x%02x\n", s->command,
                          s->args[0]);
        }
        break;
    case 0xa3:
        set_area(s);
        break;
    case 0x81:
        s->contrast = s->args[0];
        break;
    case 0xa8:
        if ((s->args[0] & 0x3f) < 15) {
            guest_error(s, "fewer than 16 rows");
            break;
        }
        s->multiplex = s->args[0] & 0x3f;
        break;
    case 0xd3:
        s->offset = s->args[0] & 0x3f;
        break;
    case 0xd5:
        s->clock = s->args[0];
        break;
    case 0xd9:
        s->precharge = s->args[0];
        break;
    case 0xda:
        if ((s->args[0] & 0x30) != 0x10) {
            qemu_log_mask(LOG_UNIMP, "ssd1312: COM pins 0x%02x: this panel is "
                          "wired for 0x12\n", s->args[0]);
        }
        break;
    }
}

static void take_command(Ssd1312 *s, uint8_t byte)
{
    if (s->args_wanted) {
        s->args[s->arg_count++] = byte;
        if (--s->args_wanted) {
            return;
        }
        long_command(s);
    } else {
        trace_ssd1312_command(byte);
        s->command = byte;
        s->arg_count = 0;
        s->args_wanted = args_of(byte);
        if (!s->args_wanted && !short_command(s, byte)) {
            qemu_log_mask(LOG_UNIMP, "ssd1312: command 0x%02x\n", byte);
        }
    }
    s->redraw = true;
}

/* ---- data ---- */

/* 10.1.3: the pointers after an access. Page mode wraps in the page, the others in their window. */
static void advance(Ssd1312 *s)
{
    bool last_column = s->column == s->column_end;
    bool last_page = s->page == s->page_end;

    switch (s->mode) {
    case MODE_HORIZONTAL:
        s->column = last_column ? s->column_start : (s->column + 1) % COLUMNS;
        if (last_column) {
            s->page = last_page ? s->page_start : (s->page + 1) % PAGES;
        }
        break;
    case MODE_VERTICAL:
        s->page = last_page ? s->page_start : (s->page + 1) % PAGES;
        if (last_page) {
            s->column = last_column ? s->column_start : (s->column + 1) % COLUMNS;
        }
        break;
    default:
        s->column = last_column ? s->column_start : (s->column + 1) % COLUMNS;
        break;
    }
}

static void take_data(Ssd1312 *s, uint8_t byte)
{
    unsigned segment = s->segment_remap ? COLUMNS - 1 - s->column : s->column;

    s->ram[s->page][segment] = byte;
    advance(s);
    s->redraw = true;
}

static uint32_t ssd1312_transfer(SSIPeripheral *dev, uint32_t value)
{
    Ssd1312 *s = SSD1312(dev);

    if (s->in_reset) {
        return 0;
    }
    if (s->data) {
        take_data(s, value);
    } else {
        take_command(s, value);
    }
    return 0; /* nothing comes back on this interface */
}

/* ---- pins ---- */

/* 8.5: what RES# sets; the memory keeps what it had. */
static void to_defaults(Ssd1312 *s)
{
    set_scrolling(s, false);
    s->args_wanted = 0;
    s->page = s->column = 0;
    s->mode = MODE_PAGE;
    s->column_start = s->page_start = 0;
    s->column_end = COLUMNS - 1;
    s->page_end = PAGES - 1;
    s->contrast = 0x7f;
    s->start_line = s->offset = 0;
    s->multiplex = ROWS - 1;
    s->clock = 0x80;
    s->precharge = 0x22;
    s->segment_remap = s->com_remap = false;
    s->on = s->all_on = s->inverse = false;
    s->scroll_first = s->scroll_last = s->scroll_frames = s->scroll_rows = 0;
    s->scroll_from = 0;
    s->scroll_to = COLUMNS - 1;
    s->area_top = 0;
    s->area_rows = ROWS;
}

static void set_dc(void *opaque, int n, int level)
{
    SSD1312(opaque)->data = level != 0;
}

static void set_res(void *opaque, int n, int level)
{
    Ssd1312 *s = SSD1312(opaque);

    if (s->in_reset != (level == 0)) {
        trace_ssd1312_reset(level == 0);
    }
    s->in_reset = level == 0;
    if (s->in_reset) {
        to_defaults(s);
    }
}

/* ---- the picture ---- */

/* The memory's row that COM line @com shows (10.1.6, 10.1.14). */
static unsigned row_of_com(const Ssd1312 *s, unsigned com)
{
    unsigned row = (com + s->offset) % ROWS;

    if (s->scrolling && row >= s->area_top && row < s->area_top + s->area_rows) {
        row = s->area_top + (row - s->area_top + s->scrolled_rows) % s->area_rows;
    }
    return (row + s->start_line) % ROWS;
}

static bool is_lit(const Ssd1312 *s, unsigned x, unsigned y)
{
    unsigned row;

    if (!s->on || y > s->multiplex) {
        return false;
    }
    row = row_of_com(s, s->com_remap ? s->multiplex - y : y);
    return s->all_on || ((s->ram[row / 8][x] >> row % 8 & 1) != s->inverse);
}

static void ssd1312_update(void *opaque)
{
    Ssd1312 *s = opaque;
    DisplaySurface *surface = qemu_console_surface(s->con);
    uint32_t grey = 56 + s->contrast * 199 / 255;
    uint32_t *pixels = surface_data(surface);

    if (!s->redraw || surface_bits_per_pixel(surface) != 32) {
        return;
    }
    for (unsigned y = 0; y < ROWS; y++) {
        for (unsigned x = 0; x < COLUMNS; x++) {
            pixels[x] = is_lit(s, x, y) ? grey * 0x010101 : 0;
        }
        pixels += surface_stride(surface) / sizeof(*pixels);
    }
    s->redraw = false;
    dpy_gfx_update(s->con, 0, 0, COLUMNS, ROWS);
}

static void ssd1312_invalidate(void *opaque)
{
    SSD1312(opaque)->redraw = true;
}

static const GraphicHwOps ssd1312_ops = {
    .invalidate = ssd1312_invalidate,
    .gfx_update = ssd1312_update,
};

/* ---- the device ---- */

/*
 * Not reset with the machine: its RES# pin is what does. The memory after power-on is random on the
 * part, and 0 here.
 */
static void power_changes(Notifier *n, void *data)
{
    Ssd1312 *s = container_of(n, Ssd1312, power);
    OrreryPower *event = data;

    if (!event->on) {
        memset(s->ram, 0, sizeof(s->ram));
        to_defaults(s);
        s->redraw = true;
    }
}

static void ssd1312_realize(SSIPeripheral *dev, Error **errp)
{
    Ssd1312 *s = SSD1312(dev);

    qdev_init_gpio_in_named(DEVICE(dev), set_dc, "dc", 1);
    qdev_init_gpio_in_named(DEVICE(dev), set_res, "res", 1);
    s->scroll_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, scroll, s);
    s->con = graphic_console_init(DEVICE(dev), 0, &ssd1312_ops, s);
    qemu_console_resize(s->con, COLUMNS, ROWS);
    to_defaults(s);
    s->power.notify = power_changes;
    orrery_on_power(&s->power);
}

static int ssd1312_post_load(void *opaque, int version_id)
{
    Ssd1312 *s = opaque;

    if (s->page >= PAGES || s->column >= COLUMNS || s->column_start >= COLUMNS ||
        s->column_end >= COLUMNS || s->page_start >= PAGES ||
        s->page_end >= PAGES || s->mode > MODE_PAGE || s->multiplex >= ROWS ||
        s->start_line >= ROWS || s->offset >= ROWS || s->scroll_first >= PAGES ||
        s->scroll_last >= PAGES || s->scroll_from > s->scroll_to ||
        s->scroll_to >= COLUMNS || s->area_top + s->area_rows > ROWS ||
        s->arg_count + s->args_wanted > ARGS_MAX) {
        return -EINVAL;
    }
    s->redraw = true;
    return 0;
}

static const VMStateDescription ssd1312_vmstate = {
    .name = TYPE_SSD1312,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = ssd1312_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_SSI_PERIPHERAL(parent_obj, Ssd1312),
        VMSTATE_TIMER_PTR(scroll_timer, Ssd1312),
        VMSTATE_BOOL(data, Ssd1312),
        VMSTATE_BOOL(in_reset, Ssd1312),
        VMSTATE_UINT8(command, Ssd1312),
        VMSTATE_UINT8_ARRAY(args, Ssd1312, ARGS_MAX),
        VMSTATE_UINT8(arg_count, Ssd1312),
        VMSTATE_UINT8(args_wanted, Ssd1312),
        VMSTATE_UINT8_2DARRAY(ram, Ssd1312, PAGES, COLUMNS),
        VMSTATE_UINT8(page, Ssd1312),
        VMSTATE_UINT8(column, Ssd1312),
        VMSTATE_UINT8(mode, Ssd1312),
        VMSTATE_UINT8(column_start, Ssd1312),
        VMSTATE_UINT8(column_end, Ssd1312),
        VMSTATE_UINT8(page_start, Ssd1312),
        VMSTATE_UINT8(page_end, Ssd1312),
        VMSTATE_UINT8(contrast, Ssd1312),
        VMSTATE_UINT8(start_line, Ssd1312),
        VMSTATE_UINT8(offset, Ssd1312),
        VMSTATE_UINT8(multiplex, Ssd1312),
        VMSTATE_UINT8(clock, Ssd1312),
        VMSTATE_UINT8(precharge, Ssd1312),
        VMSTATE_BOOL(segment_remap, Ssd1312),
        VMSTATE_BOOL(com_remap, Ssd1312),
        VMSTATE_BOOL(on, Ssd1312),
        VMSTATE_BOOL(all_on, Ssd1312),
        VMSTATE_BOOL(inverse, Ssd1312),
        VMSTATE_BOOL(scrolling, Ssd1312),
        VMSTATE_BOOL(scroll_left, Ssd1312),
        VMSTATE_UINT8(scroll_first, Ssd1312),
        VMSTATE_UINT8(scroll_last, Ssd1312),
        VMSTATE_UINT8(scroll_frames, Ssd1312),
        VMSTATE_UINT8(scroll_rows, Ssd1312),
        VMSTATE_UINT8(scroll_from, Ssd1312),
        VMSTATE_UINT8(scroll_to, Ssd1312),
        VMSTATE_UINT8(area_top, Ssd1312),
        VMSTATE_UINT8(area_rows, Ssd1312),
        VMSTATE_UINT8(scrolled_rows, Ssd1312),
        VMSTATE_END_OF_LIST()
    },
};

static void ssd1312_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    SSIPeripheralClass *k = SSI_PERIPHERAL_CLASS(klass);

    dc->desc = "SSD1312 OLED, 128 x 64";
    dc->vmsd = &ssd1312_vmstate;
    set_bit(DEVICE_CATEGORY_DISPLAY, dc->categories);
    k->realize = ssd1312_realize;
    k->transfer = ssd1312_transfer;
    k->cs_polarity = SSI_CS_LOW;
}

static const TypeInfo ssd1312_types[] = {
    {
        .name = TYPE_SSD1312,
        .parent = TYPE_SSI_PERIPHERAL,
        .instance_size = sizeof(Ssd1312),
        .class_init = ssd1312_class_init,
    },
};

DEFINE_TYPES(ssd1312_types)
