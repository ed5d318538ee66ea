/* The figures and the index of a malloc lab's driver, from results made by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/course.h"

enum {
    LAB,
    LIBC,
    ALLOCATORS
};

enum {
    TRACES = 3
};

/* Three traces of 1,000 operations and 4,096 bytes live. The lab takes 2 µs an
 * operation and has heaps of 8,192, 5,120 and 4,096 bytes; libc takes 1 µs. */
struct scene {
    struct allocator allocators[ALLOCATORS];
    struct trace_facts traces[TRACES];
    struct result results[TRACES * ALLOCATORS];
    struct cell cells[TRACES * ALLOCATORS];
    struct total totals[ALLOCATORS];
    struct run run;
    struct summary summary;
};

static void set_scene(struct scene *scene)
{
    static const uint64_t heaps[TRACES] = {8192, 5120, 4096};
    *scene = (struct scene){
        .run = {.allocator_count = ALLOCATORS, .trace_count = TRACES},
        .summary = {.allocator_count = ALLOCATORS, .trace_count = TRACES}};
    scene->run.allocators = scene->allocators;
    scene->run.traces = scene->traces;
    scene->run.results = scene->results;
    scene->summary.cells = scene->cells;
    scene->summary.totals = scene->totals;
    for (size_t i = 0; i < TRACES; i++) {
        scene->traces[i].weight = WEIGHT_BOTH;
        scene->traces[i].header.op_count = 1000;
        scene->traces[i].header.peak_live_bytes = 4096;
        scene->results[i * ALLOCATORS + LAB].memory.lab_heap_bytes = heaps[i];
        for (size_t allocator = 0; allocator < ALLOCATORS; allocator++) {
            struct cell *cell = &scene->cells[i * ALLOCATORS + allocator];
            cell->warm.ns_per_op = (struct estimate){
                .value = allocator == LAB ? 2000 : 1000, .present = true};
            cell->memory.mapped_utilization =
                (struct figure){.value = 0.25, .present = true};
            cell->memory.utilization = (struct figure){.value = 0.3, .present = true};
        }
    }
}

static struct course_index index_of(const struct scene *scene)
{
    const struct course_score lab = course_score(&scene->run, &scene->summary, LAB);
    const struct course_score libc = course_score(&scene->run, &scene->summary, LIBC);
    return course_index(&lab, &libc);
}

static void assert_close(double found, double expected)
{
    if (fabs(found - expected) > 1e-9) {
        fail_msg("expected %.12g, found %.12g", expected, found);
    }
}

static void assert_figure(struct figure figure, double value)
{
    assert_true(figure.present);
    assert_close(figure.value, value);
}

static void a_line(void **state)
{
    (void)state;
    static struct scene scene;
    set_scene(&scene);
    const struct course_line lab = course_line(&scene.run, &scene.summary, 1, LAB);
    assert_figure(lab.utilization, 0.8);
    assert_figure(lab.resident_utilization, 0.3);
    assert_figure(lab.seconds, 0.002);
    assert_figure(course_kops(lab.op_count, lab.seconds), 500);
    const struct course_line libc = course_line(&scene.run, &scene.summary, 1, LIBC);
    assert_figure(libc.utilization, 0.25);
}

static void the_index(void **state)
{
    (void)state;
    static struct scene scene;
    set_scene(&scene);
    struct course_index index = index_of(&scene);
    assert_true(index.present);
    assert_close(index.utilization_part, 0.6 * (0.5 + 0.8 + 1) / 3);
    assert_close(index.throughput_part, 0.4 * 0.5);
    /* Faster than libc is worth no more than as fast. */
    for (size_t i = 0; i < TRACES; i++) {
        scene.cells[i * ALLOCATORS + LAB].warm.ns_per_op.value = 100;
    }
    index = index_of(&scene);
    assert_close(index.throughput_part, 0.4);
}

static void weights(void **state)
{
    (void)state;
    static struct scene scene;
    set_scene(&scene);
    scene.traces[0].weight = WEIGHT_UTILIZATION;
    scene.traces[1].weight = WEIGHT_THROUGHPUT;
    scene.traces[2].weight = WEIGHT_NONE;
    scene.cells[LAB].warm.ns_per_op.value = 1e9;
    scene.cells[2 * ALLOCATORS + LAB].warm.ns_per_op.present = false;
    const struct course_index index = index_of(&scene);
    assert_true(index.present);
    assert_close(index.utilization_part, 0.6 * 0.5);
    assert_close(index.throughput_part, 0.4 * 0.5);
}

static void what_is_not_valid_has_nothing(void **state)
{
    (void)state;
    static struct scene scene;
    set_scene(&scene);
    scene.results[ALLOCATORS + LAB].status = RESULT_VERIFY_FAILED;
    const struct course_score score = course_score(&scene.run, &scene.summary, LAB);
    assert_int_equal(score.valid_count, 2);
    assert_int_equal(score.trace_count, 3);
    assert_false(score.utilization.present);
    const struct course_index index = index_of(&scene);
    assert_true(index.present);
    assert_close(index.utilization_part + index.throughput_part, 0);
}

static void what_is_missing_is_not_made_up(void **state)
{
    (void)state;
    static struct scene scene;
    set_scene(&scene);
    scene.cells[LIBC].warm.ns_per_op.present = false;
    assert_false(index_of(&scene).present);
    /* A trace too large for the machine is no failure, and is left out for all. */
    set_scene(&scene);
    scene.results[LAB].status = scene.results[LIBC].status = RESULT_SKIPPED;
    const struct course_index index = index_of(&scene);
    assert_true(index.present);
    assert_close(index.utilization_part, 0.6 * 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line),
        cmocka_unit_test(the_index),
        cmocka_unit_test(weights),
        cmocka_unit_test(what_is_not_valid_has_nothing),
        cmocka_unit_test(what_is_missing_is_not_made_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
