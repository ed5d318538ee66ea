-- Lua: long lists are built by appending, changed, sorted and dropped, some kept for a while;
-- then many small tables go at once and one large string is made.
local seed = 7
local function below(limit)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed // 16 % limit
end

local kept = {}
for round = 1, 40 do
    local list = {}
    for i = 1, 1000 * (1 + below(80)) do
        list[i] = below(1000000)
    end
    if round % 4 == 0 then table.sort(list) end
    local chosen = {}
    for i = 1, #list, 1 + below(8) do
        chosen[#chosen + 1] = {list[i], i}
        if #chosen == 2000 then break end
    end
    kept[1 + below(6)] = list
    kept[6 + below(4)] = chosen
end
kept = nil
collectgarbage()
local pieces = {}
for i = 1, 30000 do pieces[i] = {name = "piece" .. i} end
for i = 1, #pieces do pieces[i] = pieces[i].name end
collectgarbage()
print(#string.rep(table.concat(pieces), 4))
