--- The server's statistics as a text to read: one line for each, names left and values right of them.
local M = {}

---@param counts table<string, any> a flat table
---@return string
local function joined(counts)
  local words = {} ---@type string[]
  for name, count in vim.spairs(counts) do
    if type(count) ~= 'table' then
      words[#words + 1] = ('%s %s'):format(name:gsub('_', ' '), tostring(count))
    end
  end
  return table.concat(words, ', ')
end

---The traces of single requests and what is unknown or empty are left out.
---@param statistics table<string, any> the answer to `midfill/stats`
---@return string
function M.lines(statistics)
  local rows, width = {}, 0 ---@type [string, string][], integer
  for name, value in vim.spairs(statistics) do
    local words = value == vim.NIL and '' or type(value) == 'table' and joined(value) or tostring(value)
    if words ~= '' and not vim.islist(value) then
      rows[#rows + 1] = { (name:gsub('_', ' ')), words }
      width = math.max(width, #name)
    end
  end
  return table.concat(
    vim.tbl_map(function(row)
      return ('%-' .. width .. 's  %s'):format(row[1], row[2])
    end, rows),
    '\n'
  )
end

return M
