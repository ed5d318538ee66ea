/* A recorded process as snugbench sees it, with a ring written by hand: records that
 * are not written yet or never will be, laps, and the end. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/tracee.h"

#define SECOND_NS ((uint64_t)1000000000)

static const char *const no_comments[] = {NULL};

struct fixture {
    struct recording_options options;
    struct forks forks;
    struct log_ring *ring;
    struct tracee *tracee;
    uint64_t position; /* of the next record */
};

static char folder[] = "/tmp/snugbench-ring-XXXXXX";

static int set_up_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int tear_down_folder(void **state)
{
    (void)state;
    return unlink("ring.rep") != 0 || rmdir(folder) != 0;
}

static void begin(struct fixture *fixture, uint32_t fork, uint64_t max_ops)
{
    struct trace_error error = {""};
    *fixture = (struct fixture){
        .options = {.output = "ring.rep", .comments = no_comments, .max_ops = max_ops}};
    fixture->ring = mmap(NULL, LOG_RING_BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(fixture->ring != MAP_FAILED);
    fixture->ring->pid = getpid();
    fixture->ring->fork = fork;
    fixture->ring->limit = LOG_RECORDS;
    fixture->tracee = tracee_open(fixture->ring, 0, 1, &fixture->options,
                                  &fixture->forks, SECOND_NS, &error);
    assert_string_equal(error.text, "");
    assert_non_null(fixture->tracee);
}

static void write_at(struct fixture *fixture, uint64_t position, enum log_kind kind,
                     uint64_t address, uint64_t size_bytes)
{
    log_record_write(&log_ring_records(fixture->ring)[position % LOG_RECORDS], position,
                     kind, 0, address, size_bytes);
}

static void put(struct fixture *fixture, enum log_kind kind, uint64_t address,
                uint64_t size_bytes)
{
    write_at(fixture, fixture->position++, kind, address, size_bytes);
    fixture->ring->claimed = fixture->position;
}

/* Finishes, and returns the operations of the file as "a 0 10;f 0;". */
static const char *finish(struct fixture *fixture, bool has_ended, const char *note)
{
    static char text[1024];
    char line[256];
    fixture->tracee->has_ended = has_ended;
    struct recorded *recorded = tracee_finish(fixture->tracee);
    assert_string_equal(recorded->failure, "");
    assert_int_equal(recorded->note_count > 0, note != NULL);
    if (note != NULL) {
        assert_non_null(strstr(recorded->notes[0], note));
    }
    free(recorded);
    tracee_close(fixture->tracee);
    forks_destroy(&fixture->forks);
    FILE *file = fopen("ring.rep", "re");
    assert_non_null(file);
    text[0] = '\0';
    while (fgets(line, sizeof line, file) != NULL) {
        if (strchr("afcrms", line[0]) != NULL &&
            strlen(text) + strlen(line) < sizeof text) {
            line[strcspn(line, "\n")] = ';';
            strcat(text, line);
        }
    }
    fclose(file);
    return text;
}

static void what_is_not_written_yet_is_waited_for(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture, 0, 0);
    put(&fixture, LOG_MALLOC, 0x100, 10);
    fixture.position++; /* claimed by a thread that waits for its processor */
    put(&fixture, LOG_FREE, 0x200, 0);
    assert_false(tracee_drain(fixture.tracee, 2 * SECOND_NS));
    assert_true(tracee_has_hole(fixture.tracee));
    /* Nobody waits for room. */
    assert_false(tracee_drain(fixture.tracee, 200 * SECOND_NS));
    write_at(&fixture, 1, LOG_MALLOC, 0x200, 20);
    assert_false(tracee_drain(fixture.tracee, 201 * SECOND_NS));
    assert_false(tracee_has_hole(fixture.tracee));
    assert_string_equal(finish(&fixture, true, NULL), "a 0 10;a 1 20;f 1;");
}

static void what_is_never_written_holds_nobody_up(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture, 0, 0);
    fixture.position++;
    put(&fixture, LOG_MALLOC, 0x100, 10);
    fixture.ring->waiters = 1;
    tracee_drain(fixture.tracee, 10 * SECOND_NS);
    fixture.ring->waiters = 1;
    tracee_drain(fixture.tracee, 11 * SECOND_NS);
    assert_true(tracee_has_hole(fixture.tracee));
    fixture.ring->waiters = 1;
    tracee_drain(fixture.tracee, 13 * SECOND_NS);
    tracee_drain(fixture.tracee, 13 * SECOND_NS);
    assert_false(tracee_has_hole(fixture.tracee));
    assert_string_equal(finish(&fixture, true, "Left out 1 calls"), "a 0 10;");
}

static void half_a_call_is_none(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture, 0, 0);
    put(&fixture, LOG_MALLOC, 0x100, 10);
    put(&fixture, LOG_CALLOC, 0x200, 10);
    fixture.ring->claimed = fixture.position + 1;
    tracee_drain(fixture.tracee, SECOND_NS);
    assert_int_equal(fixture.tracee->next, 1);
    assert_string_equal(finish(&fixture, true, "Left out 2 calls"), "a 0 10;");
}

static void what_was_claimed_beyond_the_limit_is_counted(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture, 0, 0);
    put(&fixture, LOG_MALLOC, 0x100, 10);
    fixture.ring->limit = 1;
    fixture.ring->claimed = 4; /* three threads slept when the program was killed */
    assert_string_equal(finish(&fixture, true, "Left out 3 calls"), "a 0 10;");
}

/* The ring is filled again and again; a pair lies across its end. */
static void laps_follow_one_another(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture, 0, 0);
    for (uint64_t i = 0; i < 3ull * LOG_RECORDS - 1; i++) {
        put(&fixture, LOG_FREE, 0x900, 0); /* of no block on record */
        while (fixture.position == fixture.ring->limit) {
            tracee_drain(fixture.tracee, SECOND_NS);
        }
    }
    while (tracee_drain(fixture.tracee, SECOND_NS)) {
    }
    put(&fixture, LOG_CALLOC, 0x100, 10);
    put(&fixture, LOG_EXTRA, 0, 3);
    put(&fixture, LOG_FREE, 0x100, 0);
    assert_string_equal(finish(&fixture, true, "Dropped 393215 frees"),
                        "c 0 3 10;f 0;");
}

static void the_limit_of_operations_is_exact(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture, 0, 3);
    put(&fixture, LOG_MALLOC, 0x100, 10);
    put(&fixture, LOG_MALLOC, 0x200, 20);
    put(&fixture, LOG_MALLOC, 0x200, 30); /* a free that was lost, and a malloc */
    tracee_drain(fixture.tracee, SECOND_NS);
    assert_true(fixture.tracee->is_stopped);
    assert_int_equal(fixture.ring->limit, 0);
    assert_string_equal(finish(&fixture, false, "--max-ops"), "a 0 10;a 1 20;f 1;");
}

static void a_child_waits_for_what_its_parent_had(void **state)
{
    struct fixture fixture;
    struct addresses parent = {0};
    (void)state;
    assert_int_equal(addresses_add(&parent, (struct live_block){0x500, 50, 1}),
                     ADDRESSES_ADDED);
    begin(&fixture, 7, 0);
    put(&fixture, LOG_FREE, 0x500, 0);
    tracee_drain(fixture.tracee, SECOND_NS + 1);
    assert_int_equal(fixture.tracee->next, 0);
    assert_true(forks_keep(&fixture.forks, 7, &parent));
    tracee_drain(fixture.tracee, SECOND_NS + 2);
    addresses_destroy(&parent);
    assert_string_equal(finish(&fixture, true, NULL), "a 0 50;f 0;");
}

static void a_child_does_not_wait_for_ever(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture, 7, 0);
    put(&fixture, LOG_MALLOC, 0x500, 50);
    tracee_drain(fixture.tracee, 3 * SECOND_NS);
    assert_string_equal(finish(&fixture, false, NULL), "a 0 50;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_written_yet_is_waited_for),
        cmocka_unit_test(what_is_never_written_holds_nobody_up),
        cmocka_unit_test(half_a_call_is_none),
        cmocka_unit_test(what_was_claimed_beyond_the_limit_is_counted),
        cmocka_unit_test(laps_follow_one_another),
        cmocka_unit_test(the_limit_of_operations_is_exact),
        cmocka_unit_test(a_child_waits_for_what_its_parent_had),
        cmocka_unit_test(a_child_does_not_wait_for_ever),
    };
    return cmocka_run_group_tests(tests, set_up_folder, tear_down_folder);
}
