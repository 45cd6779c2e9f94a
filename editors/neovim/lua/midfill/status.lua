--- What midfill is doing here, for statuslines and for `:Midfill status`.
local client = require('midfill.client')
local config = require('midfill.config')
local session = require('midfill.session')

---@class midfill.State
---@field state midfill.ServerState|'off'
---@field message string why, or what the server said
---@field waiting boolean a request is on its way
---@field visible boolean ghost text is on the screen

local M = {}

---@type string?
local announced = nil

---@param bufnr? integer
---@return midfill.State
function M.state(bufnr)
  bufnr = bufnr == nil and vim.api.nvim_get_current_buf() or bufnr
  local silent = config.silent(bufnr) or client.silence(bufnr)
  return {
    state = silent and 'off' or client.state,
    message = silent or client.message,
    waiting = session.is_waiting(),
    visible = session.is_visible(),
  }
end

---A word or two: `midfill`, `midfill …`, `midfill off`, `midfill loading`.
---@param bufnr? integer
---@return string
function M.text(bufnr)
  local now = M.state(bufnr)
  if now.state == 'ready' then
    return now.waiting and 'midfill …' or 'midfill'
  end
  return 'midfill ' .. now.state
end

---Tell statuslines that drew an older text.
function M.announce()
  local now = M.text()
  if now ~= announced then
    announced = now
    vim.api.nvim_exec_autocmds('User', { pattern = 'MidfillStatus', modeline = false })
  end
end

return M
