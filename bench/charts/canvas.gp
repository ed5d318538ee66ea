# Shared by the charts: the picture, 900 px wide and height_px high. The PNG is twice that,
# sharp on dense screens and legible when a page shows it at 900.
if (format eq "png") {
    set terminal pngcairo noenhanced size 1800,2*height_px font "DejaVu Sans,11" \
        fontscale 1.9 linewidth 2 pointscale 2 background rgb "white"
} else {
    set terminal svg noenhanced size 900,height_px font "DejaVu Sans,13" \
        background rgb "white"
}
set output out
