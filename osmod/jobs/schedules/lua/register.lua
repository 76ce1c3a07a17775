-- Make the schedules in Redis those of the code: new ones appear, changed ones change, others leave no trace.
-- ARGV: 1 now (ms)  2 expiry (ms)  then name, key, spec for each schedule
-- Returns the names of those removed.
local now, expiry = ARGV[1], ARGV[2]
local wanted, removed = {}, {}
for i = 3, #ARGV, 3 do wanted[ARGV[i]] = true end
work_when_full()
for _, name in ipairs(call('HKEYS', NAMES)) do
  if not wanted[name] then
    call('HDEL', NAMES, name)
    call('DEL', record_of(name))
    removed[#removed + 1] = name
  end
end
for i = 3, #ARGV, 3 do
  local name, key, record = ARGV[i], ARGV[i + 1], record_of(ARGV[i])
  if call('HGET', NAMES, name) ~= key then
    call('HSET', NAMES, name, key)
    -- What was missed before a change is not made up for. The last slot and a pause stay.
    call('HSET', record, 'spec', ARGV[i + 2], 'since', now)
    call('HDEL', record, 'claim_slot', 'claim_owner', 'claim_until')
  end
  call('PEXPIRE', record, expiry)
end
call('PEXPIRE', NAMES, expiry)
return removed
