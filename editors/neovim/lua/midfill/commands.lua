--- `:Midfill` and its subcommands.
local client = require('midfill.client')
local config = require('midfill.config')
local messages = require('midfill.messages')
local report = require('midfill.report')

local api = vim.api

local M = {}

---@param scope? string
---@return midfill.Scope?
local function scope_of(scope)
  if scope == nil or scope == 'all' or scope == 'buffer' or scope == 'filetype' then
    return scope or 'all' --[[@as midfill.Scope]]
  end
  messages.tell(('no such scope: %s (all, buffer or filetype)'):format(scope), vim.log.levels.ERROR)
  return nil
end

---@param scope midfill.Scope
---@return string
local function where(scope)
  if scope == 'filetype' then
    return (' for filetype %q'):format(vim.bo.filetype)
  end
  return scope == 'buffer' and ' in this buffer' or ''
end

---@param on boolean?
---@param argument? string
local function switch(on, argument)
  local scope = scope_of(argument)
  if not scope then
    return
  end
  if on == nil then
    on = not config.is_on(scope, api.nvim_get_current_buf())
  end
  require('midfill').enable(on, scope)
  messages.tell((on and 'on' or 'off') .. where(scope))
end

---@return string
local function log_file()
  if vim.lsp.log.get_filename then
    return vim.lsp.log.get_filename()
  end
  return vim.lsp.get_log_path()
end

---@type table<string, fun(argument?: string)>
local subcommands = {
  enable = function(argument)
    switch(true, argument)
  end,
  disable = function(argument)
    switch(false, argument)
  end,
  toggle = function(argument)
    switch(nil, argument)
  end,
  restart = client.restart,
  status = function()
    local now = require('midfill').state()
    local message = now.message ~= '' and ': ' .. now.message or ''
    messages.tell(('%s%s [%s]'):format(now.state, message, table.concat(client.command(), ' ')))
  end,
  stats = function()
    local sent = client.request(api.nvim_get_current_buf(), 'midfill/stats', {}, function(err, stats)
      local problem = err and (err.message or vim.inspect(err))
      messages.tell('statistics' .. (problem and ': ' .. problem or '\n' .. report.lines(stats)))
    end)
    if not sent then
      messages.tell('the server is not running', vim.log.levels.WARN)
    end
  end,
  snooze = function(argument)
    local minutes = tonumber(argument or 10)
    if not minutes then
      messages.tell('no number of minutes: ' .. argument, vim.log.levels.ERROR)
      return
    end
    local params = { command = 'midfill.snooze', arguments = { minutes } }
    local sent = client.request(api.nvim_get_current_buf(), 'workspace/executeCommand', params, function(err)
      if err then
        messages.tell('snooze: ' .. (err.message or vim.inspect(err)), vim.log.levels.ERROR)
      end
    end)
    if not sent then
      messages.tell('the server is not running', vim.log.levels.WARN)
    end
  end,
  log = function()
    vim.cmd.split({ args = { vim.fn.fnameescape(log_file()) } })
    vim.cmd.normal({ args = { 'G' }, bang = true })
  end,
}

---@param arguments string[]
function M.run(arguments)
  if not config.ready then
    messages.tell("call require('midfill').setup() first (:help midfill)", vim.log.levels.ERROR)
    return
  end
  local name = arguments[1] or 'status'
  local subcommand = subcommands[name]
  if not subcommand then
    messages.tell('no such command: ' .. name, vim.log.levels.ERROR)
    return
  end
  subcommand(arguments[2])
end

---@param line string
---@return string[]
function M.complete(line)
  local words = vim.split(line, '%s+')
  local choices = {} ---@type string[]
  if #words == 2 then
    choices = vim.tbl_keys(subcommands)
  elseif #words == 3 and vim.tbl_contains({ 'enable', 'disable', 'toggle' }, words[2]) then
    choices = { 'all', 'buffer', 'filetype' }
  end
  table.sort(choices)
  return vim.tbl_filter(function(choice)
    return vim.startswith(choice, words[#words])
  end, choices)
end

M.log_file = log_file

return M
