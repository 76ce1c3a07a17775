-- Looks for jobs that failed here by what Kue was told, and may have been had run again here since.
-- ARGV: type, from which place on, how many. Returns how many were looked at, then message ids.
local members = call('ZRANGE', of_type(ARGV[1], 'failed'), ARGV[2], ARGV[2] + ARGV[3] - 1)
local answer = {#members}
for _, member in ipairs(members) do
    local id = id_in(member)
    local row = fields_of(id, 'state', 'osmod_ended', 'osmod_claim', 'workerId', 'created_at')
    if row[1] == 'failed' and row[2] and row[3] and string.sub(row[4] or '', 1, 6) == 'osmod:' then
        answer[#answer + 1] = string.format('kue:%s%s:%s:%s', BASE, id, created_of(row[5]), row[3])
    end
end
return answer
