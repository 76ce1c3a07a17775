-- Take the right to send one slot of a schedule, or learn why not.
-- ARGV: 1 name  2 key of the schedule  3 slot (ms)  4 owner  5 now (ms)  6 claim until (ms)  7 message id
--       8 may overlap (1/0)  9 outstanding until (ms)  10 id of an outstanding run known to be gone
--       11 only ask about an outstanding run (1/0)  12 expiry (ms)
-- Returns {answer, detail}.
local record, slot, now, id = record_of(ARGV[1]), ARGV[3], tonumber(ARGV[5]), ARGV[7]
local key = call('HGET', NAMES, ARGV[1])
if not key then
  -- Nothing at all: Redis lost its data. Others but not this one: the code that is newest has no such schedule.
  return {call('EXISTS', NAMES) == 0 and 'unknown' or 'removed', ''}
end
if key ~= ARGV[2] then return {'changed', key} end
local fields = call('HMGET', record, 'last_slot', 'claim_slot', 'claim_owner', 'claim_until', 'paused',
  'outstanding', 'outstanding_until', 'message', 'doubtful', 'copies', 'overlaps')
local last, claimed, owner, claimed_until = fields[1], fields[2], fields[3], tonumber(fields[4]) or 0
local outstanding, outstanding_until = fields[6], tonumber(fields[7]) or 0
-- A last slot far ahead was written by a clock that was wrong.
if last and tonumber(slot) <= tonumber(last) and tonumber(last) <= now + 3600000 then return {'taken', ''} end
if fields[5] == '1' then
  call('HSET', record, 'last_slot', slot)
  return {'paused', ''}
end
if claimed == slot then
  if owner ~= ARGV[4] and claimed_until > now then return {'busy', fields[4]} end
  -- Its sender died, or heard no answer: it may have been sent. Once a worker has begun it, it was.
  if fields[8] == id then
    call('HSET', record, 'last_slot', slot)
    call('HDEL', record, 'claim_slot', 'claim_owner', 'claim_until')
    return {'taken', ''}
  end
  local copies = fields[9] == id and tonumber(fields[10]) or 0
  call('HSET', record, 'doubtful', id, 'copies', copies + 1)
end
if ARGV[8] == '0' and outstanding and outstanding ~= id and outstanding ~= ARGV[10]
    and outstanding_until > now then
  if ARGV[11] == '0' then
    call('HSET', record, 'last_slot', slot, 'overlaps', (tonumber(fields[11]) or 0) + 1)
  end
  return {'overlap', outstanding}
end
call('HSET', record, 'claim_slot', slot, 'claim_owner', ARGV[4], 'claim_until', ARGV[6],
  'outstanding', id, 'outstanding_until', ARGV[9])
call('PEXPIRE', record, ARGV[12])
call('PEXPIRE', NAMES, ARGV[12])
return {'claimed', ''}
