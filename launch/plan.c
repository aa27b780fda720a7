// SPDX-License-Identifier: Apache-2.0
#include "plan.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "orrery.pb-c.h"
#include "qemu.h"

/* A fresh message in the arena. */
#define NEW(arena, type, prefix)                                                                   \
    __extension__({                                                                                \
        type *message_ = arena_alloc(arena, sizeof(type));                                         \
        prefix##__init(message_);                                                                  \
        message_;                                                                                  \
    })

static Orrery__Clock *plan_clock(const struct clock_plan *clock, struct arena *arena)
{
    Orrery__Clock *out = NEW(arena, Orrery__Clock, orrery__clock);

    out->seed = clock->seed;
    out->turns = clock->turns;
    out->for_ns = clock->for_ns;
    out->pace = clock->pace;
    out->reaction_ns = clock->reaction_ns;
    return out;
}

static Orrery__Uart *plan_uart(const struct uart *uart, uint64_t seed, struct arena *arena)
{
    Orrery__Uart *out = NEW(arena, Orrery__Uart, orrery__uart);

    out->baud = uart->baud;
    out->data_bits = uart->data_bits;
    out->parity = arena_copy_n(arena, &uart->parity, 1);
    out->stop_halves = uart->stop_halves;
    out->drop_ppb = uart->drop_ppb;
    out->corrupt_ppb = uart->corrupt_ppb;
    out->fault_seed = seed;
    out->iso7816 = uart->iso7816;
    return out;
}

static Orrery__Radio *plan_radio(const struct link *link, uint64_t seed, struct arena *arena)
{
    Orrery__Radio *out = NEW(arena, Orrery__Radio, orrery__radio);

    out->seed = link->radio.seed_given ? link->radio.seed : seed;
    out->loss_ppb = link->radio.loss_ppb;
    out->path_db.data = link->radio.path_db;
    out->path_db.len = link->end_count * link->end_count;
    return out;
}

static Orrery__Endpoint *plan_end(const struct endpoint *end, const char *file, struct arena *arena)
{
    Orrery__Endpoint *out = NEW(arena, Orrery__Endpoint, orrery__endpoint);

    out->member = end->instance + 1;
    out->port = end->port;
    if (end->at.line) {
        out->where = arena_printf(arena, "%s:%u:%u", end->at.file ? end->at.file : file,
                                  end->at.line, end->at.column);
    }
    return out;
}

static void plan_instances(Orrery__Plan *plan, const struct manifest *m, struct arena *arena)
{
    plan->n_instances = m->instance_count;
    plan->instances = arena_pointers(arena, m->instance_count);
    for (size_t i = 0; i < m->instance_count; i++) {
        Orrery__Instance *out = NEW(arena, Orrery__Instance, orrery__instance);
        struct strings ports = {0};

        qemu_ports(m, (unsigned)i, arena, &ports);
        out->name = m->instances[i].name;
        out->n_ports = ports.count;
        out->ports = ports.items;
        if (m->instances[i].flash_keep) {
            out->flash = m->instances[i].flash_path;
        }
        if (m->instances[i].builtin) {
            out->leader = (uint32_t)i; /* the other core comes right before */
        }
        plan->instances[i] = out;
    }
}

static void plan_links(Orrery__Plan *plan, const struct manifest *m, struct arena *arena)
{
    static const Orrery__Link__Kind kinds[] = {
        [LINK_UART] = ORRERY__LINK__KIND__UART,
        [LINK_CORES] = ORRERY__LINK__KIND__CORES,
        [LINK_RADIO] = ORRERY__LINK__KIND__RADIO,
        [LINK_GPIO] = ORRERY__LINK__KIND__GPIO,
    };

    plan->n_links = m->link_count;
    plan->links = arena_pointers(arena, m->link_count);
    for (size_t i = 0; i < m->link_count; i++) {
        const struct link *link = &m->links[i];
        Orrery__Link *out = NEW(arena, Orrery__Link, orrery__link);

        out->kind = kinds[link->kind];
        out->n_ends = link->end_count;
        out->ends = arena_pointers(arena, link->end_count);
        for (size_t k = 0; k < link->end_count; k++) {
            out->ends[k] = plan_end(&link->ends[k], m->file, arena);
        }
        if (link->kind == LINK_UART) {
            out->uart = plan_uart(&link->uart, m->clock.seed, arena);
        } else if (link->kind == LINK_RADIO) {
            out->radio = plan_radio(link, m->clock.seed, arena);
        }
        out->latency_ns = link->latency_ns;
        out->pull = link->pull;
        plan->links[i] = out;
    }
}

/* The two cores of a chip share registers: hw/orrery/stm32wb55/cells.h says how many bytes. */
#define CORES_STATE "cores"
#define CORES_STATE_BYTES 8192

static Orrery__State *plan_state(const struct link *link, struct arena *arena)
{
    Orrery__State *out = NEW(arena, Orrery__State, orrery__state);

    out->name = arena_copy_n(arena, CORES_STATE, strlen(CORES_STATE));
    out->size = CORES_STATE_BYTES;
    out->n_members = link->end_count;
    out->members = arena_alloc(arena, link->end_count * sizeof(*out->members));
    for (size_t i = 0; i < link->end_count; i++) {
        out->members[i] = link->ends[i].instance + 1;
    }
    return out;
}

static void plan_states(Orrery__Plan *plan, const struct manifest *m, struct arena *arena)
{
    plan->states = arena_pointers(arena, m->link_count);
    for (size_t i = 0; i < m->link_count; i++) {
        if (m->links[i].kind == LINK_CORES) {
            plan->states[plan->n_states++] = plan_state(&m->links[i], arena);
        }
    }
}

static void plan_attaches(Orrery__Plan *plan, const struct manifest *m, struct arena *arena)
{
    static const Orrery__Attach__To to[] = {
        [TO_STDOUT] = ORRERY__ATTACH__TO__STDOUT,
        [TO_FILE] = ORRERY__ATTACH__TO__FILE,
        [TO_PTY] = ORRERY__ATTACH__TO__PTY,
        [TO_TCP] = ORRERY__ATTACH__TO__TCP,
    };
    static const Orrery__Attach__Capture captures[] = {
        [CAPTURE_NONE] = ORRERY__ATTACH__CAPTURE__NO_CAPTURE,
        [CAPTURE_BTSNOOP] = ORRERY__ATTACH__CAPTURE__BTSNOOP,
        [CAPTURE_PCAPNG] = ORRERY__ATTACH__CAPTURE__PCAPNG,
        [CAPTURE_AIR] = ORRERY__ATTACH__CAPTURE__AIR,
    };

    plan->n_attaches = m->attach_count;
    plan->attaches = arena_pointers(arena, m->attach_count);
    for (size_t i = 0; i < m->attach_count; i++) {
        const struct attach *attach = &m->attaches[i];
        Orrery__Attach *out = NEW(arena, Orrery__Attach, orrery__attach);

        out->end = plan_end(&attach->end, m->file, arena);
        out->to = to[attach->to];
        if (attach->path) {
            out->path = attach->path;
        }
        out->tcp_port = attach->listen;
        out->uart = plan_uart(&attach->uart, m->clock.seed, arena);
        out->capture = captures[attach->capture];
        out->mark_clients = attach->mark_clients;
        plan->attaches[i] = out;
    }
}

/* The instance is said elsewhere. */
static Orrery__Stimulus *plan_stimulus(const struct input *input, struct arena *arena)
{
    static const Orrery__Stimulus__Kind kinds[] = {
        [INPUT_LINE] = ORRERY__STIMULUS__KIND__LINE,
        [INPUT_RESET] = ORRERY__STIMULUS__KIND__RESET,
        [INPUT_POWER] = ORRERY__STIMULUS__KIND__POWER,
        [INPUT_FAULT] = ORRERY__STIMULUS__KIND__FAULT,
    };
    Orrery__Stimulus *out = NEW(arena, Orrery__Stimulus, orrery__stimulus);

    out->kind = kinds[input->kind];
    if (input->kind == INPUT_RESET) {
        return out;
    }
    if (input->kind != INPUT_POWER) {
        out->line = input->end.port;
    }
    out->level = (int32_t)input->level;
    out->for_ns = input->for_ns;
    out->rate_ppb = input->rate_ppb;
    out->count = input->count;
    out->delay_ns = input->delay_ns;
    return out;
}

static Orrery__Input *plan_input(const struct input *input, struct arena *arena)
{
    Orrery__Input *out = NEW(arena, Orrery__Input, orrery__input);

    out->at_ns = input->at_ns;
    out->member = input->end.instance + 1;
    out->what = plan_stimulus(input, arena);
    return out;
}

static void plan_inputs(Orrery__Plan *plan, const struct manifest *m, struct arena *arena)
{
    size_t count = m->input_count;

    for (size_t i = 0; i < m->link_count; i++) {
        count += m->links[i].fault_count;
    }
    plan->inputs = arena_pointers(arena, count);
    for (size_t i = 0; i < m->link_count; i++) {
        for (size_t k = 0; k < m->links[i].fault_count; k++) {
            plan->inputs[plan->n_inputs++] = plan_input(&m->links[i].faults[k], arena);
        }
    }
    for (size_t i = 0; i < m->input_count; i++) {
        plan->inputs[plan->n_inputs++] = plan_input(&m->inputs[i], arena);
    }
}

static void plan_does(Orrery__ScriptStep *out, const struct script_step *step,
                      const struct manifest *m, struct arena *arena)
{
    out->does = arena_pointers(arena, step->does_count);
    for (; out->n_does < step->does_count; out->n_does++) {
        const struct input *what = &step->does[out->n_does];

        out->does[out->n_does] = plan_stimulus(what, arena);
        out->does[out->n_does]->instance = m->instances[what->end.instance].name;
    }
}

Orrery__ScriptStep *plan_step(const struct script_step *step, const struct manifest *m,
                              struct arena *arena)
{
    static const Orrery__ScriptStep__Kind kinds[] = {
        [STEP_EXPECT] = ORRERY__SCRIPT_STEP__KIND__EXPECT,
        [STEP_NEVER] = ORRERY__SCRIPT_STEP__KIND__NEVER,
        [STEP_SEND] = ORRERY__SCRIPT_STEP__KIND__SEND,
        [STEP_WAIT] = ORRERY__SCRIPT_STEP__KIND__WAIT,
        [STEP_AT] = ORRERY__SCRIPT_STEP__KIND__AT,
        [STEP_DO] = ORRERY__SCRIPT_STEP__KIND__DO,
        [STEP_EXIT] = ORRERY__SCRIPT_STEP__KIND__EXIT,
        [STEP_MEMORY] = ORRERY__SCRIPT_STEP__KIND__MEMORY,
        [STEP_SET] = ORRERY__SCRIPT_STEP__KIND__SET,
        [STEP_PC] = ORRERY__SCRIPT_STEP__KIND__PC,
        [STEP_SCREEN] = ORRERY__SCRIPT_STEP__KIND__SCREEN,
        [STEP_RESETS] = ORRERY__SCRIPT_STEP__KIND__RESETS,
        [STEP_ERRORS] = ORRERY__SCRIPT_STEP__KIND__ERRORS,
        [STEP_LEVEL] = ORRERY__SCRIPT_STEP__KIND__LEVEL,
        [STEP_AWAIT] = ORRERY__SCRIPT_STEP__KIND__AWAIT,
        [STEP_COUNTER] = ORRERY__SCRIPT_STEP__KIND__COUNTER,
    };
    Orrery__ScriptStep *out = NEW(arena, Orrery__ScriptStep, orrery__script_step);

    out->kind = kinds[step->kind];
    out->port = step->port ? step->port : out->port;
    out->text.data = (uint8_t *)step->text;
    out->text.len = step->text_len;
    out->regex = step->regex;
    out->ns = step->ns;
    out->instance = step->instance ? step->instance : out->instance;
    out->line = step->line ? step->line : out->line;
    out->where = step->where;
    out->address = step->address;
    out->width = step->is_number ? step->width : 0;
    out->big_endian = step->big_endian;
    out->value = step->value;
    plan_does(out, step, m, arena);
    return out;
}

static void plan_script(Orrery__Plan *plan, const struct script *script, const struct manifest *m,
                        struct arena *arena)
{
    if (!script) {
        return;
    }
    plan->script = NEW(arena, Orrery__Script, orrery__script);
    plan->script->hold = script->hold;
    plan->script->open = script->open;
    plan->script->n_steps = script->count;
    plan->script->steps = arena_pointers(arena, script->count);
    for (size_t i = 0; i < script->count; i++) {
        plan->script->steps[i] = plan_step(&script->steps[i], m, arena);
    }
}

static int write_memfd(const uint8_t *bytes, size_t len, struct problem *why)
{
    int fd = memfd_create("orrery-plan", MFD_CLOEXEC);

    for (size_t done = 0; fd >= 0 && done < len;) {
        ssize_t n = write(fd, bytes + done, len - done);

        if (n < 0 && errno != EINTR) {
            int error = errno;

            close(fd);
            fd = -1;
            errno = error;
        } else if (n > 0) {
            done += (size_t)n;
        }
    }
    if (fd < 0) {
        problem_broke(why, "the plan: %s", error_text(errno));
        return -1;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

int plan_write(const struct run_plan *run, struct arena *arena, struct problem *why)
{
    Orrery__Plan plan = ORRERY__PLAN__INIT;
    size_t len;
    uint8_t *bytes;

    plan.name = run->manifest->name;
    plan.run_id = run->run_id;
    plan.run_dir = arena_copy(arena, run->run_dir);
    plan.clock = plan_clock(&run->manifest->clock, arena);
    plan_instances(&plan, run->manifest, arena);
    plan_states(&plan, run->manifest, arena);
    plan_links(&plan, run->manifest, arena);
    plan_attaches(&plan, run->manifest, arena);
    plan_inputs(&plan, run->manifest, arena);
    plan_script(&plan, run->script, run->manifest, arena);
    plan.trace_hash = run->trace_hash;
    plan.paused = run->paused;
    plan.log_dir = arena_copy(arena, run->log_dir ? run->log_dir : "");
    plan.trace_dir = arena_copy(arena, run->trace_dir ? run->trace_dir : "");
    plan.pictures = arena_copy(arena, run->pictures ? run->pictures : "");
    plan.jitter_seed = run->jitter_seed;
    plan.join_timeout_ms = run->join_timeout_ms;
    plan.launcher_pid = (int32_t)getpid();
    len = orrery__plan__get_packed_size(&plan);
    bytes = arena_alloc(arena, len);
    orrery__plan__pack(&plan, bytes);
    return write_memfd(bytes, len, why);
}
