--- Keys, mapped in the buffers that midfill serves. Each does its work only while ghost text is
--- visible, and otherwise what it did before: a mapping of the buffer, a global mapping, or the
--- key itself.
local config = require('midfill.config')

local api = vim.api

local M = {}

---@type table<integer, table<string, table>> per buffer and key: the mapping that was there
local before = {}
---@type function? a mapping's Lua function that waits for `run`
local waiting = nil

---@param action string
---@return string # what an expression mapping returns to have the action done
local function deed(action)
  local run = "<Cmd>lua require('midfill')." .. action .. '()<CR>'
  -- An accept is an undo step of its own: closed before it and after it.
  return action:find('^accept') and '<C-g>u' .. run .. '<C-g>u' or run
end

---@param keys string
---@return string
local function typed(keys)
  return api.nvim_replace_termcodes(keys, true, true, true)
end

---@param lhs string
---@return table? # the global insert-mode mapping of a key
local function global_mapping(lhs)
  local raw = typed(lhs)
  for _, mapping in ipairs(api.nvim_get_keymap('i')) do
    if mapping.lhsraw == raw or mapping.lhsrawalt == raw or typed(mapping.lhs) == raw then
      return mapping
    end
  end
  return nil
end

---Keys that do what a mapping does, to be returned by an expression mapping.
---@param mapping table as `maparg()` gives it
---@return string
local function replay(mapping)
  local keys ---@type string?
  if mapping.callback and mapping.expr ~= 1 then
    waiting = mapping.callback
    return typed("<Cmd>lua require('midfill.keys').run()<CR>")
  elseif mapping.callback then
    keys = mapping.callback()
    if type(keys) ~= 'string' then
      return ''
    end
    keys = mapping.replace_keycodes == 1 and typed(keys) or keys
  else
    local rhs = (mapping.rhs or ''):gsub('<[sS][iI][dD]>', ('<SNR>%d_'):format(mapping.sid or 0))
    keys = mapping.expr == 1 and api.nvim_eval(rhs) or typed(rhs)
    if mapping.expr == 1 and mapping.replace_keycodes == 1 then
      keys = typed(keys)
    end
  end
  if mapping.noremap == 1 then
    return keys
  end
  api.nvim_feedkeys(keys, 'im', false)
  return ''
end

---@param bufnr integer
---@param lhs string
---@return string
local function fall_back(bufnr, lhs)
  local mapping = before[bufnr] and before[bufnr][lhs]
  if not mapping or vim.tbl_isempty(mapping) then
    mapping = global_mapping(lhs)
  end
  return mapping and replay(mapping) or typed(lhs)
end

---Call the Lua function of the mapping that was fallen back to.
function M.run()
  local callback = waiting
  waiting = nil
  if callback then
    callback()
  end
end

---@param bufnr integer
---@param action string
---@param lhs string
local function map(bufnr, action, lhs)
  local there = api.nvim_buf_call(bufnr, function()
    return vim.fn.maparg(lhs, 'i', false, true)
  end)
  before[bufnr][lhs] = there.buffer == 1 and there or {}
  vim.keymap.set('i', lhs, function()
    if require('midfill').can(action) then
      return typed(deed(action))
    end
    return fall_back(bufnr, lhs)
  end, {
    buffer = bufnr,
    expr = true,
    replace_keycodes = false,
    desc = 'midfill: ' .. action:gsub('_', ' '),
  })
end

---@param bufnr integer
function M.attach(bufnr)
  if before[bufnr] then
    return
  end
  before[bufnr] = {}
  for action, keys in pairs(config.values.keys) do
    for _, lhs in ipairs(type(keys) == 'table' and keys or { keys or nil }) do
      map(bufnr, action, lhs)
    end
  end
end

---Give the keys back.
---@param bufnr integer
function M.detach(bufnr)
  local mappings = before[bufnr]
  before[bufnr] = nil
  if not mappings or not api.nvim_buf_is_valid(bufnr) then
    return
  end
  for lhs, mapping in pairs(mappings) do
    pcall(vim.keymap.del, 'i', lhs, { buffer = bufnr })
    if not vim.tbl_isempty(mapping) then
      api.nvim_buf_call(bufnr, function()
        vim.fn.mapset('i', false, mapping)
      end)
    end
  end
end

return M
