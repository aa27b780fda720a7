/* SPDX-License-Identifier: Apache-2.0 */
/* script_test.c - steps, one at a time: what matches, and when what follows is due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "control.h"
#include "input.h"
#include "output.h"
#include "probe.h"
#include "script.h"
#include "trace.h"

#define D 10000u /* reaction */
#define STEPS 4
#define EXPECT ORRERY__SCRIPT_STEP__KIND__EXPECT
#define NEVER ORRERY__SCRIPT_STEP__KIND__NEVER
#define SEND ORRERY__SCRIPT_STEP__KIND__SEND
#define WAIT ORRERY__SCRIPT_STEP__KIND__WAIT
#define EXIT_ALL ORRERY__SCRIPT_STEP__KIND__EXIT

/* What input.c calls when it sends; nothing is sent here. */
void orrery_call_error(struct call *call, const char *format, ...)
{
}
void orrery_call_stopped(struct call *call, uint64_t at_ns)
{
}
void orrery_control_event(struct control *control, Orrery__Event__Kind kind, uint64_t at_ns,
                          const char *who, const char *text)
{
}
void orrery_output_input(struct output *output, unsigned port, uint64_t at_ns, uint8_t byte)
{
}
void orrery_output_note(struct output *output, unsigned member, uint64_t at_ns, const char *who,
                        const char *text)
{
}
void orrery_trace_add(struct trace *trace, unsigned lane, uint64_t send_ns, uint64_t arrival_ns,
                      uint64_t seq, const void *payload, uint16_t len)
{
}

/* One instance with an attached port, index 0, and a script. */
struct bench {
    Orrery__Plan plan;
    Orrery__Clock clock;
    Orrery__Instance instance, *instances[1];
    Orrery__Attach attach, *attaches[1];
    Orrery__Endpoint end;
    Orrery__Script script;
    Orrery__Stimulus what;
    Orrery__ScriptStep steps[STEPS], *list[STEPS];
    struct layout *layout;
    struct input *input;
    struct script *at_work;
};

static void step(struct bench *b, Orrery__ScriptStep__Kind kind, const char *text, uint64_t ns)
{
    Orrery__ScriptStep *step = &b->steps[b->script.n_steps];

    orrery__script_step__init(step);
    step->kind = kind;
    step->port = (char *)"a.serial0";
    step->text.data = (uint8_t *)text;
    step->text.len = text ? strlen(text) : 0;
    step->ns = ns;
    step->where = (char *)"t:1:1";
    b->list[b->script.n_steps++] = step;
}

/* Something happens to an instance. */
static void does(struct bench *b, Orrery__Stimulus__Kind kind, const char *instance)
{
    static Orrery__Stimulus *list[1];

    step(b, ORRERY__SCRIPT_STEP__KIND__DO, NULL, 0);
    orrery__stimulus__init(&b->what);
    b->what.kind = kind;
    b->what.instance = (char *)instance;
    list[0] = &b->what;
    b->list[0]->does = list;
    b->list[0]->n_does = 1;
}

static void begin(struct bench *b)
{
    memset(b, 0, sizeof(*b));
    orrery__plan__init(&b->plan);
    orrery__clock__init(&b->clock);
    orrery__instance__init(&b->instance);
    orrery__attach__init(&b->attach);
    orrery__endpoint__init(&b->end);
    orrery__script__init(&b->script);
    b->instance.name = (char *)"a";
    b->end.member = 1;
    b->end.port = (char *)"serial0";
    b->attach.end = &b->end;
    b->instances[0] = &b->instance;
    b->attaches[0] = &b->attach;
    b->plan.clock = &b->clock;
    b->plan.n_instances = b->plan.n_attaches = 1;
    b->plan.instances = b->instances;
    b->plan.attaches = b->attaches;
    b->plan.script = &b->script;
    b->script.steps = b->list;
}

static void start(struct bench *b)
{
    struct orrery_error err;

    b->layout = orrery_layout_create(&b->plan);
    b->input = orrery_input_create(b->layout);
    b->at_work = orrery_script_create(&b->plan, b->layout, D, &err);
    assert_non_null(b->at_work);
    orrery_script_bound(b->at_work, 0);
}

static void finish(struct bench *b)
{
    orrery_script_destroy(b->at_work);
    orrery_input_destroy(b->input);
    orrery_layout_destroy(b->layout);
}

/* Bytes that arrive one a nanosecond from at_ns on. */
static void hear(struct bench *b, uint64_t at_ns, const char *text)
{
    for (; *text; text++) {
        orrery_script_byte(b->at_work, 0, at_ns++, (uint8_t)*text);
    }
}

static void expect_state(struct bench *b, enum script_state state, uint64_t at_ns)
{
    uint64_t when;

    assert_int_equal(orrery_script_state(b->at_work, &when), state);
    assert_int_equal(when, at_ns);
}

static void test_answer(void **state)
{
    struct bench b;

    begin(&b);
    step(&b, EXPECT, "ab", 500);
    step(&b, SEND, "x", 0);
    step(&b, WAIT, NULL, 3 * D);
    step(&b, EXPECT, "c", 700);
    start(&b);
    expect_state(&b, SCRIPT_ARMED, 500);
    hear(&b, 100, "aab");
    expect_state(&b, SCRIPT_DUE, 102 + D);
    hear(&b, 200, "c"); /* early, and kept */
    orrery_script_act(b.at_work, b.input, 102 + D);
    assert_true(orrery_input_waiting(b.input));
    expect_state(&b, SCRIPT_PASSED, 102 + 4 * D);
    finish(&b);
}

/* What comes in one go is judged by its own time. */
static void test_late(void **state)
{
    struct bench b;

    begin(&b);
    step(&b, EXPECT, "ab", 500);
    start(&b);
    hear(&b, 499, "ab"); /* complete at 500 */
    expect_state(&b, SCRIPT_FAILED, 500 + D);
    finish(&b);
}

static void test_deadline(void **state)
{
    struct bench b;

    begin(&b);
    step(&b, EXPECT, "ab", 500);
    start(&b);
    hear(&b, 100, "a");
    orrery_script_bound(b.at_work, 499);
    expect_state(&b, SCRIPT_ARMED, 500);
    orrery_script_bound(b.at_work, 500);
    expect_state(&b, SCRIPT_FAILED, 500 + D);
    assert_non_null(strstr(orrery_script_failure(b.at_work),
                           "t:1:1: a.serial0: 'ab' did not come; the last that came: 'a' (at "));
    finish(&b);
}

static void test_never(void **state)
{
    struct bench b;

    begin(&b);
    step(&b, NEVER, "no", 500);
    step(&b, NEVER, "no", 500);
    start(&b);
    hear(&b, 499, "n");
    orrery_script_bound(b.at_work, 600);
    expect_state(&b, SCRIPT_ARMED, 1000);
    hear(&b, 600, "o"); /* over the border of two steps: it is there all the same */
    expect_state(&b, SCRIPT_FAILED, 600 + D);
    finish(&b);
}

static void test_captures(void **state)
{
    struct bench b;

    begin(&b);
    step(&b, EXPECT, "n=([0-9]+)\\.", 500);
    b.steps[0].regex = true;
    step(&b, EXPECT, "<${1}>", 500);
    start(&b);
    hear(&b, 10, "n=4\nn=12.");
    hear(&b, 30, "<4><12");
    expect_state(&b, SCRIPT_ARMED, 18 + 500);
    hear(&b, 40, ">");
    expect_state(&b, SCRIPT_PASSED, 40 + D);
    finish(&b);
}

static void test_exit(void **state)
{
    struct bench b;

    begin(&b);
    step(&b, EXIT_ALL, NULL, 500);
    start(&b);
    orrery_script_all_off(b.at_work, 300);
    expect_state(&b, SCRIPT_PASSED, 300 + D);
    finish(&b);
    begin(&b);
    step(&b, EXPECT, "ab", 500);
    start(&b);
    orrery_script_all_off(b.at_work, 300);
    expect_state(&b, SCRIPT_FAILED, 300 + D);
    finish(&b);
}

/* More than fits is heard: the oldest goes. */
static void test_flood(void **state)
{
    struct bench b;

    begin(&b);
    step(&b, WAIT, NULL, 1000000);
    step(&b, SEND, "x", 0);
    step(&b, EXPECT, "first", 500);
    start(&b);
    hear(&b, 0, "first");
    for (uint64_t i = 0; i < 200000; i++) {
        orrery_script_byte(b.at_work, 0, 10 + i, '.');
    }
    orrery_script_act(b.at_work, b.input, 1000000);
    expect_state(&b, SCRIPT_ARMED, 1000500);
    finish(&b);
}

static void refuse(struct bench *b, const char *why)
{
    struct orrery_error err;

    b->layout = orrery_layout_create(&b->plan);
    b->input = orrery_input_create(b->layout);
    b->at_work = orrery_script_create(&b->plan, b->layout, D, &err);
    assert_null(b->at_work);
    if (!strstr(err.text, why)) {
        fail_msg("\"%s\" is not in \"%s\"", why, err.text);
    }
    finish(b);
}

static void test_refused(void **state)
{
    struct bench b;

    begin(&b);
    step(&b, EXPECT, "(", 500);
    b.steps[0].regex = true;
    refuse(&b, "t:1:1: ");
    begin(&b);
    step(&b, EXPECT, "x", 500);
    b.steps[0].port = (char *)"a.serial1";
    refuse(&b, "no port of that name");
    begin(&b);
    does(&b, ORRERY__STIMULUS__KIND__RESET, "b");
    refuse(&b, "no such instance");
    begin(&b);
    does(&b, ORRERY__STIMULUS__KIND__FAULT, "a");
    b.what.line = (char *)"serial0";
    b.what.rate_ppb = ORRERY_FAULT_ALL + 1;
    refuse(&b, "unknown kind");
    begin(&b);
    step(&b, (Orrery__ScriptStep__Kind)77, NULL, 0);
    refuse(&b, "not a step");
    begin(&b);
    does(&b, ORRERY__STIMULUS__KIND__LINE, "a");
    b.what.line = (char *)"gpio.1";
    b.what.level = 1000000;
    refuse(&b, "unknown kind, level or line");
}

static bool add(struct bench *b, Orrery__ScriptStep__Kind kind, const char *text, uint64_t ns)
{
    struct orrery_error err;

    b->script.n_steps = 0;
    step(b, kind, text, ns);
    return orrery_script_add(b->at_work, b->list[0], &err);
}

/* test_answer() with its steps one by one: the same times, also of what was said in between. */
static void test_open(void **state)
{
    struct bench b;

    begin(&b);
    b.script.open = true;
    start(&b);
    expect_state(&b, SCRIPT_ASKING, 0);
    assert_true(add(&b, EXPECT, "ab", 500));
    expect_state(&b, SCRIPT_ARMED, 500);
    hear(&b, 100, "aab");
    expect_state(&b, SCRIPT_ASKING, 102 + D);
    hear(&b, 103, "lcr"); /* before the next step is known, at its own time all the same */
    assert_true(add(&b, EXPECT, "c", 700));
    expect_state(&b, SCRIPT_ASKING, 104 + D);
    assert_int_equal(orrery_script_time(b.at_work), 104);
    assert_true(add(&b, SEND, "x", 0));
    expect_state(&b, SCRIPT_DUE, 104 + D);
    orrery_script_act(b.at_work, b.input, 104 + D);
    expect_state(&b, SCRIPT_ASKING, 104 + D);
    assert_true(add(&b, EXPECT, "r", 700)); /* said before x went out, and not used yet */
    expect_state(&b, SCRIPT_ASKING, 104 + D);
    assert_true(add(&b, WAIT, NULL, 3 * D));
    expect_state(&b, SCRIPT_ASKING, 104 + 4 * D);
    orrery_script_finish(b.at_work);
    expect_state(&b, SCRIPT_PASSED, 104 + 4 * D);
    finish(&b);
}

static void test_open_failure(void **state)
{
    struct bench b;

    begin(&b);
    step(&b, EXPECT, "first", 100);
    b.script.open = true;
    start(&b);
    orrery_script_bound(b.at_work, 100);
    expect_state(&b, SCRIPT_ASKING, 100 + D);
    assert_non_null(strstr(orrery_script_failure(b.at_work), "'first' did not come"));
    hear(&b, 300, "late");
    assert_true(add(&b, EXPECT, "late", 200)); /* it is there now, and came too late */
    expect_state(&b, SCRIPT_ASKING, 300 + D);
    assert_non_null(strstr(orrery_script_failure(b.at_work), "(at 0.000000300)"));
    memset(b.steps, 0xa5, sizeof(b.steps)); /* its call is answered: the step is gone */
    b.list[0] = NULL;
    assert_int_equal(orrery_script_reaction_ns(b.at_work), D);
    assert_false(orrery_script_needs_all(b.at_work));
    assert_true(add(&b, EXPECT, "late", 200));
    assert_string_equal(orrery_script_failure(b.at_work), "");
    assert_true(add(&b, EXIT_ALL, NULL, 500));
    orrery_script_all_off(b.at_work, 400);
    expect_state(&b, SCRIPT_ASKING, 400 + D);
    assert_false(add(&b, ORRERY__SCRIPT_STEP__KIND__COUNTER, NULL, 0)); /* of nothing */
    expect_state(&b, SCRIPT_ASKING, 400 + D);
    finish(&b);
}

/* A question to instance a. */
static void question(struct bench *b, Orrery__ScriptStep__Kind kind, const char *bytes, uint64_t ns)
{
    step(b, kind, bytes, ns);
    b->steps[b->script.n_steps - 1].instance = (char *)"a";
}

static void reply(struct bench *b, uint64_t at_ns, uint32_t failed, const char *bytes)
{
    struct orrery_answer answer = {.failed = failed, .length = (uint32_t)strlen(bytes)};

    memcpy(answer.bytes, bytes, strlen(bytes));
    orrery_script_answer(b->at_work, 1, at_ns, (uint8_t *)&answer,
                         ORRERY_ANSWER_HEAD + strlen(bytes));
}

/* While an answer is awaited all stay near; what is asked in a row is asked at once. */
static void test_memory(void **state)
{
    struct bench b;

    begin(&b);
    step(&b, WAIT, NULL, 50);
    question(&b, ORRERY__SCRIPT_STEP__KIND__MEMORY, "ab", 0);
    question(&b, ORRERY__SCRIPT_STEP__KIND__MEMORY, "cd", 0);
    start(&b);
    expect_state(&b, SCRIPT_DUE, 50);
    assert_int_equal(orrery_script_reaction_ns(b.at_work), D);
    orrery_script_act(b.at_work, b.input, 50);
    expect_state(&b, SCRIPT_ARMED, 50 + PROBE_TIMEOUT_NS);
    assert_int_equal(orrery_script_reaction_ns(b.at_work), PROBE_REACTION_NS);
    reply(&b, 60, ORRERY_ANSWER_DONE, "ab");
    expect_state(&b, SCRIPT_ARMED, 60 + PROBE_TIMEOUT_NS);
    reply(&b, 60, ORRERY_ANSWER_DONE, "cd");
    expect_state(&b, SCRIPT_PASSED, 60 + PROBE_REACTION_NS);
    finish(&b);
}

static void test_memory_differs(void **state)
{
    struct bench b;

    begin(&b);
    question(&b, ORRERY__SCRIPT_STEP__KIND__MEMORY, "ab", 0);
    start(&b);
    orrery_script_act(b.at_work, b.input, 0);
    reply(&b, 7, ORRERY_ANSWER_DONE, "ax");
    expect_state(&b, SCRIPT_FAILED, 7 + PROBE_REACTION_NS);
    assert_non_null(strstr(orrery_script_failure(b.at_work), "61 62 was meant; it is 61 78"));
    finish(&b);
}

/* A message of shared memory may hold anything. */
static void test_nonsense(void **state)
{
    struct bench b;

    for (size_t len = 0; len < ORRERY_ANSWER_HEAD + 2; len++) {
        uint8_t junk[sizeof(struct orrery_answer)] = {0};

        begin(&b);
        question(&b, ORRERY__SCRIPT_STEP__KIND__MEMORY, "ab", 0);
        start(&b);
        orrery_script_act(b.at_work, b.input, 0);
        memset(junk + 16, 0xff, sizeof(junk) - 16);
        orrery_script_answer(b.at_work, 1, 7, junk, len);
        expect_state(&b, SCRIPT_FAILED, 7 + PROBE_REACTION_NS);
        finish(&b);
    }
}

/* One that is off never answers. */
static void test_off(void **state)
{
    struct bench b;

    begin(&b);
    question(&b, ORRERY__SCRIPT_STEP__KIND__RESETS, NULL, 0);
    start(&b);
    orrery_script_act(b.at_work, b.input, 0);
    orrery_script_bound(b.at_work, PROBE_TIMEOUT_NS);
    expect_state(&b, SCRIPT_FAILED, PROBE_TIMEOUT_NS + PROBE_REACTION_NS);
    finish(&b);
}

/* An instruction takes as long as the step says; what follows it is answered then. */
static void test_instruction(void **state)
{
    struct bench b;

    begin(&b);
    question(&b, ORRERY__SCRIPT_STEP__KIND__PC, NULL, 5 * D);
    question(&b, ORRERY__SCRIPT_STEP__KIND__MEMORY, "ab", 0);
    step(&b, EXPECT, "c", 700);
    start(&b);
    orrery_script_act(b.at_work, b.input, 0);
    expect_state(&b, SCRIPT_ARMED, 5 * D);
    assert_int_equal(orrery_script_reaction_ns(b.at_work), D);
    reply(&b, 4 * D, ORRERY_ANSWER_DONE, "");
    reply(&b, 4 * D, ORRERY_ANSWER_DONE, "ab");
    expect_state(&b, SCRIPT_ARMED, 4 * D + 700);
    hear(&b, 4 * D + 1, "c");
    expect_state(&b, SCRIPT_PASSED, 5 * D + 1);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),      cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_late),        cmocka_unit_test(test_never),
        cmocka_unit_test(test_captures),    cmocka_unit_test(test_exit),
        cmocka_unit_test(test_flood),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_open),        cmocka_unit_test(test_open_failure),
        cmocka_unit_test(test_memory),      cmocka_unit_test(test_memory_differs),
        cmocka_unit_test(test_nonsense),    cmocka_unit_test(test_off),
        cmocka_unit_test(test_instruction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
