-- Note that a worker begins a run.
-- KEYS: 1 the record
-- ARGV: 1 message id  2 now (ms)
-- Returns 0 if this run was sent twice and is done already, otherwise 1. A removed schedule stays removed.
if redis.call('exists', KEYS[1]) == 0 then return 1 end
local fields = redis.call('hmget', KEYS[1], 'doubtful', 'done', 'copies')
local copies = tonumber(fields[3]) or 0
-- A full server refuses a script's first write if it could grow memory: this one cannot, and changes nothing.
redis.call('hdel', KEYS[1], '')
if fields[1] == ARGV[1] and fields[2] == ARGV[1] and copies > 0 then
  redis.call('hset', KEYS[1], 'copies', copies - 1)
  return 0
end
redis.call('hset', KEYS[1], 'message', ARGV[1], 'started', ARGV[2], 'running', '1')
return 1
