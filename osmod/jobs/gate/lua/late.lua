-- Notes that requests, which were let before, depart just now: they count from now on, too.
--
-- ARGV: 1 how many, 2 the largest limit, 3 its window (ms)
local longest = tonumber(ARGV[2])
for _ = 1, math.min(longest, tonumber(ARGV[1])) do
    departed(longest, tonumber(ARGV[3]))
end
