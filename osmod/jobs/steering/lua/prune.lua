-- Forgets what outlived its time in a queue. ARGV: 1 keep done (ms), 2 keep failed and cancelled (ms), 3 keep
-- acts (ms). Returns how many entries of jobs and how many acts were dropped. Records expire by themselves.
local jobs = call('ZREMRANGEBYSCORE', DONE, '-inf', now - ARGV[1])
jobs = jobs + call('ZREMRANGEBYSCORE', FAILED, '-inf', now - ARGV[2])
jobs = jobs + call('ZREMRANGEBYSCORE', CANCELLED, '-inf', now - ARGV[2])
local acts = call('XTRIM', BASE .. 'audit', 'MINID', string.format('%.0f', now - ARGV[3]))
return {jobs, acts}
