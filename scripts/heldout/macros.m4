define(`loop', `ifelse(eval($1 <= $2), 1, `$3($1)loop(incr($1), $2, `$3')')')dnl
define(`cell', `define(`cell_'$1, format(`%08x-%s', eval($1 * 2654435 % 65536), `text of number $1'))')dnl
define(`show', `indir(`cell_'$1) ')dnl
define(`drop', `undefine(`cell_'$1)')dnl
define(`round', `loop(1, 400, `cell')loop(1, 400, `show')loop(1, 400, `drop')')dnl
loop(1, 16, `round')
