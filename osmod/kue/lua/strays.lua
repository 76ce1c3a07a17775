-- Looks for jobs that wait by their hash and are missing in their type's set: a worker of Kue's took them out and did
-- nothing more. ARGV: from which place on, how many, types. Returns how many were looked at, then members.
local ours, answer = types_from(3), {0}
local members = call('ZRANGE', of_state('inactive'), ARGV[1], ARGV[1] + ARGV[2] - 1)
for _, member in ipairs(members) do
    local id = id_in(member)
    local row = fields_of(id, 'state', 'type')
    -- A set that is something else misses none.
    if row[1] == 'inactive' and ours[row[2]] and not try('ZSCORE', of_type(row[2], 'inactive'), member) then
        answer[#answer + 1] = member
    end
end
answer[1] = #members
return answer
