/* SPDX-License-Identifier: Apache-2.0 */
/* print.c - readable lines on the console UART. */
#include "print.h"

#include <stdarg.h>

#include "board.h"

struct spec {
    unsigned width;
    char pad;
    unsigned longs; /* how many l were there */
};

void console_init(void)
{
    uart_init(CONSOLE_UART, 115200);
}

static void put(char c)
{
    if (c == '\n') {
        uart_putc(CONSOLE_UART, '\r');
    }
    uart_putc(CONSOLE_UART, (uint8_t)c);
}

static void put_padded(const char *text, unsigned len, const struct spec *spec)
{
    for (unsigned i = len; i < spec->width; i++) {
        put(spec->pad);
    }
    for (unsigned i = 0; i < len; i++) {
        put(text[i]);
    }
}

static void put_number(uint64_t value, unsigned base, bool negative, const struct spec *spec)
{
    char text[21];
    unsigned at = sizeof(text);

    do {
        /* A 64-bit division is a library call of hundreds of instructions: do few. */
        if (value > UINT32_MAX) {
            text[--at] = "0123456789abcdef"[value % base];
            value /= base;
        } else {
            uint32_t low = (uint32_t)value;
            text[--at] = "0123456789abcdef"[low % base];
            value = low / base;
        }
    } while (value);
    if (negative) {
        text[--at] = '-';
    }
    put_padded(text + at, sizeof(text) - at, spec);
}

static uint64_t take_unsigned(va_list *args, unsigned longs)
{
    return longs >= 2   ? va_arg(*args, unsigned long long)
           : longs == 1 ? va_arg(*args, unsigned long)
                        : va_arg(*args, unsigned);
}

static int64_t take_signed(va_list *args, unsigned longs)
{
    return longs >= 2   ? va_arg(*args, long long)
           : longs == 1 ? va_arg(*args, long)
                        : va_arg(*args, int);
}

static void put_string(const char *text, const struct spec *spec)
{
    unsigned len = 0;

    while (text[len]) {
        len++;
    }
    put_padded(text, len, spec);
}

static void put_conversion(char conversion, va_list *args, const struct spec *spec)
{
    switch (conversion) {
    case 'c':
        put((char)va_arg(*args, int));
        break;
    case 's':
        put_string(va_arg(*args, const char *), spec);
        break;
    case 'd': {
        int64_t value = take_signed(args, spec->longs);
        put_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0, spec);
        break;
    }
    case 'u':
        put_number(take_unsigned(args, spec->longs), 10, false, spec);
        break;
    case 'x':
        put_number(take_unsigned(args, spec->longs), 16, false, spec);
        break;
    default:
        put(conversion);
        break;
    }
}

void print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    for (; *format; format++) {
        struct spec spec = {.pad = ' '};

        if (*format != '%') {
            put(*format);
            continue;
        }
        if (*++format == '0') {
            spec.pad = '0';
            format++;
        }
        for (; *format >= '0' && *format <= '9'; format++) {
            spec.width = spec.width * 10 + (unsigned)(*format - '0');
        }
        for (; *format == 'l'; format++) {
            spec.longs++;
        }
        put_conversion(*format, &args, &spec);
    }
    va_end(args);
}
