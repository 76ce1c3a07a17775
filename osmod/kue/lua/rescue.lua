-- Claims jobs of a type that are active for nobody: a worker of Kue's began them and said nothing of them for so
-- long; or one of ours did, and nothing is known of that any more.
-- ARGV: how the worker is called, type, milliseconds, from which place on, how many are looked at.
-- Returns how many were looked at, then each claimed job's fields and message id.
local worker, kind, silent = ARGV[1], ARGV[2], tonumber(ARGV[3])
local members = call('ZRANGE', of_type(kind, 'active'), ARGV[4], ARGV[4] + ARGV[5] - 1)
local answer, bytes = {#members}, 0
for place, member in ipairs(members) do
    local id = id_in(member)
    local row = fields_of(id, 'state', 'type', 'updated_at', 'started_at', 'created_at', 'osmod_claim', 'workerId')
    local said = math.max(tonumber(row[3] or '') or 0, tonumber(row[4] or '') or 0)
    local held = false
    if row[6] and is_ours(row[7]) then
        local message_id = message_of(id, row[5], row[6])
        held = call('ZSCORE', HELD, message_id) or call('ZSCORE', TAKEN, message_id)
    end
    if row[1] == 'active' and row[2] == kind and not held and now - said >= silent then
        answer[#answer + 1] = claim(id, kind, 'active', worker)
        bytes = bytes + size_of(answer[#answer])
    end
    if bytes >= MOST_BYTES then
        answer[1] = place
        break
    end
end
if #answer > 1 then
    try('HINCRBY', COUNTS, kind, #answer - 1)
end
return answer
