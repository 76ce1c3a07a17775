-- Note that a claimed slot was sent, or that its message was refused for good.
-- KEYS: 1 the names  2 the record
-- ARGV: 1 name  2 key of the schedule  3 slot (ms)  4 message id  5 error, empty if it was sent  6 now (ms)
if redis.call('hget', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
-- A full server refuses a script's first write if it could grow memory: this one cannot, and changes nothing.
redis.call('hdel', KEYS[2], '')
if redis.call('hget', KEYS[2], 'claim_slot') == ARGV[3] then
  redis.call('hdel', KEYS[2], 'claim_slot', 'claim_owner', 'claim_until')
end
redis.call('hset', KEYS[2], 'last_slot', ARGV[3])
if ARGV[5] ~= '' then
  redis.call('hset', KEYS[2], 'outcome', 'refused', 'error', ARGV[5], 'finished', ARGV[6])
  if redis.call('hget', KEYS[2], 'outstanding') == ARGV[4] then
    redis.call('hdel', KEYS[2], 'outstanding', 'outstanding_until')
  end
end
return 1
