# gnuplot: a page of charts for each of 24 slices of the data, with labels, a surface with
# contours, splines and a fit.
set terminal svg size 900,600
set fit quiet logfile '/dev/null'
f(x) = a * sin(b * x / 1000) + c
do for [page = 1:24] {
    set output sprintf('charts%d.svg', page)
    first = (page - 1) * 800
    set multiplot layout 2,2 title sprintf('page %d of charts', page)
    do for [i = 1:40] {
        set label i sprintf('label %d on page %d', i, page) at first + 20 * i, i % 7
    }
    plot 'points.dat' every ::first::(first + 799) using 1:2 with lines title 'walk', \
        '' every 20::first::(first + 799) using 1:2:3 with yerrorbars title 'error'
    unset label
    plot for [i = 2:4] 'points.dat' every 40::first::(first + 799) \
        using i:xtic(1) with histograms title sprintf('column %d', i)
    set contour both
    set cntrparam levels auto 20
    set hidden3d
    set isosamples 40
    splot sin(x / page) * cos(y) * exp(-(x * x + y * y) / 50)
    unset hidden3d
    unset contour
    a = 5; b = 1; c = 1
    fit f(x) 'points.dat' every 20::first::(first + 799) using 1:2 via a, b, c
    plot 'points.dat' every 10::first::(first + 799) smooth csplines, f(x)
    unset multiplot
}
