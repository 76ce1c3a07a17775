-- Asks something of worker processes. KEYS[1] is `namespace:{workers}:`. ARGV from 5: what ('' to take back what was
-- asked), the act's name, processes. Returns how many of them are there.
local WORKERS, REQUESTS = BASE .. 'workers', BASE .. 'requests'
work_when_full()
local count = 0
for i = 7, #ARGV do
    local there = call('HGET', WORKERS, ARGV[i])
    if there then
        if ARGV[5] == '' then
            call('HDEL', REQUESTS, ARGV[i])
        else
            call('HSET', REQUESTS, ARGV[i], ARGV[5])
            call('PEXPIRE', REQUESTS, 86400000)
        end
        count = count + 1
    end
end
return write_down(ARGV[6], count)
