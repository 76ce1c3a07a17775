-- Take the right to run a schedule by hand, outside its slots.
-- ARGV: 1 name  2 now (ms)  3 message id  4 may overlap (1/0)  5 outstanding until (ms)
--       6 id of an outstanding run known to be gone  7 expiry (ms)
-- Returns the id of the run that is in the way, or false.
local record = record_of(ARGV[1])
local fields = call('HMGET', record, 'outstanding', 'outstanding_until')
local outstanding, until_then = fields[1], tonumber(fields[2]) or 0
-- Its own id: the answer to the same request was lost.
if ARGV[4] == '0' and outstanding and outstanding ~= ARGV[6] and outstanding ~= ARGV[3]
    and until_then > tonumber(ARGV[2]) then
  return outstanding
end
call('HSET', record, 'outstanding', ARGV[3], 'outstanding_until', ARGV[5])
call('PEXPIRE', record, ARGV[7])
return false
