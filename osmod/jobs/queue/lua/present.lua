-- Notes that a worker process lives and which queues it serves. KEYS[1] is `namespace:{workers}:`.
-- ARGV: 1 worker (host:process), 2 what it says of itself (JSON, '' when it stops), 3 '1' if it begins or stops,
--   then its queues. Returns what it is asked to do ('' for nothing).
local WORKERS, QUEUES, REQUESTS = BASE .. 'workers', BASE .. 'queues', BASE .. 'requests'
work_when_full()
if ARGV[2] == '' then
    call('HDEL', WORKERS, ARGV[1])
else
    call('HSET', WORKERS, ARGV[1], now .. ' ' .. ARGV[2])
    call('PEXPIRE', WORKERS, 86400000)
end
if ARGV[3] == '1' then
    call('HDEL', REQUESTS, ARGV[1])
end
for i = 4, #ARGV do
    call('ZADD', QUEUES, now, ARGV[i])
end
if #ARGV > 3 then
    call('ZREMRANGEBYSCORE', QUEUES, '-inf', now - META_TTL)
    call('PEXPIRE', QUEUES, META_TTL)
end
local asked = call('HGET', REQUESTS, ARGV[1])
if asked then
    call('PEXPIRE', REQUESTS, 86400000)
end
return asked or ''
