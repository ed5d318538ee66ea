#include "runner/votes.h"

enum {
    LEAD_OF_YES = 10,
    LEAD_OF_NO = 4
};

void votes_add(struct votes *votes, bool is_yes)
{
    votes->count++;
    votes->lead += is_yes ? 1 : -1;
}

bool votes_are_open(const struct votes *votes)
{
    return votes->count < VOTES_LIMIT && votes->lead < LEAD_OF_YES &&
           votes->lead > -LEAD_OF_NO;
}

bool votes_say_yes(const struct votes *votes)
{
    return votes->lead >= LEAD_OF_YES;
}
