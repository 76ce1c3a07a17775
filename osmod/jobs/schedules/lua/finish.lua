-- Note how an attempt ended. A removed schedule stays removed.
-- KEYS: 1 the record
-- ARGV: 1 message id  2 now (ms)  3 outcome  4 duration (ms), empty if it did not run  5 error
--       6 whether it is the last attempt (1/0)
if redis.call('exists', KEYS[1]) == 0 then return end
-- A full server refuses a script's first write if it could grow memory: this one cannot, and changes nothing.
redis.call('hdel', KEYS[1], '')
redis.call('hset', KEYS[1], 'outcome', ARGV[3], 'finished', ARGV[2], 'error', ARGV[5])
if ARGV[4] ~= '' then redis.call('hset', KEYS[1], 'duration', ARGV[4]) end
if redis.call('hget', KEYS[1], 'message') == ARGV[1] then redis.call('hdel', KEYS[1], 'running') end
if ARGV[3] == 'done' then redis.call('hset', KEYS[1], 'done', ARGV[1]) end
if ARGV[6] == '1' and redis.call('hget', KEYS[1], 'outstanding') == ARGV[1] then
  redis.call('hdel', KEYS[1], 'outstanding', 'outstanding_until')
end
