# Shared by the charts: what is in the CSV, colours, axes. 'snugbench report' sets
#   dir      the results folder           format   svg, narrow, png, pdf or text
#   out      the file to write            columns  the width of a text
#   trace    for charts of one; or ""     style, canvas, rows, one_trace: the shared scripts
# and a chart sets `file`, its CSV, before it loads this.
set datafile separator comma
set datafile columnheaders
set datafile missing NaN # a line goes on over rows that are another allocator's

# Lists hold quoted words, so that a name may contain blanks.
quote(text) = "\"".text."\" "
index_of(list, text) = sum [k=1:words(list)] (word(list, k) eq text ? k : 0)
traces = ""
allocators = ""
floor_name = ""
note_trace(text) = index_of(traces, text) ? 0 : (traces = traces.quote(text), 0)
note_allocator(text, role) = role eq "floor" ? (floor_name = text, 0) \
    : index_of(allocators, text) ? 0 : (allocators = allocators.quote(text), 0)
# Whether anything was measured: stats of a column of empty fields defines nothing.
has(name) = exists(name."_records") ? value(name."_records") > 0 : 0
figures = 0
note_figure(text) = (figures = figures + (text ne ""), 0)

# Okabe and Ito's palette. An allocator has one colour and one mark in every chart; what
# is not known by name takes the spare ones in order.
known = "snug glibc jemalloc mimalloc tcmalloc tbbmalloc"
colours = "#D55E00 #0072B2 #009E73 #E69F00 #CC79A7 #56B4E9"
marks = "7 5 9 11 13 15"
spare_colours = "#7F7F7F #8B4513 #4B0082 #9ACD32 #2F4F4F #B8A000"
spare_marks = "4 6 8 10 12 14"
is_known(i) = index_of(known, word(allocators, i)) > 0
spare(i) = 1 + ((sum [k=1:i] !is_known(k)) - 1) % words(spare_colours)
colour(i) = is_known(i) ? word(colours, index_of(known, word(allocators, i))) \
    : word(spare_colours, spare(i))
mark(i) = is_known(i) ? int(word(marks, index_of(known, word(allocators, i)))) \
    : int(word(spare_marks, spare(i)))
is(i) = strcol("allocator") eq word(allocators, i)

# A narrow picture has its panels one below the other, more rows in its key, and room for
# headings in several lines.
is_narrow = format eq "narrow"
panel_rows = is_narrow ? 2 : 1
panel_columns = is_narrow ? 1 : 2
key_rows = is_narrow ? 3 : 2
more_below = is_narrow ? 3 : 0
line_limit = is_narrow ? 48 : format eq "text" ? columns - 20 : 110
last_blank(text, k) = \
    k < 2 ? 0 : substr(text, k, k) eq " " ? k : last_blank(text, k - 1)
cut_at(text, k, limit) = k == 0 ? text \
    : substr(text, 1, k - 1)."\n".cut(substr(text, k + 1, strlen(text)), limit)
cut(text, limit) = \
    strlen(text) <= limit ? text : cut_at(text, last_blank(text, limit), limit)
fit(text) = cut(text, line_limit)
# What stands at a tic is a format: a name's per cent is doubled.
as_tic(text) = strstrt(text, "%") == 0 ? text \
    : substr(text, 1, strstrt(text, "%"))."%".\
        as_tic(substr(text, strstrt(text, "%") + 1, strlen(text)))

set border 3 linecolor rgb "#606060"
set tics nomirror textcolor rgb "#202020"
set grid linetype 1 linecolor rgb "#dcdcdc" linewidth 0.6
