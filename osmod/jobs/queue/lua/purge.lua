-- Deletes up to ARGV[1] jobs of a queue, whatever their state. Returns how many; call it until that is 0.
-- In portions, so that a queue of a million jobs does not hold up every other.
local left = tonumber(ARGV[1])
local gone = 0
for _, set in ipairs({READY, DELAYED, ACTIVE, DONE, FAILED, CANCELLED}) do
    if left > gone then
        local ids = call('ZRANGE', set, 0, left - gone - 1)
        for _, id in ipairs(ids) do
            id = string.match(id, '^%S+')
            free_unique(call('HGET', JOB .. id, 'unique'), id)
            call('UNLINK', JOB .. id)
        end
        if #ids > 0 then
            call('ZREM', set, unpack(ids))
        end
        gone = gone + #ids
    end
end
call('DEL', WAKE)
if gone < left then
    for _, name in ipairs(call('SMEMBERS', BASE .. 'indexes')) do
        call('UNLINK', BASE .. 'index:' .. name)
    end
    call('DEL', BASE .. 'indexes')
end
return gone
