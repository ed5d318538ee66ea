# snug and snugbench. `make help` lists the targets.
BUILD := build
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
# Those for the machine that CC compiles for.
OBJCOPY ?= $(shell $(CC) -print-prog-name=objcopy)
NM ?= $(shell $(CC) -print-prog-name=nm)
OPT ?= -O2
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wcast-qual -Wpointer-arith \
    -Wwrite-strings -Wundef -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
ifdef CI
WARNINGS += -Werror
endif
BASE_FLAGS := -std=gnu17 -g $(OPT) $(WARNINGS) -D_GNU_SOURCE -MMD -MP $(CFLAGS)

# The allocator: no builtin knowledge of malloc (gcc would rewrite calloc into a call to
# itself), initial-exec TLS (the general model may allocate), sections that libsnug.ld names.
ALLOCATOR_FLAGS := $(BASE_FLAGS) -Iallocator -fPIC -fvisibility=hidden \
    -fdata-sections -ftls-model=initial-exec -fno-builtin-malloc -fno-builtin-calloc \
    -fno-builtin-realloc -fno-builtin-free
BENCH_FLAGS := $(BASE_FLAGS) -Ibench
BENCH_LIBS := -larchive -lseccomp -lcsv -ljansson -lm -ldl

ALLOCATOR_SOURCES := \
    $(wildcard $(foreach d,base heap small cache debug api,allocator/$d/*.c))
BENCH_SOURCES := bench/main.c \
    $(wildcard $(foreach d,cli trace trace/formats process runner live analysis report,bench/$d/*.c)) \
    $(filter-out $(addprefix bench/record/,recorder.c operators.c attach.c writer.c),$(wildcard bench/record/*.c))

object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
ALLOCATOR_OBJECTS := $(call object,$(ALLOCATOR_SOURCES))
ARCHIVE_OBJECTS := $(patsubst $(BUILD)/obj/allocator/%,$(BUILD)/obj/archive/%,\
    $(filter-out %/override.o %/operators.o,$(ALLOCATOR_OBJECTS)))
BENCH_OBJECTS := $(call object,$(BENCH_SOURCES))

ALLOCATOR_TESTS := $(patsubst allocator/test/%.c,$(BUILD)/test/%,$(wildcard allocator/test/test_*.c))
BENCH_TESTS := $(patsubst bench/test/%.c,$(BUILD)/test/%,$(wildcard bench/test/test_*.c))
BROKEN := $(patsubst bench/test/broken/%.c,$(BUILD)/test/libbroken-%.so,$(wildcard bench/test/broken/*.c))
# Leaking programs, without snug in them, for the debug levels and other debuggers.
LEAKS := $(patsubst allocator/test/leaks/%.c,$(BUILD)/test/leaks/%,$(wildcard allocator/test/leaks/*.c))
HELPERS := $(patsubst %.c,$(BUILD)/test/%,$(notdir $(wildcard allocator/test/helper_*.c bench/test/helper_*.c)))
SHELL_TESTS := $(wildcard allocator/test/test_*.sh bench/test/test_*.sh)
# Their deadlines and budgets are fractions of a second: nothing runs beside them.
ALONE := $(BUILD)/test/test_schedule

PRODUCTS := $(BUILD)/libsnug.so $(BUILD)/libsnug.a $(BUILD)/snugbench \
    $(BUILD)/snugbench-worker $(BUILD)/snugbench-micro \
    $(BUILD)/libsnugbench-floor.so $(BUILD)/libsnugbench-floor-delayed.so \
    $(BUILD)/libsnugbench-record.so

.PHONY: all man install uninstall help tools everything test test-variants mutate stress fuzz check bench bench-full bench-heldout bench-allocator programs traces format clean
all: $(PRODUCTS) ## build everything into build/

man: $(BUILD)/man/snugbench.1 ## manual pages and completion, from --help and snug.h

install: all man ## install below PREFIX (/usr/local), itself below DESTDIR if given
	@BUILD=$(BUILD) scripts/install \
	    $(filter $(BUILD)/snugbench-% $(BUILD)/libsnugbench-%,$(PRODUCTS))

uninstall: ## remove exactly what was installed there
	@scripts/uninstall

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What the scripts among the tests need, and what all need.
tools: all $(BROKEN) $(HELPERS) $(LEAKS) $(BUILD)/test/test_report
everything: tools $(ALLOCATOR_TESTS) $(BENCH_TESTS)

test: everything ## build and run every test
	@scripts/run-tests $(SHELL_TESTS) \
	    $(filter-out $(ALONE),$(ALLOCATOR_TESTS) $(BENCH_TESTS)) --alone $(ALONE)

stress: $(BUILD)/test/test_stress ## the allocator's stress test at length (SNUG_STRESS_ROUNDS), seeds of its own
	SNUG_STRESS_OPERATIONS=$${SNUG_STRESS_OPERATIONS:-400000} \
	    SNUG_STRESS_SEED=$${SNUG_STRESS_SEED:-$$(date +%s)} CMOCKA_MESSAGE_OUTPUT=TAP $<

FUZZ_SECONDS ?= 60
FUZZ_FLAGS := address,undefined -fno-sanitize-recover=undefined
FUZZ := $(BUILD)/fuzz/test
FUZZ_OPTIONS = -max_total_time=$(FUZZ_SECONDS) -timeout=20 -print_final_stats=1 \
    -artifact_prefix=$(BUILD)/fuzz/
# AddressSanitizer keeps 20 KiB of each thread for ever, and inputs of the API have threads:
# no limit. What a reader may take for 4 KiB of input is stated in bench/trace/README.md.
fuzz: ## libFuzzer for FUZZ_SECONDS on the whole API, as long on the readers (clang); finds stay in build/fuzz
	@$(MAKE) -s BUILD=$(BUILD)/fuzz CC=clang OPT=-O1 \
	    CFLAGS="-fsanitize=fuzzer-no-link,$(FUZZ_FLAGS)" \
	    LDFLAGS="-fsanitize=fuzzer,$(FUZZ_FLAGS)" $(FUZZ)/fuzz_api $(FUZZ)/fuzz_readers
	@mkdir -p $(BUILD)/fuzz/corpus $(BUILD)/fuzz/corpus-readers
	$(FUZZ)/fuzz_api $(FUZZ_OPTIONS) -max_len=2048 -rss_limit_mb=0 \
	    $(BUILD)/fuzz/corpus allocator/test/corpus
	$(FUZZ)/fuzz_readers $(FUZZ_OPTIONS) -max_len=4096 -rss_limit_mb=512 \
	    $(BUILD)/fuzz/corpus-readers bench/test/corpus bench/test/golden

test-variants: ## the allocator's tests with clang, LTO, -O0, -O3 and under sanitizers
	@BUILD=$(BUILD) scripts/test-variants $(VARIANTS)

mutate: ## break the code in stated ways and see a test fail each time (minutes)
	@scripts/mutate

check: ## format, clang-tidy, include rules, shellcheck
	@scripts/check

bench: all ## the main job: shipped traces, all allocators, table, CSV and charts in results/latest
	@scripts/run-bench results/latest

bench-full: all ## the same with more rounds, for figures to publish (results/full)
	@scripts/run-bench results/full --full

bench-heldout: all ## the same on traces that no constant was chosen on: recorded first (results/heldout)
	@scripts/run-heldout results/heldout

bench-allocator: all ## one question each: threads, growth, realloc ... (results/micro)
	@mkdir -p results/micro
	$(BUILD)/snugbench micro --output results/micro $(MICRO)
	@$(BUILD)/snugbench report results/micro

programs: all ## compare the allocators on ten real programs (results/programs)
	@scripts/programs results/programs

traces: all ## record and generate the shipped traces again
	@scripts/record-traces traces

format: ## rewrite the sources in the project's format
	@clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

clean: ## remove build/
	rm -rf $(BUILD)

$(BUILD)/obj/allocator/%.o: allocator/%.c
	@mkdir -p $(@D)
	$(CC) $(ALLOCATOR_FLAGS) -c -o $@ $<

$(BUILD)/obj/bench/%.o: bench/%.c
	@mkdir -p $(@D)
	$(CC) $(BENCH_FLAGS) -c -o $@ $<

# Our code in sections of its own: in a program's stacks it is known by its addresses.
$(BUILD)/obj/archive/%.o: $(BUILD)/obj/allocator/%.o
	@mkdir -p $(@D)
	$(OBJCOPY) $(addprefix --rename-section .text,=snug_text .hot=snug_text .hot.=snug_text \
	    .unlikely=snug_cold_text .unlikely.=snug_cold_text .startup=snug_cold_text \
	    .exit=snug_cold_text) $< $@

# The files inside it, as the assembler takes them in.
$(BUILD)/obj/bench/runner/lab_files.o: $(wildcard bench/lab/*)
$(BUILD)/obj/bench/report/embedded.o: $(wildcard bench/charts/* bench/page/*)

# With names as in the sources, which tests call.
$(BUILD)/test/snug.a: $(ARCHIVE_OBJECTS)
	@mkdir -p $(@D)
	rm -f $@
	ar rcs $@ $^

# A program may have a heap_free or a cache of its own: only snug_ names are taken from it.
# Objects for link-time optimization keep theirs: objcopy does not see what they refer to.
$(BUILD)/libsnug.a: $(BUILD)/test/snug.a
	$(NM) -g --defined-only --format=posix $< >$(BUILD)/obj/archive/symbols
	awk '$$2 ~ /^[A-Z]$$/ && $$1 !~ /^snug_/ {print $$1, "snug_inner_" $$1}' \
	    $(BUILD)/obj/archive/symbols >$(BUILD)/obj/archive/names
	if grep -qF .gnu.lto_ $<; then cp $< $@; else \
	    $(OBJCOPY) --redefine-syms=$(BUILD)/obj/archive/names $< $@; fi

# Our own calls stay inside, but for those from one C++ operator to another: a program may
# replace some of them. Code and constants in one mapping: two system calls less at each start.
# Never unloaded (nodelete): threads that end call it, and its blocks live on. So it needs none
# of the compiler's start files, which take leave of what is unloaded.
# Copied as a whole it lies in the page cache in large pieces, as an installed library does,
# and a page fault maps more of it: 4 to 9 us of each start.
$(BUILD)/libsnug.so: allocator/libsnug.ld $(ALLOCATOR_OBJECTS)
	$(CC) -shared $(OPT) -g -nostartfiles -Wl,-z,now -Wl,-z,norelro -Wl,-z,noseparate-code \
	    -Wl,-z,nodelete -Wl,-z,defs -Wl,-Bsymbolic -Wl,--dynamic-list-cpp-new -Wl,-T,$< \
	    -o $(BUILD)/obj/libsnug.so $(ALLOCATOR_OBJECTS) $(LDFLAGS)
	install $(BUILD)/obj/libsnug.so $@

# All of snugbench but its main, of which each test links what it calls.
$(BUILD)/test/snugbench.a: $(filter-out %/main.o,$(BENCH_OBJECTS))
	@mkdir -p $(@D)
	rm -f $@
	ar rcs $@ $^

$(BUILD)/snugbench: $(BENCH_OBJECTS)
	$(CC) $(OPT) -g -o $@ $^ $(LDFLAGS) $(BENCH_LIBS)

# Objects of the tools, with flags of their own.
tool_objects = $(call object,$(wildcard bench/$(1)/*.c))
RECORDER_OBJECTS := $(call object,$(addprefix bench/record/,recorder.c operators.c attach.c writer.c))
DELAYED_OBJECTS := $(patsubst %.c,$(BUILD)/obj/delayed/%.o,$(wildcard bench/floor/*.c))
# A pair of malloc and free must not be optimised away.
$(call tool_objects,worker) $(call tool_objects,micro): BENCH_FLAGS += \
    -fno-builtin-malloc -fno-builtin-free -fno-builtin-realloc -fno-builtin-calloc
# Calls without a stub before them, loops and an empty allocator that start at cache lines:
# the replay loop alone costs as little as can be, and the same in each mode.
$(call tool_objects,worker): BENCH_FLAGS += -fno-plt -falign-loops=64 -falign-jumps=64
$(call tool_objects,floor) $(DELAYED_OBJECTS): BENCH_FLAGS += -fPIC -fno-builtin \
    -falign-functions=64
$(RECORDER_OBJECTS): BENCH_FLAGS += -fPIC -fvisibility=hidden -fno-builtin \
    -ftls-model=initial-exec

# Linked with nothing but libc: what it touches is what an allocator is measured against.
$(BUILD)/snugbench-worker: $(call tool_objects,worker)
	$(CC) $(OPT) -g -Wl,-z,now -o $@ $^ -lpthread $(LDFLAGS)

$(BUILD)/snugbench-micro: $(call tool_objects,micro)
	$(CC) $(OPT) -g -Wl,-z,now -o $@ $^ -lpthread $(LDFLAGS)

$(BUILD)/libsnugbench-floor.so: $(call tool_objects,floor)
	$(CC) $(OPT) -g -shared -o $@ $^ $(LDFLAGS)

# The same with a delay in it, for 'snugbench doctor --aa'.
$(BUILD)/obj/delayed/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BENCH_FLAGS) -DFLOOR_IS_DELAYED=1 -c -o $@ $<

$(BUILD)/libsnugbench-floor-delayed.so: $(DELAYED_OBJECTS)
	$(CC) $(OPT) -g -shared -o $@ $^ $(LDFLAGS)

$(BUILD)/libsnugbench-record.so: $(RECORDER_OBJECTS)
	$(CC) $(OPT) -g -shared -o $@ $^ $(LDFLAGS)

$(BUILD)/man/snugbench.1: $(BUILD)/snugbench allocator/snug.h $(wildcard scripts/manual/*)
	scripts/manual/build $(BUILD)

# -O0: call stacks as they are written.
$(BUILD)/test/leaks/%: allocator/test/leaks/%.c
	@mkdir -p $(@D)
	$(CC) $(BASE_FLAGS) -O0 -fno-builtin -o $@ $< -lpthread $(LEAK_FLAGS)

# Compiled as any program is that calls the allocator.
$(BUILD)/obj/allocator/test/%.o: allocator/test/%.c
	@mkdir -p $(@D)
	$(CC) $(BASE_FLAGS) -Iallocator -c -o $@ $<

$(BUILD)/test/%: $(BUILD)/obj/allocator/test/%.o $(BUILD)/test/snug.a
	@mkdir -p $(@D)
	$(CC) $(OPT) -g -o $@ $< $(BUILD)/test/snug.a -lcmocka -lseccomp -lpthread $(LDFLAGS)

$(BUILD)/test/%: $(BUILD)/obj/bench/test/%.o $(BUILD)/test/snugbench.a
	$(CC) $(OPT) -g -o $@ $< $(BUILD)/test/snugbench.a -lcmocka $(LDFLAGS) $(BENCH_LIBS)
# Kept: a change elsewhere only links tests anew.
.SECONDARY: $(call object,$(wildcard allocator/test/*.c bench/test/*.c))

# What such an allocator does not have it takes from there, but for those that lack calls.
FORWARD := bench/test/broken/forward/forward.c
$(BUILD)/test/libbroken-half.so $(BUILD)/test/libbroken-none.so: FORWARD :=

$(BUILD)/test/libbroken-%.so: bench/test/broken/%.c bench/test/broken/forward/forward.c
	@mkdir -p $(@D)
	$(CC) $(BENCH_FLAGS) -fPIC -shared -fno-builtin -o $@ $< $(FORWARD) $(LDFLAGS)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
