-- Note that a worker begins a run.
-- KEYS: 1 the record
-- ARGV: 1 message id  2 now (ms)
-- Returns 0 if this run was sent twice and is done already, otherwise 1. A removed schedule stays removed.
if redis.call('exists', KEYS[1]) == 0 then return 1 end
local fields = redis.call('hmget', KEYS[1], 'doubtful', 'done', 'copies')
if fields[1] == ARGV[1] and fields[2] == ARGV[1] and tonumber(fields[3]) > 0 then
  redis.call('hincrby', KEYS[1], 'copies', -1)
  return 0
end
redis.call('hset', KEYS[1], 'message', ARGV[1], 'started', ARGV[2], 'running', '1')
return 1
