-- Pause or resume a schedule.
-- KEYS: 1 the record
-- ARGV: 1 paused (1/0)  2 since when it counts again (ms), empty for a pause  3 expiry (ms)
-- A full server refuses a script's first write if it could grow memory: this one cannot, and changes nothing.
redis.call('hdel', KEYS[1], '')
redis.call('hset', KEYS[1], 'paused', ARGV[1])
if ARGV[2] ~= '' then redis.call('hset', KEYS[1], 'since', ARGV[2]) end
redis.call('pexpire', KEYS[1], ARGV[3])
