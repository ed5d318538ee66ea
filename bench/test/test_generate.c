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
    struct trace *trace =
        generate_trace(model, &parameters, generate_default_threads(model), &error);
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
        if (trace->header->thread_count > 1) {
            hash = (hash ^ trace->ops[i].thread) * 0x100000001b3u;
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
        {"binary", 0x09fefc3d22b317ffu},
        {"buffers", 0x290f32d853fcb829u},
        {"chunks", 0x3e97966ad6cfc860u},
        {"churn", 0x14b50219a8489c6au},
        {"classes", 0x31697e931062d115u},
        {"coalesce", 0x22c1dd8b3d82823fu},
        {"diagrams", 0xfa7561a3deed86e9u},
        {"lists", 0xe049e81de660e5d2u},
        {"medium", 0x0cc7711d54237f8fu},
        {"nodes", 0xaf9a6327c55e6ba5u},
        {"phases", 0xab34350bdf403286u},
        {"random", 0x05f3ed5e7b6d4587u},
        {"realloc", 0x963919ac0b6414fdu},
        {"robson", 0xa9d19b2b283b0d0du},
        {"splinters", 0x6bdf04bd820670c5u},
        {"strings", 0x078d6344e5ef28f0u},
        {"structs", 0xb4bb9800b84da83bu},
        {"turnover", 0xaf7ef8b62c248249u},
        {"vectors", 0xa5e8973ed5361d71u},
        {"larson", 0x1f14dde2ef32cc2eu},
        {"producer-consumer", 0x626161f8f2d9f16eu},
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
        bool is_fixed = strcmp(rows[i].model, "classes") == 0 ||
                        strcmp(rows[i].model, "robson") == 0 ||
                        strcmp(rows[i].model, "vectors") == 0;
        if ((fingerprint(trace) == rows[i].fingerprint) != is_fixed) {
            fail_msg("%s: seed 2", rows[i].model);
        }
        trace_destroy(trace);
    }
}

struct sizes {
    uint64_t least, most;
};

/* The range asked for, but for models that add sizes up or have small blocks of a size
   of their own. */
static struct sizes sizes_of(const struct generate_model *model,
                             const struct generate_parameters *parameters)
{
    static const struct row {
        const char *model;
        uint64_t times;        /* the greatest size asked for */
        struct sizes of_small; /* 0: none */
    } rows[] = {
        {"binary", 2, {0, 0}},   {"buffers", 1, {16, 160}}, {"chunks", 1, {32, 256}},
        {"coalesce", 2, {0, 0}}, {"phases", 3, {0, 0}},     {"realloc", 1, {16, 64}},
        {"turnover", 0, {1, 0}},
    };
    struct sizes sizes = {parameters->min_bytes, parameters->max_bytes};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sizes small = rows[i].of_small;
        if (strcmp(model->name, rows[i].model) == 0) {
            sizes.most *= rows[i].times > 0 ? rows[i].times : parameters->live;
            if (small.least > 0) {
                sizes.least = sizes.least < small.least ? sizes.least : small.least;
            }
            sizes.most = sizes.most > small.most ? sizes.most : small.most;
        }
    }
    return sizes;
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
    struct sizes sizes = sizes_of(model, &parameters);
    for (uint64_t i = 0; i < header->op_count; i++) {
        if (trace->ops[i].kind != TRACE_FREE) {
            assert_in_range(trace->ops[i].size_bytes, sizes.least, sizes.most);
        }
    }
    /* About `live`: a buffer or a ring more, or half of it; each chunk has up to a
       hundred entities. */
    uint64_t each = strcmp(model->name, "chunks") == 0 ? 101 : 2;
    assert_true(header->peak_live_blocks <= each * parameters.live + 48);
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

    /* Half of the live words of each size give way to the next: M / 2 * log2 n. */
    struct generate_parameters robson = generate_find("robson")->defaults;
    trace = generate("robson", robson);
    assert_true(trace->header->peak_live_bytes <= robson.live * robson.min_bytes);
    assert_true(trace->header->allocated_bytes >=
                trace->header->peak_live_bytes * 10 / 2);
    trace_destroy(trace);

    trace = generate("turnover", generate_find("turnover")->defaults);
    assert_true(trace_summarize(trace, &summary));
    assert_true(summary.size_bytes.max > trace->header->peak_live_bytes / 3);
    assert_in_range(summary.size_bytes.p99, 129, 256);
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

/* Blocks that another thread frees than made them. */
static uint64_t handed_over(const struct trace *trace)
{
    const uint64_t op_count = trace->header->op_count;
    uint16_t *makers = calloc(trace->header->slot_count, sizeof *makers);
    uint64_t count = 0;
    for (uint64_t i = 0; i < op_count; i++) {
        const struct trace_op op = trace->ops[i];
        if (op.kind == TRACE_MALLOC) {
            makers[op.slot] = op.thread;
        } else {
            count += makers[op.slot] != op.thread;
        }
    }
    free(makers);
    return count;
}

static void threads_do_what_their_models_say(void **state)
{
    (void)state;
    struct trace_error error = {""};
    const struct generate_model *model = generate_find("producer-consumer");
    struct trace *trace = generate_trace(model, &model->defaults, 8, &error);
    assert_non_null(trace);
    assert_int_equal(trace->header->thread_count, 8);
    assert_true(handed_over(trace) > trace->header->op_count * 22 / 100);
    trace_destroy(trace);

    model = generate_find("larson");
    trace = generate_trace(model, &model->defaults, 3, &error);
    assert_non_null(trace);
    const uint64_t lives = trace->header->thread_count;
    assert_in_range(lives, 30, 40); /* 200,000 rounds, 4 x 4,000 of three threads */
    /* The next thread frees nearly all that one leaves. */
    assert_in_range(handed_over(trace), (lives - 3) * 1200, (lives + 3) * 1400);
    trace_destroy(trace);

    assert_null(generate_trace(model, &model->defaults, 1, &error));
    assert_string_equal(error.text, "expected between 2 and 64 threads");
    model = generate_find("churn");
    assert_null(generate_trace(model, &model->defaults, 2, &error));
    assert_string_equal(error.text, "expected one thread: this model has no more");
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
            generate_trace(generate_find("random"), &rows[i].parameters, 1, &error));
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
        cmocka_unit_test(threads_do_what_their_models_say),
        cmocka_unit_test(parameters_out_of_range_are_refused),
        cmocka_unit_test(a_summary_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
