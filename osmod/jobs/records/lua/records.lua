-- Reads jobs. ARGV: how many fields, their names, then ids. Returns the fields' values for each id.
local fields = tonumber(ARGV[1])
local names = {}
for i = 1, fields do
    names[i] = ARGV[1 + i]
end
local rows = {}
for i = 2 + fields, #ARGV do
    rows[#rows + 1] = call('HMGET', JOB .. ARGV[i], unpack(names))
end
return rows
