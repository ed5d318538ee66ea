/* The models: same seed, same trace; sizes and numbers as asked for; and the summary.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/builder.h"
#include "trace/generate.h"
#include "trace/summary.h"
#include "trace/trace.h"
#include "trace_dump.h"

static struct trace *generate(const char *name, struct generate_parameters parameters)
{
    struct trace_error error = {"no error"};
    const struct generate_model *model = generate_find(name);
    assert_non_null(model);
    struct trace *trace = generate_trace(model, &parameters, &error);
    if (trace == NULL) {
        fail_msg("%s: %s", name, error.text);
    }
    return trace;
}

/* FNV-1a over what the operations say, not over their bytes in memory. */
static uint64_t fingerprint(const struct trace *trace)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint64_t i = 0; i < trace->header->op_count; i++) {
        const uint64_t parts[] = {trace->ops[i].kind, trace->ops[i].slot,
                                  trace->ops[i].size_bytes};
        for (size_t k = 0; k < 3; k++) {
            hash = (hash ^ parts[k]) * 0x100000001b3u;
        }
    }
    return hash;
}

/* The traces of seed 1, by fingerprint: whoever changes a model changes what others
   have measured with it, and must say so here. */
static void a_seed_gives_the_same_trace_everywhere(void **state)
{
    (void)state;
    static const struct row {
        const char *model;
        uint64_t fingerprint;
    } rows[] = {
        {"binary", 0x09fefc3d22b317ffu},   {"churn", 0x14b50219a8489c6au},
        {"coalesce", 0x22c1dd8b3d82823fu}, {"medium", 0x0cc7711d54237f8fu},
        {"nodes", 0xaf9a6327c55e6ba5u},    {"random", 0x05f3ed5e7b6d4587u},
        {"realloc", 0x963919ac0b6414fdu},  {"strings", 0x078d6344e5ef28f0u},
        {"structs", 0xb4bb9800b84da83bu},
    };
    size_t count = 0;
    generate_models(&count);
    assert_int_equal(count, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        struct generate_parameters parameters = generate_find(rows[i].model)->defaults;
        parameters.ops = 20000;
        struct trace *trace = generate(rows[i].model, parameters);
        if (fingerprint(trace) != rows[i].fingerprint) {
            fail_msg("%s: 0x%016" PRIx64, rows[i].model, fingerprint(trace));
        }
        trace_destroy(trace);
        parameters.seed = 2;
        trace = generate(rows[i].model, parameters);
        assert_int_not_equal(fingerprint(trace), rows[i].fingerprint);
        trace_destroy(trace);
    }
}

static void check_model(const struct generate_model *model,
                        struct generate_parameters parameters)
{
    struct trace *trace = generate(model->name, parameters);
    const struct trace_header *header = trace->header;
    assert_string_equal(trace->name, model->name);
    /* Never more than asked for, and less by a step at most. */
    assert_in_range(header->op_count, parameters.ops - 1, parameters.ops);
    assert_int_equal(header->epilogue_count, 0);
    bool doubles = strcmp(model->name, "coalesce") == 0;
    bool adds = strcmp(model->name, "binary") == 0;
    bool has_small = strcmp(model->name, "realloc") == 0;
    for (uint64_t i = 0; i < header->op_count; i++) {
        struct trace_op op = trace->ops[i];
        if (op.kind != TRACE_FREE) {
            uint64_t most = parameters.max_bytes * (doubles || adds ? 2 : 1);
            uint64_t least = parameters.min_bytes;
            assert_in_range(op.size_bytes, has_small && least > 16 ? 16 : least,
                            has_small && most < 64 ? 64 : most);
        }
    }
    /* About `live`: a buffer or a ring more, or half of it. */
    assert_true(header->peak_live_blocks <= 2 * parameters.live + 48);
    trace_destroy(trace);
}

static void models_keep_to_their_parameters(void **state)
{
    (void)state;
    size_t count = 0;
    const struct generate_model *models = generate_models(&count);
    for (size_t i = 0; i < count; i++) {
        struct generate_parameters parameters = models[i].defaults;
        check_model(&models[i], parameters);
        parameters.seed = 99;
        parameters.live = 50;
        parameters.ops = 7777;
        check_model(&models[i], parameters);
        parameters.live = 1;
        parameters.min_bytes = 1;
        parameters.max_bytes = 1;
        check_model(&models[i], parameters);
        parameters.min_bytes = parameters.max_bytes = GENERATE_BYTES_MAX;
        parameters.ops = 100;
        check_model(&models[i], parameters);
        parameters.ops = 2;
        check_model(&models[i], parameters);
    }
}

static void models_do_what_they_are_named_for(void **state)
{
    (void)state;
    struct trace *trace = generate("realloc", generate_find("realloc")->defaults);
    assert_true(trace->header->kind_counts[TRACE_REALLOC] >
                trace->header->op_count / 2);
    trace_destroy(trace);

    struct trace_summary summary;
    trace = generate("strings", generate_find("strings")->defaults);
    assert_true(trace_summarize(trace, &summary));
    assert_in_range(summary.size_bytes.p50, 12, 20); /* 8 at least: half below 16 */
    assert_true(summary.size_bytes.max > 10000);
    assert_true(summary.lifetime_ops.p50 < 100);
    assert_true(summary.lifetime_ops.p90 > 10000);
    trace_destroy(trace);

    trace = generate("medium", generate_find("medium")->defaults);
    assert_true(trace_summarize(trace, &summary));
    uint64_t octave = summary.size_bytes.count / 12;
    for (unsigned bucket = 10; bucket <= 21; bucket++) {
        assert_in_range(summary.bucket_requests[bucket], octave * 9 / 10,
                        octave * 11 / 10);
    }
    trace_destroy(trace);

    trace = generate("structs", generate_find("structs")->defaults);
    uint64_t seen[513] = {0};
    unsigned kinds = 0;
    for (uint64_t i = 0; i < trace->header->op_count; i++) {
        if (trace->ops[i].kind == TRACE_MALLOC) {
            kinds += seen[trace->ops[i].size_bytes]++ == 0;
        }
    }
    assert_in_range(kinds, 6, 12);
    trace_destroy(trace);
}

static void parameters_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct row {
        struct generate_parameters parameters;
        const char *expected;
    } rows[] = {
        {{1, 1, 1, 1, 1}, "expected between 2 and 2^32 operations"},
        {{((uint64_t)1 << 32) + 1, 1, 1, 1, 1},
         "expected between 2 and 2^32 operations"},
        {{10, 1, 1, 1, 0}, "expected between 1 and 2^28 live blocks"},
        {{10, 1, 0, 1, 1}, "expected a least size between 1 and the greatest"},
        {{10, 1, 2, 1, 1}, "expected a least size between 1 and the greatest"},
        {{10, 1, 1, ((uint64_t)1 << 40) + 1, 1},
         "expected a greatest size of at most 2^40 bytes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trace_error error = {""};
        assert_null(
            generate_trace(generate_find("random"), &rows[i].parameters, &error));
        assert_string_equal(error.text, rows[i].expected);
    }
    assert_null(generate_find("randomness"));
}

static void a_summary_is_right(void **state)
{
    (void)state;
    static const struct trace_op ops[] = {
        {.kind = TRACE_THREAD_START, .count = 1},
        {.kind = TRACE_MALLOC, .count = 1, .slot = 1, .size_bytes = 0},
        {.kind = TRACE_MALLOC, .count = 1, .slot = 2, .size_bytes = 1},
        {.kind = TRACE_CALLOC, .count = 4, .slot = 3, .size_bytes = 4},
        {.kind = TRACE_REALLOC, .count = 1, .slot = 2, .size_bytes = 17},
        {.kind = TRACE_FREE, .count = 1, .slot = 0},
        {.kind = TRACE_FREE, .count = 1, .slot = 2},
        {.kind = TRACE_MEMALIGN, .count = 1, .slot = 2, .size_bytes = 1025},
        {.kind = TRACE_FREE_SIZED, .count = 1, .slot = 1},
    };
    struct trace_builder *builder = trace_builder_create("mine", "-");
    struct trace_error error;
    struct trace_summary summary;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        assert_true(trace_builder_append(builder, ops[i]));
    }
    struct trace *trace = trace_builder_seal(builder, &error);
    assert_non_null(trace);
    assert_true(trace_summarize(trace, &summary));
    assert_int_equal(summary.size_bytes.count, 5); /* 0 1 16 17 1025 */
    assert_int_equal(summary.size_bytes.p50, 16);
    assert_int_equal(summary.size_bytes.p90, 1025);
    assert_int_equal(summary.size_bytes.max, 1025);
    assert_int_equal(summary.lifetime_ops.count, 2); /* 4 and 7 */
    assert_int_equal(summary.lifetime_ops.p50, 4);
    assert_int_equal(summary.lifetime_ops.max, 7);
    assert_int_equal(summary.leftover_blocks, 2);
    assert_int_equal(summary.leftover_bytes, 16 + 1025);
    static const unsigned buckets[] = {0, 1, 5, 6, 12};
    for (size_t i = 0; i < sizeof buckets / sizeof *buckets; i++) {
        assert_int_equal(summary.bucket_requests[buckets[i]], 1);
    }
    assert_int_equal(summary.bucket_bytes[12], 1025);
    trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_gives_the_same_trace_everywhere),
        cmocka_unit_test(models_keep_to_their_parameters),
        cmocka_unit_test(models_do_what_they_are_named_for),
        cmocka_unit_test(parameters_out_of_range_are_refused),
        cmocka_unit_test(a_summary_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
