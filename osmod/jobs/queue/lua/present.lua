-- Notes that a worker process lives and which queues it serves. KEYS[1] is `namespace:{workers}:`.
-- ARGV: 1 worker (host:process), 2 what it says of itself (JSON, '' when it stops), then its queues.
local WORKERS, QUEUES = BASE .. 'workers', BASE .. 'queues'
work_when_full()
if ARGV[2] == '' then
    call('HDEL', WORKERS, ARGV[1])
else
    call('HSET', WORKERS, ARGV[1], now .. ' ' .. ARGV[2])
    call('PEXPIRE', WORKERS, 86400000)
end
for i = 3, #ARGV do
    call('ZADD', QUEUES, now, ARGV[i])
end
if #ARGV > 2 then
    call('ZREMRANGEBYSCORE', QUEUES, '-inf', now - META_TTL)
    call('PEXPIRE', QUEUES, META_TTL)
end
return 1
