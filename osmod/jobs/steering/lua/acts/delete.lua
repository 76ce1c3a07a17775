-- Deletes jobs with their records; running ones are left alone. ARGV from 5: the act's name, ids.
-- Returns how many.
local gone = {}
for i = 6, #ARGV do
    local id = ARGV[i]
    local key = JOB .. id
    local job = call('HMGET', key, 'state', 'unique')
    if SETS[job[1]] then
        call('ZREM', SETS[job[1]], id)
        free_unique(job[2], id)
        call('UNLINK', key)
        gone[#gone + 1] = id
    end
end
if #gone > 0 then
    for _, name in ipairs(call('SMEMBERS', BASE .. 'indexes')) do
        try('ZREM', BASE .. 'index:' .. name, unpack(gone))
    end
end
return write_down(ARGV[5], #gone)
