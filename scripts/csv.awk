# Rows of our own CSV files for awk scripts: csv_header once, then csv_row each line; the
# cells are in cell[NAME]. No cell holds a line end.

# The fields of a line into list[1..n]; returns n.
function csv_split(line, list,    n, at, field)
{
    n = 0
    while (1) {
        if (substr(line, 1, 1) == "\"") {
            field = ""
            line = substr(line, 2)
            while ((at = index(line, "\"")) > 0) {
                field = field substr(line, 1, at - 1)
                line = substr(line, at + 1)
                if (substr(line, 1, 1) != "\"")
                    break
                field = field "\""
                line = substr(line, 2)
            }
        } else {
            at = index(line, ",")
            field = at ? substr(line, 1, at - 1) : line
            line = at ? substr(line, at) : ""
        }
        list[++n] = field
        if (line == "")
            return n
        line = substr(line, 2)
    }
}

function csv_header(line)
{
    csv_columns = csv_split(line, csv_names)
}

function csv_row(line,    list, i)
{
    csv_split(line, list)
    for (i = 1; i <= csv_columns; i++)
        cell[csv_names[i]] = list[i]
}
