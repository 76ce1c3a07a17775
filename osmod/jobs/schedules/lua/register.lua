-- Make the schedules in Redis those of the code: new ones appear, changed ones change, others leave no trace.
-- KEYS: 1 the names (hash: name -> key of the schedule)
-- ARGV: 1 prefix of record keys  2 now (ms)  3 expiry (ms)  then name, key, spec for each schedule
-- Returns the names of those removed.
local prefix, now, expiry = ARGV[1], ARGV[2], ARGV[3]
local wanted, removed = {}, {}
for i = 4, #ARGV, 3 do wanted[ARGV[i]] = true end
-- A full server refuses a script's first write if it could grow memory: this one cannot, and changes nothing.
redis.call('hdel', KEYS[1], '')
for _, name in ipairs(redis.call('hkeys', KEYS[1])) do
  if not wanted[name] then
    redis.call('hdel', KEYS[1], name)
    redis.call('del', prefix .. name)
    removed[#removed + 1] = name
  end
end
for i = 4, #ARGV, 3 do
  local name, key, record = ARGV[i], ARGV[i + 1], prefix .. ARGV[i]
  if redis.call('hget', KEYS[1], name) ~= key then
    redis.call('hset', KEYS[1], name, key)
    -- What was missed before a change is not made up for. The last slot and a pause stay.
    redis.call('hset', record, 'spec', ARGV[i + 2], 'since', now)
    redis.call('hdel', record, 'claim_slot', 'claim_owner', 'claim_until')
  end
  redis.call('pexpire', record, expiry)
end
redis.call('pexpire', KEYS[1], expiry)
return removed
