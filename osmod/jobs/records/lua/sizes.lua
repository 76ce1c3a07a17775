-- How many jobs a queue has: those of the six sets in the order of `SETS`, then the priorities that jobs are
-- waiting with, highest number first (at most 64).
local sizes, bands = {}, {}
for i, set in ipairs({READY, DELAYED, ACTIVE, DONE, FAILED, CANCELLED}) do
    sizes[i] = call('ZCARD', set)
end
local below = '+inf'
while #bands < 64 do
    local head = call('ZREVRANGEBYSCORE', READY, below, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if not head[2] then
        break
    end
    local band = math.floor(tonumber(head[2]) / PRIORITY_STEP)
    bands[#bands + 1] = band
    below = string.format('(%.0f', band * PRIORITY_STEP)
end
return {sizes, bands}
