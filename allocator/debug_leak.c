#include "debug_leak.h"
void debug_leak_report_at_exit(void)
{
}
