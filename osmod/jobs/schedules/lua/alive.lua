-- Note that a scheduler lives.
-- KEYS: 1 the host's sign of life
-- ARGV: 1 now (ms)  2 for how long it counts (ms)
-- A full server refuses a script's first write if it could grow memory: this one cannot.
redis.call('del', KEYS[1])
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
