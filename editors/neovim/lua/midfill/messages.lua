--- What the user is told, once each.
local M = {}

---@type table<string, true>
local told = {}

---@param message string
---@param level? integer one of vim.log.levels
function M.tell(message, level)
  vim.notify('midfill: ' .. message, level or vim.log.levels.INFO)
end

---@param key string
---@param message string
---@param level? integer
function M.tell_once(key, message, level)
  if not told[key] then
    told[key] = true
    M.tell(message, level)
  end
end

---Allow a message again, after a restart for instance.
---@param key string
function M.forget(key)
  told[key] = nil
end

return M
