-- Pause or resume a schedule.
-- ARGV: 1 name  2 paused (1/0)  3 since when it counts again (ms), empty for a pause  4 expiry (ms)
local record = record_of(ARGV[1])
work_when_full()
call('HSET', record, 'paused', ARGV[2])
if ARGV[3] ~= '' then call('HSET', record, 'since', ARGV[3]) end
call('PEXPIRE', record, ARGV[4])
