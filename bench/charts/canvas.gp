# Shared by the charts: the picture, 900 px wide and height_px high, a narrow one for phones
# 400 and as high for each panel. The PNG is twice that,
# sharp on dense screens and legible when a page shows it at 900; the PDF is as large at 96
# pixels an inch. In a text a character stands for 8 by 18 pixels.
if (format eq "png") {
    set terminal pngcairo noenhanced size 1800,2*height_px font "DejaVu Sans,11" \
        fontscale 1.9 linewidth 2 pointscale 2.8 background rgb "white"
}
if (format eq "pdf") {
    set terminal pdfcairo noenhanced size 900/96.0,height_px/96.0 font "DejaVu Sans,10" \
        fontscale 0.75 background rgb "white"
}
if (format eq "svg") {
    set terminal svg noenhanced size 900,height_px font "DejaVu Sans,13" \
        background rgb "white"
}
if (is_narrow) {
    set terminal svg noenhanced size 400,(exists("panels") ? 2 * height_px : height_px) \
        font "DejaVu Sans,12" background rgb "white"
}
if (format eq "text") {
    set terminal dumb nofeed noenhanced size columns,(height_px < 360 ? 20 : height_px / 18)
    set grid linetype nodraw
    set errorbars 0
} else {
    set output out
}
