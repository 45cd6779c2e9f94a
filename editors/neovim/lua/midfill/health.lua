--- `:checkhealth midfill`: why is it not working?
local M = {}

local function check_neovim()
  if vim.fn.has('nvim-0.10') == 0 then
    vim.health.error('Neovim 0.10 or newer is needed')
  elseif vim.fn.has('nvim-0.11') == 0 then
    vim.health.ok('Neovim 0.10 (`vim.lsp.config` needs 0.11)')
  else
    vim.health.ok('Neovim ' .. tostring(vim.version()))
  end
end

---@param command string[]|function
local function check_command(command)
  if type(command) ~= 'table' then
    vim.health.info('the server is reached by a function given to `vim.lsp.config`')
    return
  end
  if vim.fn.executable(command[1]) == 0 then
    vim.health.error(
      ('`%s` is not on the PATH'):format(command[1]),
      { 'Install it: ' .. require('midfill.client').INSTALL, 'Or set `cmd` in setup()' }
    )
    return
  end
  local answer = vim.system({ command[1], '--version' }, { text = true }):wait(10000)
  if answer.code == 0 then
    vim.health.ok(('`%s`: %s'):format(table.concat(command, ' '), vim.trim(answer.stdout or '')))
  else
    vim.health.error(
      ('`%s --version` ended with code %d'):format(command[1], answer.code),
      { vim.trim(answer.stderr or ''), ('Run `%s doctor` in a terminal'):format(command[1]) }
    )
  end
end

local function check_server()
  local client = require('midfill.client')
  local said = client.message ~= '' and ': ' .. client.message or ''
  if client.state == 'ready' then
    vim.health.ok('the server is ready' .. said)
  elseif client.state == 'error' or client.state == 'missing' then
    vim.health.error(client.state .. said, { ':Midfill log', ':Midfill restart' })
  else
    vim.health.info('the server is ' .. client.state .. said)
  end
  vim.health.info('log: ' .. require('midfill.commands').log_file())
end

---Health runs in its own buffer, so look at the others.
local function check_buffers()
  local client = require('midfill.client')
  local config = require('midfill.config')
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    local name = vim.api.nvim_buf_get_name(bufnr)
    if vim.api.nvim_buf_is_loaded(bufnr) and vim.bo[bufnr].buflisted and name ~= '' then
      local label = vim.fn.fnamemodify(name, ':~:.')
      local silent = config.silent(bufnr)
      local attached = vim.lsp.get_clients({ bufnr = bufnr, name = client.NAME })
      if silent then
        vim.health.info(('%s: off, %s'):format(label, silent))
      elseif #attached > 1 then
        vim.health.warn(
          ('%s: %d midfill servers serve it'):format(label, #attached),
          { "Start it by setup() or by vim.lsp.enable('midfill'), not by both" }
        )
      elseif client.serves(bufnr) then
        vim.health.ok(label .. ': on')
      else
        vim.health.warn(label .. ': on, but the server does not have it')
      end
    end
  end
end

local function check_keys()
  local keys = require('midfill.config').values.keys
  for _, action in ipairs({ 'accept', 'accept_line', 'accept_word', 'next', 'prev', 'dismiss' }) do
    local lhs = keys[action]
    local shown = type(lhs) == 'table' and table.concat(lhs, ' ') or lhs or 'no key'
    vim.health.info(('%s: %s'):format(action:gsub('_', ' '), shown))
  end
end

function M.check()
  vim.health.start('midfill')
  check_neovim()
  if not require('midfill.config').ready then
    vim.health.warn('setup() has not run', { "Add require('midfill').setup() to your init.lua" })
    return
  end
  check_command(require('midfill.client').settings().cmd)
  check_server()
  vim.health.start('midfill: buffers')
  check_buffers()
  vim.health.start('midfill: keys')
  check_keys()
end

return M
