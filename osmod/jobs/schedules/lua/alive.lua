-- Note that a scheduler lives, or ask when one last said so.
-- ARGV: 1 host  2 now (ms), empty to ask  3 for how long it counts (ms)
-- Returns the moment of the last sign of life (ms), or '' if none counts any more.
local alive = KEYS[1] .. 'alive.' .. ARGV[1]
if ARGV[2] ~= '' then
  work_when_full()
  call('SET', alive, ARGV[2], 'PX', ARGV[3])
end
return call('GET', alive) or ''
