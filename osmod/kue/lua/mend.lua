-- Puts jobs back among those of their type that wait, if they are still missing there.
-- ARGV: members. Returns how many were.
local mended = 0
for _, member in ipairs(ARGV) do
    local id = id_in(member)
    local row = fields_of(id, 'state', 'type')
    if row[1] == 'inactive' and row[2] and call('ZSCORE', of_state('inactive'), member) then
        local priority = string.format('%.17g', priority_of(id))
        if call('ZADD', of_type(row[2], 'inactive'), priority, member) == 1 then
            call('LPUSH', BASE .. row[2] .. ':jobs', 1)
            mended = mended + 1
        end
    end
end
return mended
