/* SPDX-License-Identifier: Apache-2.0 */
#include "test_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orrery.h"

static const char *self_path, *broker_path;

void test_program(const char *self, const char *broker)
{
    self_path = self;
    broker_path = broker;
}

uint64_t test_now_ns(void)
{
    return (uint64_t)g_get_monotonic_time() * 1000;
}

void test_sleep_ms(unsigned ms)
{
    g_usleep(ms * 1000ul);
}

unsigned test_cpu_ms(pid_t pid)
{
    unsigned long user = 0, system = 0;
    char path[64];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file) {
        if (fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                   &system) != 2) {
            user = system = 0;
        }
        fclose(file);
    }
    return (unsigned)((user + system) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK));
}

/* ---- the plan ---- */

static int memory_file(const void *bytes, size_t len)
{
    int fd = memfd_create("test", 0);

    if (fd >= 0 && len && write(fd, bytes, len) != (ssize_t)len) {
        close(fd);
        return -1;
    }
    return fd;
}

static int make_plan(const struct test_run *run)
{
    Orrery__Plan plan = ORRERY__PLAN__INIT;
    Orrery__Clock clock = ORRERY__CLOCK__INIT;
    Orrery__Instance instance[2] = {ORRERY__INSTANCE__INIT, ORRERY__INSTANCE__INIT};
    Orrery__Instance *instances[2] = {&instance[0], &instance[1]};
    Orrery__Endpoint end[4] = {ORRERY__ENDPOINT__INIT, ORRERY__ENDPOINT__INIT,
                               ORRERY__ENDPOINT__INIT, ORRERY__ENDPOINT__INIT};
    Orrery__Endpoint *ends[2] = {&end[0], &end[1]};
    Orrery__Uart uart = ORRERY__UART__INIT;
    Orrery__Link link = ORRERY__LINK__INIT;
    Orrery__Link *links[1] = {&link};
    Orrery__Attach attach[2] = {ORRERY__ATTACH__INIT, ORRERY__ATTACH__INIT};
    Orrery__Attach *attaches[2];
    char *ports[2] = {(char *)"serial0", (char *)"serial1"};
    uint8_t *bytes;
    size_t len;
    int fd;

    for (unsigned i = 0; i < 2; i++) {
        int to = i ? run->attach_b_to : run->attach_to;

        instance[i].name = (char *)(i ? "b" : "a");
        instance[i].n_ports = 2;
        instance[i].ports = ports;
        end[i].member = end[2 + i].member = i + 1;
        end[i].port = (char *)"serial0";
        end[2 + i].port = (char *)"serial1";
        if (to >= 0) {
            attach[plan.n_attaches].end = &end[2 + i];
            attach[plan.n_attaches].to = (Orrery__Attach__To)to;
            attach[plan.n_attaches].path = (char *)(run->file_path ? run->file_path : "");
            attach[plan.n_attaches].uart = &uart;
            attaches[plan.n_attaches] = &attach[plan.n_attaches];
            plan.n_attaches++;
        }
    }
    uart.baud = 115200;
    uart.data_bits = 8;
    uart.parity = (char *)"N";
    uart.stop_halves = 2;
    link.n_ends = 2;
    link.ends = ends;
    link.uart = &uart;
    clock.seed = 1;
    clock.turns = run->turns;
    clock.for_ns = run->for_ns;
    clock.pace = run->pace;
    plan.name = (char *)"test";
    plan.run_id = 0x1234567890abcdefu;
    plan.run_dir = (char *)run->run_dir;
    plan.clock = &clock;
    plan.n_instances = 2;
    plan.instances = instances;
    plan.n_links = run->no_link ? 0 : 1;
    plan.links = links;
    plan.attaches = attaches;
    plan.trace_hash = true;
    plan.log_dir = (char *)(run->log_dir ? run->log_dir : "");
    plan.jitter_seed = run->jitter_seed;
    plan.join_timeout_ms = run->join_timeout_ms ? run->join_timeout_ms : 20000;
    plan.launcher_pid = run->launcher;
    len = orrery__plan__get_packed_size(&plan);
    bytes = g_malloc(len);
    orrery__plan__pack(&plan, bytes);
    fd = memory_file(bytes, len);
    g_free(bytes);
    return fd;
}

/* ---- processes ---- */

static pid_t spawn_broker(int plan_fd, int ready_fd, int out_fd, int err_fd, bool no_uring)
{
    char plan[16], ready[16];
    pid_t parent = getpid(), pid = fork();

    if (pid != 0) {
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves nothing */
    if (getppid() != parent) {
        _exit(99);
    }
    dup2(out_fd, STDOUT_FILENO);
    dup2(err_fd, STDERR_FILENO);
    if (no_uring) {
        setenv("ORRERY_NO_URING", "1", 1);
    }
    snprintf(plan, sizeof(plan), "%d", plan_fd);
    snprintf(ready, sizeof(ready), "%d", ready_fd);
    execl(broker_path, broker_path, "--plan-fd", plan, "--ready-fd", ready, (char *)NULL);
    _exit(99);
}

void test_start_member(struct test_run *run, int index)
{
    char *options = g_strdup_printf("player --player %s %c %s", run->run_dir, 'a' + index,
                                    run->options[index]);
    char **argv = g_strsplit(options, " ", -1);
    pid_t parent = getpid();

    run->members[index] = fork();
    if (run->members[index] == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(99);
        }
        dup2(run->err_fd, STDERR_FILENO);
        execv(self_path, argv);
        _exit(99);
    }
    g_strfreev(argv);
    g_free(options);
}

bool test_start(struct test_run *run)
{
    int ready[2], plan_fd;
    char c;
    bool ok;

    snprintf(run->run_dir, sizeof(run->run_dir), "/tmp/orrery-test-XXXXXX");
    if (!mkdtemp(run->run_dir) || pipe2(ready, O_CLOEXEC) < 0) {
        return false;
    }
    if (run->watch_launcher) { /* somebody who can be killed in its place */
        run->launcher = fork();
        if (run->launcher == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;) {
                pause();
            }
        }
    }
    plan_fd = make_plan(run);
    run->out_fd = memory_file("", 0);
    run->err_fd = memory_file("", 0);
    fcntl(run->out_fd, F_SETFL, O_APPEND);
    fcntl(run->err_fd, F_SETFL, O_APPEND);
    fcntl(ready[1], F_SETFD, 0);
    if (run->launcher_is_dead) {
        kill(run->launcher, SIGKILL);
        close(ready[0]);
    }
    run->started_ns = test_now_ns();
    run->broker = spawn_broker(plan_fd, ready[1], run->stdout_fd ? run->stdout_fd : run->out_fd,
                               run->err_fd, run->no_uring);
    close(ready[1]);
    close(plan_fd);
    ok = true;
    if (!run->launcher_is_dead) {
        ok = read(ready[0], &c, 1) == 1;
        close(ready[0]);
    }
    for (int i = 0; ok && i < TEST_MEMBERS; i++) {
        if (run->options[i]) {
            test_start_member(run, i);
        }
    }
    return ok;
}

static char *read_memory(int fd)
{
    off_t len = lseek(fd, 0, SEEK_END);
    char *text = g_malloc0((gsize)len + 1);

    if (pread(fd, text, (size_t)len, 0) != len) {
        text[0] = '\0';
    }
    close(fd);
    return text;
}

bool test_within(uint64_t from_ns, double seconds)
{
    uint64_t took_ms = (test_now_ns() - from_ns) / 1000000, limit_ms = (uint64_t)(seconds * 1000);

    return took_ms <= limit_ms || took_ms <= orrery_patience_ms(limit_ms);
}

/* Exit code, 128 + signal, or -1 when it had to be killed. */
static int reap(pid_t pid, double timeout_s)
{
    uint64_t from = test_now_ns();
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (!test_within(from, timeout_s)) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return -1;
        }
        g_usleep(1000);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void test_finish(struct test_run *run, double timeout_s)
{
    const char *hash;

    run->exit_code = reap(run->broker, timeout_s);
    run->wall_s = (double)(test_now_ns() - run->started_ns) / 1e9;
    run->out = read_memory(run->out_fd);
    run->err = read_memory(run->err_fd);
    hash = strstr(run->out, "trace-hash: ");
    snprintf(run->hash, sizeof(run->hash), "%.64s", hash ? hash + 12 : "");
    if (getenv("VERBOSE")) {
        fprintf(stderr, "exit %d in %.3f s\n%s%s", run->exit_code, run->wall_s, run->out, run->err);
    }
}

bool test_clean(struct test_run *run)
{
    bool clean = true;

    for (int i = 0; i < TEST_MEMBERS; i++) {
        if (run->members[i] > 0) {
            clean = reap(run->members[i], 0.5) != -1 && clean;
        }
    }
    if (run->launcher > 0) {
        kill(run->launcher, SIGKILL);
        waitpid(run->launcher, NULL, 0);
    }
    if (rmdir(run->run_dir) < 0 && errno != ENOENT) {
        char *command = g_strdup_printf("ls -la %s >&2; rm -r %s", run->run_dir, run->run_dir);

        clean = system(command) == 0 && false; /* something was left */
        g_free(command);
    }
    g_free(run->out);
    g_free(run->err);
    run->out = run->err = NULL;
    return clean;
}

/* ---- calls ---- */

Orrery__Reply *test_call_bytes(const char *run_dir, const void *bytes, size_t len, int timeout_ms)
{
    char *url = g_strdup_printf("ipc://%s/broker.sock", run_dir);
    Orrery__Reply *reply = NULL;
    nng_socket socket;
    int dialled, sent = 0, received = 0;
    void *answer;
    size_t size;

    if (nng_req0_open(&socket) != 0) {
        g_free(url);
        return NULL;
    }
    nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO,
                      (nng_duration)orrery_patience_ms((uint64_t)timeout_ms));
    nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, (nng_duration)orrery_patience_ms(5000));
    nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    /* no second try once dropped: closing in the middle of its handshake makes NNG 1.5's
     * listener deaf (nanomsg/nng issue 1518) */
    nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, 60000);
    nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, 60000);
    if ((dialled = nng_dial(socket, url, NULL, 0)) == 0 &&
        (sent = nng_send(socket, (void *)bytes, len, 0)) == 0 &&
        (received = nng_recv(socket, &answer, &size, NNG_FLAG_ALLOC)) == 0) {
        reply = orrery__reply__unpack(NULL, size, answer);
        nng_free(answer, size);
    } else {
        fprintf(stderr, "call: dial: %s; send: %s; receive: %s\n", nng_strerror(dialled),
                nng_strerror(sent), nng_strerror(received));
    }
    nng_close(socket);
    g_free(url);
    return reply;
}

Orrery__Reply *test_call(const char *run_dir, Orrery__Request *request)
{
    size_t len;
    uint8_t *bytes;
    Orrery__Reply *reply;

    request->version = ORRERY__PROTOCOL__PROTOCOL_VERSION;
    len = orrery__request__get_packed_size(request);
    bytes = g_malloc(len);
    orrery__request__pack(request, bytes);
    reply = test_call_bytes(run_dir, bytes, len, 20000);
    g_free(bytes);
    return reply;
}

bool test_wait_state(struct test_run *run, const char *state)
{
    for (int i = 0; i < 1000; i++) {
        Orrery__Empty empty = ORRERY__EMPTY__INIT;
        Orrery__Request request = ORRERY__REQUEST__INIT;
        Orrery__Reply *reply;
        bool is;

        request.call_case = ORRERY__REQUEST__CALL_STATUS;
        request.status = &empty;
        reply = test_call(run->run_dir, &request);
        is = reply && reply->result_case == ORRERY__REPLY__RESULT_STATUS &&
             strcmp(reply->status->state, state) == 0;
        if (reply) {
            orrery__reply__free_unpacked(reply, NULL);
        }
        if (is || !reply) {
            return is;
        }
        test_sleep_ms(5);
    }
    return false;
}

int test_plan_bytes(const void *bytes, size_t len, char **err)
{
    int plan_fd = memory_file(bytes, len), ready_fd = memory_file("", 0);
    int err_fd = memory_file("", 0);
    pid_t pid = spawn_broker(plan_fd, ready_fd, ready_fd, err_fd, false);
    int code = reap(pid, 10);

    *err = read_memory(err_fd);
    close(plan_fd);
    close(ready_fd);
    return code;
}
