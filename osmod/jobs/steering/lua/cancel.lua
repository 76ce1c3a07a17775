-- Cancels a job that has not ended. ARGV: 1 id, 2 keep (ms). Returns the state it was in, or '' for an
-- unknown id. An active job loses its lease: whatever its worker says about it from now on is refused.
local id = ARGV[1]
local job = call('HMGET', JOB .. id, 'state', 'lease')
local state = job[1]
if not state then
    return ''
end
look_first()
if state == 'waiting' then
    call('ZREM', READY, id)
elseif state == 'delayed' then
    call('ZREM', DELAYED, id)
elseif state == 'active' then
    call('ZREM', ACTIVE, id .. ' ' .. (job[2] or ''))
    call('HSET', JOB .. id, 'lease', '')
else
    return state
end
bury(id, CANCELLED, 'cancelled', tonumber(ARGV[2]), 'cancelled')
tally('cancelled', 1)
return state
