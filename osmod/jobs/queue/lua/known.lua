-- Notes that jobs are sent to a queue. KEYS[1] is `namespace:{workers}:`. ARGV: 1 its name.
local QUEUES = BASE .. 'queues'
call('ZADD', QUEUES, now, ARGV[1])
call('PEXPIRE', QUEUES, META_TTL)
return 1
