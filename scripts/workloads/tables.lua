-- Lua: tables, closures and strings; words counted, a tree built, torn down and built again.
local counts, words = {}, {}
for line in io.lines(arg[1]) do
    for word in line:gmatch("%a+") do
        word = word:lower()
        if not counts[word] then
            words[#words + 1] = word
        end
        counts[word] = (counts[word] or 0) + 1
    end
end
table.sort(words, function(a, b)
    if counts[a] ~= counts[b] then return counts[a] > counts[b] end
    return a < b
end)

local function insert(node, key)
    if not node then return {key = key, seen = 1} end
    if key < node.key then
        node.left = insert(node.left, key)
    elseif key > node.key then
        node.right = insert(node.right, key)
    else
        node.seen = node.seen + 1
    end
    return node
end

local function depth(node)
    if not node then return 0 end
    return 1 + math.max(depth(node.left), depth(node.right))
end

for round = 1, 6 do
    local root
    for i = 1, #words, 2 do
        root = insert(root, words[i]:reverse() .. round)
    end
    local parts = {}
    for i = 1, 400 do
        parts[#parts + 1] = string.format("%s=%d", words[i], counts[words[i]])
    end
    print(round, depth(root), #table.concat(parts, ";"))
end
