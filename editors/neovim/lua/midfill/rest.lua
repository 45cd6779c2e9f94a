--- Tells the server where the cursor came to rest in normal mode, so that it can read the text
--- around it before the first key is typed.
local client = require('midfill.client')
local config = require('midfill.config')
local text = require('midfill.text')

local api = vim.api
---Long enough to follow the `didChange` that Neovim holds back for 150 ms.
local REST_MS = 300

local M = {}

---@type uv.uv_timer_t?
local timer = nil

local function tell()
  local bufnr = api.nvim_get_current_buf()
  if config.silent(bufnr) or not client.serves(bufnr) then
    return
  end
  local at = api.nvim_win_get_cursor(0)
  local line = api.nvim_buf_get_lines(bufnr, at[1] - 1, at[1], true)[1]
  client.notify('midfill/cursorRested', {
    textDocument = { uri = vim.uri_from_bufnr(bufnr) },
    position = { line = at[1] - 1, character = text.length(line:sub(1, at[2]), client.encoding()) },
  })
end

---The cursor moved: start waiting anew.
function M.moved()
  timer = timer or vim.uv.new_timer()
  if timer then
    timer:start(REST_MS, 0, vim.schedule_wrap(tell))
  end
end

return M
