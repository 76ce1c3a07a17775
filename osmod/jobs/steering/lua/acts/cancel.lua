-- Cancels jobs: waiting and delayed ones at once, running ones once their worker has interrupted them.
-- ARGV from 5: how long they are kept (ms), ids. Returns how many were cancelled, how many are being.
local CANCELLING = BASE .. 'cancelling'
local cancelled, asked, keep = 0, 0, tonumber(ARGV[5])
call('ZCARD', CANCELLING)
for i = 6, #ARGV do
    local id = ARGV[i]
    local key = JOB .. id
    local job = call('HMGET', key, 'state', 'cancel')
    if job[1] == 'waiting' or job[1] == 'delayed' then
        call('ZREM', SETS[job[1]], id)
        bury(id, CANCELLED, 'cancelled', keep, 'Cancelled: by ' .. ARGV[1])
        emit('cancelled', id)
        cancelled = cancelled + 1
    elseif job[1] == 'active' and not job[2] then
        call('HSET', key, 'cancel', ARGV[1])
        call('ZADD', CANCELLING, now, id)
        call('PEXPIRE', CANCELLING, 3600000)
        asked = asked + 1
    end
end
if cancelled > 0 then
    tally('cancelled', cancelled)
end
write_down('cancel', cancelled + asked)
return {cancelled, asked}
