# gdb commands for programs that have snug, preloaded or linked:
#   gdb -x allocator/snug.gdb --args env LD_PRELOAD=$PWD/build/libsnug.so PROGRAM
#
#   snug-block POINTER   what it points at: size, run, in use or not; with SNUG_DEBUG also
#                        where it was allocated and freed
#   snug-map [LEVEL]     memory as it is: 0 totals, 1 each run and block, 2 each object
#   snug-leaks           with SNUG_DEBUG the leaks so far, else what is in use by size
#
# They call the library inside the program, so there must be a process (no core file) and
# it must have run past the loading of its libraries. What they print goes to the
# program's stderr. The casts let them work without debug information.

define snug-call
  call $arg0
end

# gdb before version 14 calls a function on a processor with AMX, then fails to write the
# vector registers back, after the others; with Python the failure does not end a script.
if !$_isvoid($_streq)
python
class SnugCall(gdb.Command):
    def __init__(self):
        super().__init__("snug-call", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        try:
            gdb.execute("call " + argument)
        except gdb.error as error:
            if "Couldn't write extended state status" not in str(error):
                raise
            print("snug: this gdb cannot restore vector registers on this processor: what"
                  " was printed holds, but the program may not go on well; gdb 14 can")

SnugCall()
end
end
document snug-call
snug-call EXPRESSION: call a function in the program.
end

define snug-block
  snug-call ((void(*)(void*))snug_describe)((void*)($arg0))
end
document snug-block
snug-block POINTER: what it points at, and where that was allocated and freed.
end

define snug-map
  if $argc == 0
    snug-call ((void(*)(int))snug_dump)(1)
  else
    snug-call ((void(*)(int))snug_dump)($arg0)
  end
end
document snug-map
snug-map [LEVEL]: memory as it is. 0 totals, 1 each run and block, 2 each object.
end

define snug-leaks
  snug-call ((unsigned long(*)(void))snug_leaks)()
end
document snug-leaks
snug-leaks: the leaks so far by call stack, or without SNUG_DEBUG blocks by size.
end
