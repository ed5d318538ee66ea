#include "report/server.h"

#include "report/units.h"

/* As for peaks of one run each: intervals that part, and a difference that counts. */
static bool keeps_less(const struct telling *tell, const struct answer_row *least,
                       const struct answer_row *reference)
{
    return least->left_bytes.high < reference->left_bytes.low &&
           least->left_bytes.value <
               reference->left_bytes.value * (1 - tell->answer->effect);
}

/* The least, or of those that are shown to keep less than the reference, which itself
 * has to be shown to keep less than each. The count: there is none. */
static size_t find_least(const struct telling *tell, const struct answer_row *reference)
{
    const struct answer *answer = tell->answer;
    if (!reference->left_bytes.present) {
        return answer->least_left;
    }
    if (answer->least_left == answer->reference_index) {
        bool is_shown = true;
        for (size_t i = 0; i < answer->count; i++) {
            const struct answer_row *row = &answer->rows[i];
            is_shown = is_shown && (row == reference || !row->left_bytes.present ||
                                    keeps_less(tell, reference, row));
        }
        return is_shown ? answer->least_left : answer->count;
    }
    size_t least = answer->count;
    for (size_t i = 0; i < answer->count; i++) {
        const struct answer_row *row = &answer->rows[i];
        if (row->left_bytes.present && keeps_less(tell, row, reference) &&
            (least == answer->count ||
             row->left_bytes.value < answer->rows[least].left_bytes.value)) {
            least = i;
        }
    }
    return least;
}

void server_tell(const struct telling *tell)
{
    const struct answer *answer = tell->answer;
    if (answer->least_left == answer->count) {
        return;
    }
    const struct answer_row *reference = telling_reference(tell);
    const size_t least = find_least(tell, reference);
    if (least == answer->count) {
        fprintf(tell->out,
                "Left a while after the load: %s MiB under %s; none is shown to keep "
                "less.\n",
                units_mib(reference->left_bytes.value).bytes, reference->name);
    } else {
        fprintf(tell->out, "Left a while after the load: %s keeps least, %s MiB",
                answer->rows[least].name,
                units_mib(answer->rows[least].left_bytes.value).bytes);
        if (reference->left_bytes.present && least != answer->reference_index) {
            fprintf(tell->out, "; %s keeps %s", reference->name,
                    units_mib(reference->left_bytes.value).bytes);
        }
        fputs(".\n", tell->out);
    }
    size_t growing = 0;
    for (size_t i = 0; i < answer->count; i++) {
        const struct answer_row *row = &answer->rows[i];
        const struct estimate growth = row->growth_bytes_per_minute;
        /* Below a hundredth of what is there it is no creep that anybody would see. */
        if (growth.present && growth.low > 0 && row->size_bytes.present &&
            growth.value > 0.01 * row->size_bytes.value) {
            fprintf(tell->out, "%s%s %s",
                    growing++ == 0 ? "Still growing under load, MiB a minute: " : ", ",
                    row->name, units_mib(growth.value).bytes);
        }
    }
    fputs(growing > 0 ? ".\n" : "", tell->out);
}
