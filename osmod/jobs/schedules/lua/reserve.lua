-- Take the right to run a schedule by hand, outside its slots.
-- KEYS: 1 the record
-- ARGV: 1 now (ms)  2 message id  3 may overlap (1/0)  4 outstanding until (ms)
--       5 id of an outstanding run known to be gone  6 expiry (ms)
-- Returns the id of the run that is in the way, or false.
local fields = redis.call('hmget', KEYS[1], 'outstanding', 'outstanding_until')
if ARGV[3] == '0' and fields[1] and fields[1] ~= ARGV[5] and (tonumber(fields[2]) or 0) > tonumber(ARGV[1]) then
  return fields[1]
end
redis.call('hset', KEYS[1], 'outstanding', ARGV[2], 'outstanding_until', ARGV[4])
redis.call('pexpire', KEYS[1], ARGV[6])
return false
