-- Looks for jobs that failed here by what Kue was told, and may have been had run again here since.
-- ARGV: type, from which place on, how many. Returns how many were looked at, then message ids.
local members = try('ZRANGE', of_type(ARGV[1], 'failed'), ARGV[2], ARGV[2] + ARGV[3] - 1)
if members.err then -- the key is something else
    members = {}
end
local answer = {#members}
for _, member in ipairs(members) do
    local id = id_in(member)
    local row = fields_of(id, 'state', 'osmod_ended', 'osmod_claim', 'workerId', 'created_at')
    if row[1] == 'failed' and row[2] and row[3] and is_ours(row[4]) then
        answer[#answer + 1] = message_of(id, row[5], row[3])
    end
end
return answer
