// SPDX-License-Identifier: Apache-2.0
/*
 * What reads manifests: every kind of bad one gets its line, good ones are understood, nothing
 * that a file can hold brings it down, and the JSON Schema says the same as the code.
 */
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware.h"
#include "manifest.h"
#include "manifest_parts.h"
#include "number.h"
#include "orrery.h"
#include "qemu.h"
#include "suggest.h"

/* Set by Meson; run by hand from the source root otherwise. */
static const char *directory(const char *variable, const char *otherwise)
{
    const char *value = getenv(variable);

    return value ? value : otherwise;
}

typedef void file_fn(const char *path);

static unsigned each_file(const char *path, const char *suffix, file_fn *fn)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    unsigned done = 0;
    char name[1024];

    for (int i = 0; i < count; i++) {
        const char *dot = strrchr(entries[i]->d_name, '.');

        if (dot && !strcmp(dot, suffix)) {
            snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
            fn(name);
            done++;
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    return done;
}

static char *load(const char *path, size_t *len)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);

    assert_non_null(file);
    assert_non_null(text);
    *len = fread(text, 1, 65535, file);
    fclose(file);
    return text;
}

/* ---- numbers ---- */

static void test_times(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } good[] = {
        {"0s", 0},
        {"2s", 2000000000},
        {"1.5s", 1500000000},
        {"10us", 10000},
        {"86806ns", 86806},
        {"1ms", 1000000},
        {"0.000000001s", 1},
        {"1.50us", 1500},
        {"1.0ns", 1},
        {"1125899s", 1125899000000000},
        {"0000000000000000000000000007ns", 7},
    };
    static const char *const bad[] = {
        "",
        "s",
        "2",
        "2 s",
        "-2s",
        "+2s",
        "1.s",
        ".5s",
        "1e3s",
        "2S",
        "2sec",
        "1.5ns",
        "2m",
        "1.2.3s",
        "0x10s",
        "nan",
        "12s34",
        "1125900s",
        "99999999999999999999999s",
        "1.0000000001s",
        "1125899.9999s",
    };
    uint64_t ns;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ns = UINT64_MAX;
        assert_null(parse_time(good[i].text, &ns));
        assert_int_equal(ns, good[i].ns);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_non_null(parse_time(bad[i], &ns));
    }
}

static void test_numbers(void **state)
{
    static const char *const bad[] = {"",   "-1", "1.0", "0x", "0o8", "18446744073709551616",
                                      " 1", "1 ", "one"};
    char text[TIME_TEXT_SIZE];
    uint64_t value;
    uint32_t ppb;
    double pace;

    assert_null(parse_u64("18446744073709551615", &value));
    assert_true(value == UINT64_MAX);
    assert_null(parse_u64("0xfeedFACE", &value));
    assert_int_equal(value, 0xfeedface);
    assert_null(parse_u64("0o17", &value));
    assert_int_equal(value, 15);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_non_null(parse_u64(bad[i], &value));
    }
    assert_null(parse_pace("0", &pace));
    assert_true(pace == 0);
    assert_null(parse_pace("0.5", &pace));
    assert_true(pace == 0.5);
    assert_non_null(parse_pace("-1", &pace));
    assert_non_null(parse_pace("inf", &pace));
    assert_non_null(parse_pace("0.0001", &pace));
    assert_non_null(parse_pace("1e3", &pace));
    assert_null(parse_probability("0.050000001", &ppb));
    assert_int_equal(ppb, 50000001);
    assert_null(parse_probability("1.0", &ppb));
    assert_int_equal(ppb, 1000000000);
    assert_null(parse_probability("0", &ppb));
    assert_int_equal(ppb, 0);
    assert_non_null(parse_probability("1.000000001", &ppb));
    assert_non_null(parse_probability("0.0000000001", &ppb));
    assert_non_null(parse_probability(".5", &ppb));
    assert_non_null(parse_probability("5e-1", &ppb));
    assert_non_null(parse_probability("", &ppb));
    assert_string_equal(format_time(1500000001, text), "1.500000001");
    assert_string_equal(format_time(UINT64_MAX, text), "18446744073.709551615");
}

static void test_suggestions(void **state)
{
    static const char *const keys[] = {"machine", "firmware", "icount", "to"};

    assert_string_equal(suggest("machin", keys, 4), "machine");
    assert_string_equal(suggest("frimware", keys, 4), "firmware");
    assert_string_equal(suggest("Machine", keys, 4), "machine");
    assert_null(suggest("zebra", keys, 4));
    assert_null(suggest("", keys, 4));
    assert_null(
        suggest("a-very-long-word-that-nobody-would-ever-mistake-for-a-key-of-ours", keys, 4));
}

/* ---- manifests ---- */

/* The first line is "# expect: LINE:COL: what is wrong". */
static void expect_problem(const char *path)
{
    static const char mark[] = "# expect: ";
    struct arena arena = {0};
    struct manifest m;
    struct problem why = {0};
    size_t len;
    char *text = load(path, &len), expected[2048];

    assert_memory_equal(text, mark, sizeof(mark) - 1);
    snprintf(expected, sizeof(expected), "%s:%.*s", path, (int)strcspn(text + 10, "\n"), text + 10);
    assert_false(manifest_read(&m, path, &arena, &why));
    assert_string_equal(why.text, expected);
    assert_int_equal(why.exit_code, EXIT_BAD_INPUT);
    arena_finish(&arena);
    free(text);
}

static void test_bad(void **state)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/bad", directory("ORRERY_TEST_MANIFESTS", "tests/manifests"));
    assert_true(each_file(path, ".yaml", expect_problem) > 60);
}

/* A scenario: its first case. */
static bool read_scenario(const char *path, struct manifest *m, struct arena *arena,
                          struct problem *why)
{
    struct scenario scenario;
    struct script script;
    bool good;

    if (!scenario_open(&scenario, path, arena, why)) {
        return false;
    }
    good = scenario_case(&scenario, 0, arena, m, &script, why);
    scenario_close(&scenario);
    return good;
}

/* Case `index` of a scenario on good/pair.yaml or good/radio.yaml. */
static bool read_case(const char *text, size_t index, struct manifest *m, struct arena *arena,
                      struct problem *why)
{
    const char *good = directory("ORRERY_TEST_MANIFESTS", "tests/manifests");
    char name[] = "/tmp/orrery-scenario-XXXXXX.test.yaml";
    int fd = mkstemps(name, (int)strlen(".test.yaml"));
    struct scenario scenario;
    struct script script;
    bool read;

    assert_true(fd >= 0);
    dprintf(fd, "orrery: 1\nuses: %s/good/%s\nsteps: []\n", good, text);
    close(fd);
    read = scenario_open(&scenario, name, arena, why);
    unlink(name);
    assert_true(read);
    read = scenario_case(&scenario, index, arena, m, &script, why);
    scenario_close(&scenario);
    return read;
}

static void expect_refused_case(const char *text, const char *what)
{
    struct arena arena = {0};
    struct problem why = {0};
    struct manifest m;

    assert_false(read_case(text, 0, &m, &arena, &why));
    assert_int_equal(why.exit_code, EXIT_BAD_INPUT);
    if (!strstr(why.text, what)) {
        fail_msg("'%s' is not in: %s", what, why.text);
    }
    arena_finish(&arena);
}

/* A change to an instance is as if the manifest said so: its other core follows, and all is
 * checked. */
static void test_instance_changes(void **state)
{
    struct arena arena = {0};
    struct problem why = {0};
    struct manifest m;

    assert_true(read_case("cpu2.yaml\n"
                          "instances:\n"
                          "  a: { icount: 7, sram: { ordered: [0x20030000, 16] } }\n"
                          "  b: { cpu2: builtin }\n"
                          "  other: { firmware: other.elf }\n"
                          "  d.cpu2: { firmware: own.elf, icount: 9 }\n"
                          "matrix: { c.cpu2: [builtin], d.icount: [8] }",
                          0, &m, &arena, &why));
    assert_int_equal(m.instance_count, 9);
    assert_string_equal(m.instances[1].name, "a.cpu2");
    assert_int_equal(m.instances[1].icount, 7);
    assert_int_equal(m.instances[1].ordered_bytes, 16);
    assert_true(m.instances[4].builtin && !m.instances[4].gdb_wait);
    assert_string_equal(m.instances[6].name, "c.cpu2");
    assert_true(m.instances[6].builtin);
    assert_int_equal(m.instances[7].icount, 8);
    assert_int_equal(m.instances[8].icount, 9);
    assert_false(m.instances[8].builtin);
    assert_non_null(m.instances[2].firmware_at.file); /* an error there names the scenario */
    arena_finish(&arena);
    expect_refused_case("cpu2.yaml\ninstances: { other: { boot: sram } }", "boot: for machine");
    expect_refused_case("cpu2.yaml\ninstances: { b: { cpu2: none } }", "b.cpu2.radio");
    expect_refused_case("cpu2.yaml\ninstances: { c: { sram: { ordered: [1, 4] } } }",
                        "ordered: not within one SRAM");
    expect_refused_case("cpu2.yaml\ninstances: { othr: { icount: 3 } }", "did you mean 'other'?");
    expect_refused_case("cpu2.yaml\nmatrix: { othr.icount: [3] }", "did you mean 'other'?");
}

static void test_link_changes(void **state)
{
    struct arena arena = {0};
    struct problem why = {0};
    struct manifest m;

    if (!read_case("pair.yaml\nlinks: { pong.serial0: { drop: 0.5 } }\n"
                   "matrix: { ping.serial0.baud: [9600, 19200], pong.serial0.corrupt: [0, 0.25] }",
                   3, &m, &arena, &why)) {
        fail_msg("%s", why.text);
    }
    assert_int_equal(m.links[0].uart.baud, 19200);
    assert_int_equal(m.links[0].uart.drop_ppb, 500000000);
    assert_int_equal(m.links[0].uart.corrupt_ppb, 250000000);
    if (!read_case("radio.yaml\nlinks: { b.radio: { loss: 0.5 } }", 0, &m, &arena, &why)) {
        fail_msg("%s", why.text);
    }
    assert_int_equal(m.links[0].radio.loss_ppb, 500000000);
    assert_int_equal(m.links[0].radio.path_db[2], 90); /* a to c: as it was */
    if (!read_case("radio.yaml\nmatrix: { a.radio.path_db: [60] }", 0, &m, &arena, &why)) {
        fail_msg("%s", why.text);
    }
    assert_int_equal(m.links[0].radio.path_db[2], 60);
    arena_finish(&arena);
    expect_refused_case("pair.yaml\nlinks: { ping.serial1: { drop: 0.5 } }",
                        ":3:10: no link ends at 'ping.serial1'; did you mean 'ping.serial0'?");
    expect_refused_case("pair.yaml\nlinks: { ping.serial0: { dorp: 0.5 } }",
                        ":3:26: unknown key 'dorp'");
    expect_refused_case(
        "pair.yaml\nlinks: { ping.serial0: { uart: [ping.serial0, pong.serial2] } }",
        "are the manifest's to say");
    expect_refused_case("pair.yaml\nmatrix: { ping.serial0.loss: [0.1] }",
                        "loss: only on a radio link");
    expect_refused_case("pair.yaml\nmatrix: { ping.serial0.drop: [7] }", "drop");
    expect_refused_case("pair.yaml\nmatrix: { ping.serial0.latency: [1us] }",
                        "a uart link has that of one frame");
}

static void expect_good(const char *path)
{
    struct arena arena = {0};
    struct manifest m;
    struct problem why = {0};

    if (!(is_scenario(path) ? read_scenario(path, &m, &arena, &why)
                            : manifest_read(&m, path, &arena, &why))) {
        fail_msg("%s", why.text);
    }
    assert_true(m.instance_count > 0);
    arena_finish(&arena);
}

static void test_good(void **state)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/good", directory("ORRERY_TEST_MANIFESTS", "tests/manifests"));
    assert_true(each_file(path, ".yaml", expect_good) >= 4);
    each_file(directory("ORRERY_TEST_EXAMPLES", "examples"), ".yaml", expect_good);
}

/* The workflow of the CI kit is YAML, with the keys that GitHub asks for. */
static void test_workflow(void **state)
{
    struct arena arena = {0};
    struct problem why = {0};
    struct reader r = {.file = "workflow", .arena = &arena, .why = &why};
    char path[1024];
    size_t count = 0, found = 0;

    snprintf(path, sizeof(path), "%s/ci/github-workflow.yml",
             directory("ORRERY_TEST_EXAMPLES", "examples"));
    if (!document_open(&r, path) || !read_map(&r, document_root(&r), "workflow", &count)) {
        fail_msg("%s", why.text);
    }
    for (size_t i = 0; i < count; i++) {
        const char *key = node_text(map_key(&r, document_root(&r), i));

        found += !strcmp(key, "name") || !strcmp(key, "on") || !strcmp(key, "jobs");
    }
    assert_int_equal(found, 3);
    document_close(&r);
    arena_finish(&arena);
}

static void read_good(struct manifest *m, struct arena *arena, const char *name)
{
    struct problem why = {0};
    char path[1024];

    snprintf(path, sizeof(path), "%s/good/%s",
             directory("ORRERY_TEST_MANIFESTS", "tests/manifests"), name);
    if (!manifest_read(m, path, arena, &why)) {
        fail_msg("%s", why.text);
    }
}

static void test_everything(void **state)
{
    struct arena arena = {0};
    struct manifest m;

    read_good(&m, &arena, "everything.yaml");
    assert_string_equal(m.name, "everything");
    assert_int_equal(m.clock.seed, 0xfeedface);
    assert_true(m.clock.turns);
    assert_int_equal(m.clock.for_ns, 1500000000);
    assert_true(m.clock.pace == 0.5);
    assert_int_equal(m.clock.reaction_ns, 500000);
    assert_int_equal(m.instance_count, 3);
    assert_string_equal(m.instances[1].name, "twin");
    assert_string_equal(m.instances[1].args.items[4], "16");
    assert_int_equal(m.instances[0].named_port_count, 2);
    assert_true(m.instances[0].gdb_wait && m.instances[0].semihosting);
    assert_int_equal(m.instances[0].icount, 3);
    assert_true(m.instances[2].named_ports[0].defined);
    assert_int_equal(m.instances[2].icount, DEFAULT_ICOUNT);
    assert_int_equal(m.links[0].uart.stop_halves, 3);
    assert_int_equal(m.links[0].latency_ns, 1093750);
    assert_int_equal(m.links[1].uart.parity, 'E');
    assert_string_equal(m.links[1].ends[0].port, "bus1");
    assert_int_equal(m.attaches[0].uart.data_bits, 9);
    assert_int_equal(m.attaches[1].to, TO_FILE);
    assert_non_null(strstr(m.attaches[1].path, "/good/out/twin.log"));
    assert_int_equal(m.attaches[4].listen, 4000);
    arena_finish(&arena);
}

static void test_radio(void **state)
{
    static const uint8_t path_db[] = {70, 70, 90, 70, 70, 70, 90, 70, 70};
    struct arena arena = {0};
    struct manifest m;

    read_good(&m, &arena, "radio.yaml");
    assert_int_equal(m.link_count, 1);
    assert_int_equal(m.links[0].kind, LINK_RADIO);
    assert_int_equal(m.links[0].end_count, 3);
    assert_string_equal(m.links[0].ends[2].port, "radio");
    assert_int_equal(m.links[0].latency_ns, RADIO_LATENCY_NS);
    assert_int_equal(m.links[0].radio.loss_ppb, 50000000);
    assert_false(m.links[0].radio.seed_given); /* the clock's, which --seed may change */
    assert_memory_equal(m.links[0].radio.path_db, path_db, sizeof(path_db));
    arena_finish(&arena);
}

/* The other core is an instance, and the two are linked. */
static void test_cpu2(void **state)
{
    static const char *const names[] = {"a", "a.cpu2", "other", "b", "b.cpu2", "c", "d", "d.cpu2"};
    struct arena arena = {0};
    struct manifest m;
    struct problem why = {0};

    read_good(&m, &arena, "cpu2.yaml");
    assert_int_equal(m.instance_count, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_string_equal(m.instances[i].name, names[i]);
    }
    assert_int_equal(m.link_count, 5);
    assert_int_equal(m.links[1].kind, LINK_CORES);
    assert_int_equal(m.links[1].ends[0].instance, 3);
    assert_int_equal(m.links[1].ends[1].instance, 4);
    assert_string_equal(m.links[1].ends[0].port, "cores");
    assert_int_equal(m.links[0].latency_ns, CORES_LATENCY_NS);
    assert_int_equal(m.links[1].latency_ns, 2000);
    assert_int_equal(m.links[4].kind, LINK_RADIO);
    assert_int_equal(m.links[4].ends[0].instance, 1); /* a.radio is a.cpu2's */
    assert_int_equal(m.instances[2].index, 1);        /* its seed is as without a's other core */
    assert_int_equal(m.instances[4].load_address, 0x080D0000);
    assert_true(m.instances[4].gdb_wait && m.instances[7].builtin);
    assert_true(manifest_keep_only(&m, "b.cpu2", &why));
    assert_int_equal(m.instance_count, 2);
    assert_string_equal(m.instances[0].name, "b");
    assert_int_equal(m.link_count, 1);
    assert_int_equal(m.links[0].ends[1].instance, 1);
    assert_int_equal(m.attach_count, 1);
    assert_int_equal(m.open_count, 1); /* its radio */
    assert_int_equal(m.open[0].kind, LINK_RADIO);
    assert_int_equal(m.open[0].end.instance, 1);
    arena_finish(&arena);
}

static void test_only(void **state)
{
    struct arena arena = {0};
    struct manifest m;
    struct problem why = {0};

    read_good(&m, &arena, "pair.yaml");
    manifest_choose_pace(&m);
    assert_true(m.clock.pace == 0);
    assert_false(manifest_keep_only(&m, "pnog", &why));
    assert_non_null(strstr(why.text, "did you mean 'pong'?"));
    assert_true(manifest_keep_only(&m, "pong", &why));
    manifest_choose_pace(&m);
    assert_true(m.clock.pace == 1.0);
    assert_int_equal(m.instance_count, 1);
    assert_int_equal(m.instances[0].index, 1);
    assert_int_equal(m.link_count, 0);
    assert_int_equal(m.attach_count, 1);
    assert_int_equal(m.attaches[0].to, TO_PTY);
    assert_int_equal(m.attaches[0].end.instance, 0);
    arena_finish(&arena);
}

/* ---- whatever a file can hold ---- */

static void parse_anything(const char *text, size_t len)
{
    struct arena arena = {0};
    struct manifest m;
    struct problem why = {.exit_code = -1};

    if (!manifest_parse(&m, "file.yaml", text, len, &arena, &why)) {
        assert_int_equal(why.exit_code, EXIT_BAD_INPUT);
        assert_memory_equal(why.text, "file.yaml:", 10);
        assert_null(strchr(why.text, '\n'));
    }
    arena_finish(&arena);
}

/* Each copy is as long as what is parsed, so that ASan sees a read past its end. */
static void mangle(const char *path)
{
    static const char bytes[] = "\0\n{}[]:-*&!\"'#, \t\xff"
                                "0z";
    size_t len;
    char *text = load(path, &len);

    for (size_t cut = 0; cut < len; cut++) {
        char *copy = malloc(cut + 1);

        assert_non_null(copy);
        memcpy(copy, text, cut);
        parse_anything(copy, cut);
        copy[cut] = bytes[cut % (sizeof(bytes) - 1)];
        parse_anything(copy, cut + 1);
        free(copy);
    }
    for (size_t i = 0; i < len * 3; i++) {
        char saved = text[i % len];

        text[i % len] = bytes[(i * 7 + i / len) % (sizeof(bytes) - 1)];
        parse_anything(text, len);
        text[i % len] = saved;
    }
    free(text);
}

static void test_mangled(void **state)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/good", directory("ORRERY_TEST_MANIFESTS", "tests/manifests"));
    each_file(path, ".yaml", mangle);
    each_file(directory("ORRERY_TEST_EXAMPLES", "examples"), ".yaml", mangle);
}

static void expect_fast(const char *text, size_t len, const char *expected)
{
    struct arena arena = {0};
    struct timespec start, end;
    struct manifest m;
    struct problem why = {0};

    clock_gettime(CLOCK_MONOTONIC, &start);
    assert_false(manifest_parse(&m, "big.yaml", text, len, &arena, &why));
    clock_gettime(CLOCK_MONOTONIC, &end);
    assert_non_null(strstr(why.text, expected));
    assert_true(end.tv_sec - start.tv_sec < 5); /* 0.2 s; quadratic would be minutes */
    arena_finish(&arena);
}

static char *repeat(const char *head, const char *piece, size_t count, size_t *len)
{
    char *text = malloc(strlen(head) + count * strlen(piece) + 1), *p;

    if (!text) {
        abort();
    }
    p = stpcpy(text, head);
    for (size_t i = 0; i < count; i++) {
        p = stpcpy(p, piece);
    }
    *len = (size_t)(p - text);
    return text;
}

static void test_large(void **state)
{
    struct arena arena = {0};
    struct strings lines = {0};
    size_t len;
    char *text;

    strings_add(&arena, &lines, "orrery: 1\ninstances:\n");
    for (int i = 0; i < 10000; i++) {
        strings_addf(&arena, &lines, "  i%d: { machine: m, firmware: f.elf }\n", i);
    }
    text = strings_join(&arena, &lines, "");
    expect_fast(text, strlen(text), "10000 instances; at most 255 fit in one run");
    arena_finish(&arena);
    text = repeat("", "[", 1000000, &len);
    expect_fast(text, len, "nested too deep");
    free(text);
    text = repeat("", "[{a: ", 200000, &len);
    expect_fast(text, len, "nested too deep");
    free(text);
    text = repeat("[", "&a x, ", 200000, &len);
    expect_fast(text, len, "too many anchors");
    free(text);
    text = repeat("orrery: 1\nname: ", "x", 3000000, &len);
    expect_fast(text, len, "longer than 4096 bytes");
    free(text);
}

/* A small file that aliases make large: 255 instances of 256 arguments of 4 KiB. */
static void test_aliases(void **state)
{
    struct strings lines = {0};
    struct arena arena = {0};
    char *text;

    strings_add(&arena, &lines,
                "orrery: 1\ninstances:\n  a: &m { machine: m, firmware: f, args: [&s '");
    for (int i = 0; i < 400; i++) {
        strings_add(&arena, &lines, "chardev=a,");
    }
    strings_add(&arena, &lines, "'");
    for (int i = 0; i < 255; i++) {
        strings_add(&arena, &lines, ", *s");
    }
    strings_add(&arena, &lines, "] }\n");
    for (int i = 0; i < 254; i++) {
        strings_addf(&arena, &lines, "  i%d: *m\n", i);
    }
    text = strings_join(&arena, &lines, "");
    expect_fast(text, strlen(text), "args: longer than 65536 bytes together");
    arena_finish(&arena);
}

/* ---- firmware ---- */

struct firmware_case {
    const char *name, *bytes;
    size_t len;
    const char *expected; /* NULL: good */
};

/* A little-endian 32-bit ELF of one program header. */
static size_t make_elf(uint8_t *out, uint16_t machine)
{
    Elf32_Ehdr head = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
                       .e_type = ET_EXEC,
                       .e_machine = machine,
                       .e_phoff = sizeof(head),
                       .e_ehsize = sizeof(head),
                       .e_phentsize = sizeof(Elf32_Phdr),
                       .e_phnum = 1};

    memcpy(out, &head, sizeof(head));
    memset(out + sizeof(head), 0, sizeof(Elf32_Phdr));
    return sizeof(head) + sizeof(Elf32_Phdr);
}

static void check_firmware(const char *dir, const struct firmware_case *c)
{
    struct arena arena = {0};
    struct manifest m;
    struct problem why = {0};
    char path[512], text[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, c->name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, c->bytes, c->len), c->len);
    close(fd);
    snprintf(text, sizeof(text), "orrery: 1\ninstances: { a: { machine: m, firmware: %s } }\n",
             c->name);
    snprintf(path, sizeof(path), "%s/m.yaml", dir);
    assert_true(manifest_parse(&m, path, text, strlen(text), &arena, &why));
    assert_int_equal(firmware_resolve(&m, &why), !c->expected);
    if (c->expected) {
        assert_non_null(strstr(why.text, c->expected));
        assert_non_null(strstr(why.text, "m.yaml:2:41: firmware"));
    }
    arena_finish(&arena);
    snprintf(path, sizeof(path), "%s/%s", dir, c->name);
    unlink(path);
}

static void test_firmware(void **state)
{
    uint8_t arm[128], riscv[128];
    size_t len = make_elf(arm, EM_ARM);
    const struct firmware_case cases[] = {
        {"good.elf", (char *)arm, len, NULL},
        {"good-without-suffix", (char *)arm, len, NULL},
        {"good.hex", ":00000001FF\n", 12, NULL},
        {"good.bin", "\0\0\0\0", 4, NULL},
        {"riscv.elf", (char *)riscv, make_elf(riscv, EM_RISCV), "another processor"},
        {"short.elf", (char *)arm, len - 1, "truncated ELF"},
        {"head.elf", (char *)arm, 20, "truncated ELF"},
        {"text.elf", "hello", 5, "neither ELF nor Intel HEX"},
        {"text.hex", "hello", 5, "not Intel HEX"},
        {"empty.elf", "", 0, "is empty"},
        {"empty.bin", "", 0, "is empty"},
    };
    char dir[] = "/tmp/orrery-test-XXXXXX";

    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_firmware(dir, &cases[i]);
    }
    rmdir(dir);
}

/* ---- command lines ---- */

static bool has_words(const struct strings *argv, const char *first, const char *second)
{
    for (size_t i = 0; i + 1 < argv->count; i++) {
        if (!strcmp(argv->items[i], first) && !strcmp(argv->items[i + 1], second)) {
            return true;
        }
    }
    return false;
}

static void test_command(void **state)
{
    struct arena arena = {0};
    struct strings argv = {0}, other = {0};
    struct manifest m;

    read_good(&m, &arena, "everything.yaml");
    for (size_t i = 0; i < m.instance_count; i++) {
        m.instances[i].qemu_path = arena_copy(&arena, "/q/qemu-system-arm");
        m.instances[i].firmware_path = arena_copy(&arena, "/f/a,b.hex");
    }
    m.instances[2].firmware_kind = FIRMWARE_HEX;
    qemu_command(&m, 0, "/run/r", 0xabc, &arena, &argv);
    assert_true(has_words(&argv, "-icount", "shift=3,align=off,sleep=off"));
    assert_true(has_words(&argv, "-object",
                          "orrery-member,id=orrery,broker=ipc:///run/r/broker.sock,name=mcu,"
                          "run-id=0xabc"));
    assert_true(has_words(&argv, "-chardev", "orrery-port,id=serial0"));
    assert_true(has_words(&argv, "chardev:serial0", "-serial"));
    assert_true(has_words(&argv, "-serial", "null"));
    assert_true(has_words(&argv, "-serial", "chardev:serial2"));
    assert_true(has_words(&argv, "-chardev", "orrery-port,id=bus1"));
    assert_true(has_words(&argv, "-chardev", "null,id=bus2"));
    assert_true(has_words(&argv, "-kernel", "/f/a,b.hex"));
    assert_true(has_words(&argv, "-semihosting-config", "enable=on,target=gdb"));
    assert_true(has_words(&argv, "-gdb", "unix:/run/r/mcu.gdb,server=on,wait=off"));
    assert_string_equal(argv.items[argv.count - 1], "16");
    qemu_command(&m, 2, "/run/r", 0xabc, &arena, &other);
    assert_true(has_words(&other, "-device", "loader,file=/f/a,,b.hex"));
    assert_false(has_words(&other, "-chardev", "null,id=mine") &&
                 has_words(&other, "-chardev", "orrery-port,id=mine"));
    arena_finish(&arena);
}

static void test_memory(void **state)
{
    struct arena arena = {0};
    struct strings raw = {0}, plain = {0}, empty = {0};
    struct manifest m;

    read_good(&m, &arena, "memory.yaml");
    for (size_t i = 0; i < m.instance_count; i++) {
        m.instances[i].qemu_path = arena_copy(&arena, "/q/qemu-system-arm");
    }
    m.instances[0].firmware_path = arena_copy(&arena, "/f/raw.bin");
    m.instances[0].flash_path = arena_copy(&arena, "/f/flash,raw.img");
    m.instances[1].firmware_path = arena_copy(&arena, "/f/plain.hex");
    m.instances[1].firmware_kind = FIRMWARE_HEX;
    m.instances[2].system_path = arena_copy(&arena, "/f/rom.elf");
    qemu_command(&m, 0, "/run/r", 0xabc, &arena, &raw);
    assert_true(has_words(&raw, "-M",
                          "stm32wb55,pins=PC4=0,boot-from=sram,firmware-at=0x8008000,"
                          "flash-file=/f/flash,,raw.img,flash-keep=on"));
    assert_true(has_words(&raw, "-kernel", "/f/raw.bin"));
    qemu_command(&m, 1, "/run/r", 0xabc, &arena, &plain);
    assert_true(has_words(&plain, "-M", "stm32wb55"));
    assert_true(has_words(&plain, "-kernel", "/f/plain.hex"));
    qemu_command(&m, 2, "/run/r", 0xabc, &arena, &empty);
    assert_true(has_words(&empty, "-M", "stm32wb55,boot-from=system,system-memory=/f/rom.elf"));
    for (size_t i = 0; i < empty.count; i++) {
        assert_string_not_equal(empty.items[i], "-kernel");
    }
    arena_finish(&arena);
}

/* resolve(DIR, TEXT): the problem that firmware_resolve() has with an instance, or NULL. */
static char *resolve(struct arena *arena, const char *dir, const char *text)
{
    struct manifest m;
    struct problem why = {0};
    const char *path = arena_printf(arena, "%s/m.yaml", dir);

    assert_true(manifest_parse(&m, path, text, strlen(text), arena, &why));
    return firmware_resolve(&m, &why) ? NULL : arena_copy(arena, why.text);
}

static void expect_resolve(const char *dir, const char *instances, const char *expected)
{
    struct arena arena = {0};
    char *problem = resolve(&arena, dir,
                            arena_printf(&arena, "orrery: 1\ninstances: { %s }\n", instances));

    if (expected) {
        if (!problem || !strstr(problem, expected)) {
            fail_msg("'%s', not '%s'", problem ? problem : "", expected);
        }
    } else if (problem) {
        fail_msg("%s", problem);
    }
    arena_finish(&arena);
}

static void test_flash_files(void **state)
{
    char dir[] = "/tmp/orrery-test-XXXXXX", path[64];
    int fd;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/f.img", dir);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
    expect_resolve(dir, "a: { machine: stm32wb55, flash: { file: f.img } }", NULL);
    expect_resolve(dir, "a: { machine: stm32wb55, flash: { file: new.img, keep: true } }", NULL);
    expect_resolve(dir, "a: { machine: stm32wb55, flash: { file: new.img } }",
                   "m.yaml:2:54: flash 'new.img': no such file");
    expect_resolve(dir, "a: { machine: stm32wb55, flash: { file: no/new.img, keep: true } }",
                   "no such file");
    expect_resolve(dir, "a: { machine: stm32wb55, flash: { file: ., keep: true } }",
                   "not a regular file");
    expect_resolve(dir,
                   "a: { machine: stm32wb55, flash: { file: f.img } }, "
                   "b: { machine: stm32wb55, flash: { file: ./f.img, keep: true } }",
                   "instance 'a' has it, too");
    unlink(path);
    rmdir(dir);
}

/* Every instance another seed, the same for the same manifest. */
static void test_seeds(void **state)
{
    struct arena arena = {0};
    const char *seeds[2][2];
    struct manifest m;

    read_good(&m, &arena, "pair.yaml");
    for (unsigned i = 0; i < 2; i++) {
        m.instances[i].qemu_path = m.instances[i].firmware_path = arena_copy(&arena, "/x");
        for (unsigned again = 0; again < 2; again++) {
            struct strings argv = {0};

            qemu_command(&m, i, "/run/r", 1, &arena, &argv);
            for (size_t k = 0; k + 1 < argv.count; k++) {
                if (!strcmp(argv.items[k], "-seed")) {
                    seeds[i][again] = argv.items[k + 1];
                }
            }
        }
        assert_string_equal(seeds[i][0], seeds[i][1]);
    }
    assert_string_not_equal(seeds[0][0], seeds[1][0]);
    arena_finish(&arena);
}

static void test_quoting(void **state)
{
    struct arena arena = {0};

    assert_string_equal(shell_quote(&arena, "-M"), "-M");
    assert_string_equal(shell_quote(&arena, ""), "''");
    assert_string_equal(shell_quote(&arena, "a b"), "'a b'");
    assert_string_equal(shell_quote(&arena, "it's"), "'it'\\''s'");
    assert_string_equal(shell_quote(&arena, "$HOME"), "'$HOME'");
    arena_finish(&arena);
}

static void test_pins(void **state)
{
    struct arena arena = {0};
    struct strings argv = {0};
    struct manifest m;

    read_good(&m, &arena, "pins.yaml");
    m.instances[0].qemu_path = arena_copy(&arena, "/q/qemu-system-arm");
    m.instances[0].firmware_path = arena_copy(&arena, "/f/a.elf");
    qemu_command(&m, 0, "/run/r", 0xabc, &arena, &argv);
    assert_true(has_words(&argv, "-M", "stm32wb55,pins=PC4=0:PH3=1:PA0=PA8:PB15=1"));
    assert_null(m.instances[1].pins);
    arena_finish(&arena);
}

static void test_adc(void **state)
{
    struct arena arena = {0};
    struct strings argv = {0};
    struct manifest m;

    read_good(&m, &arena, "adc.yaml");
    m.instances[0].qemu_path = arena_copy(&arena, "/q/qemu-system-arm");
    m.instances[0].firmware_path = arena_copy(&arena, "/f/a.elf");
    assert_int_equal(m.instances[0].adc_count, 5);
    assert_string_equal(m.instances[0].adc[2].file, "wave.txt");
    m.instances[0].adc[2].path = arena_copy(&arena, "/d/a,b/wave.txt");
    qemu_command(&m, 0, "/run/r", 0xabc, &arena, &argv);
    assert_true(has_words(&argv, "-M",
                          "stm32wb55,adc=IN5=1.2V;IN16=sine:50Hz/1.65V/-1V;"
                          "IN7=file:/d/a,,b/wave.txt;VDDA=3000mV;TEMP=-5.5C"));
    assert_int_equal(m.instances[1].adc_count, 0);
    arena_finish(&arena);
}

/* ---- the schema ---- */

static json_t *table_of(json_t *schema, const char *section)
{
    return strcmp(section, "manifest") && strcmp(section, "scenario")
               ? json_object_get(json_object_get(schema, "$defs"), section)
               : schema;
}

static bool is_required(json_t *table, const char *key)
{
    json_t *item;
    size_t i;

    json_array_foreach(json_object_get(table, "required"), i, item)
    {
        if (!strcmp(json_string_value(item), key)) {
            return true;
        }
    }
    return false;
}

static void check_schema(const char *variable, const char *file,
                         const struct section *const *sections, size_t count)
{
    json_error_t error;
    json_t *schema = json_load_file(directory(variable, file),
                                    JSON_DECODE_INT_AS_REAL /* 2^64 - 1 */, &error);

    assert_non_null(schema);
    for (size_t i = 0; i < count; i++) {
        json_t *table = table_of(schema, sections[i]->name);
        json_t *keys = json_object_get(table, "properties");

        assert_non_null(keys);
        assert_true(json_is_false(json_object_get(table, "additionalProperties")));
        assert_int_equal(json_object_size(keys), sections[i]->count);
        assert_true(sections[i]->count <= MOST_KEYS);
        for (size_t k = 0; k < sections[i]->count; k++) {
            const struct field *field = &sections[i]->fields[k];

            if (!json_object_get(keys, field->key)) {
                fail_msg("the schema has no key %s in %s", field->key, sections[i]->name);
            }
            assert_int_equal(is_required(table, field->key), field->required);
        }
    }
    json_decref(schema);
}

static void test_schema(void **state)
{
    static const struct section *const scenario[] = {&scenario_section, &step_section,
                                                     &until_section, &step_fault_section};
    size_t count;
    const struct section *const *sections = manifest_sections(&count);

    check_schema("ORRERY_TEST_SCHEMA", "schema/manifest.schema.json", sections, count);
    check_schema("ORRERY_TEST_SCENARIO_SCHEMA", "schema/scenario.schema.json", scenario, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_link_changes),
        cmocka_unit_test(test_instance_changes),
        cmocka_unit_test(test_workflow),
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_radio),
        cmocka_unit_test(test_cpu2),
        cmocka_unit_test(test_only),
        cmocka_unit_test(test_mangled),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_firmware),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_quoting),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_flash_files),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_adc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
