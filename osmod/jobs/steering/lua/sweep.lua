-- Drops from an index what is gone, and from one of errors what is done, a stretch at a time. ARGV: 1 the index's name, 2 rank to begin at, 3 ids.
-- Returns how many were dropped, and the rank to go on at (-1: the end was reached).
local index, rank, length = BASE .. 'index:' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local ids = call('ZRANGE', index, rank, rank + length - 1)
local of_errors = string.find(ARGV[1], '^error:')
local gone = {}
for _, id in ipairs(ids) do
    local state = call('HGET', JOB .. id, 'state')
    if not state or of_errors and state == 'done' then
        gone[#gone + 1] = id
    end
end
if #gone > 0 then
    call('ZREM', index, unpack(gone))
end
return {#gone, #ids < length and -1 or rank + #ids - #gone}
