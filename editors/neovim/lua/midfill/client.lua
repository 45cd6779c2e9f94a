--- The server's life: start, attach, talk, stop, and start again after a crash.
local config = require('midfill.config')
local crashes = require('midfill.crashes')
local launch = require('midfill.launch')
local messages = require('midfill.messages')
local wire = require('midfill.wire')

local api = vim.api
local NAME = launch.NAME
local INSTALL = 'pipx install ' .. launch.checkout()

---How long a server may take to leave by itself before it is ended.
local STOP_PATIENCE_MS = 2000

---@alias midfill.ServerState 'stopped'|'missing'|'starting'|'loading'|'ready'|'error'|'disabled'

local M = {
  ---@type midfill.ServerState
  state = 'stopped',
  ---@type string what the server said about its state
  message = '',
  ---What others do on the server's events; filled by `init`, so that this file needs no other.
  ---@type table<'change'|'more'|'attach'|'ready'|'detach', fun(...: any)>
  on = {},
  request = wire.request,
  cancel = wire.cancel,
  notify = wire.notify,
  encoding = wire.encoding,
  version = wire.version,
  command = launch.command,
  settings = launch.settings,
  NAME = NAME,
  INSTALL = INSTALL,
}

---@type table<integer, string> buffers that midfill serves or will serve after a restart, and
---the filetype that each was opened with
local buffers = {}
---@type table<string, string> why the server leaves documents alone, by URI
local silences = {}
local exiting = false

---@param state midfill.ServerState
---@param message? string
local function set_state(state, message)
  M.state, M.message = state, message or ''
  M.on.change()
end

---@param code integer
---@param signal integer
---@param id integer
local function on_exit(code, signal, id)
  local asked = wire.leaving[id]
  wire.leaving[id] = nil
  if wire.client and wire.client.id == id then
    wire.client = nil
    silences = {}
  end
  if exiting then
    return
  end
  if asked or (code == 0 and signal == 0) then
    if M.state ~= 'error' then
      set_state('stopped')
    end
    if asked == 'restart' then
      M.attach_all()
    end
    return
  end
  local wait_ms, count = crashes.count()
  local how = ('the server ended (exit code %d, signal %d)'):format(code, signal)
  if not wait_ms then
    set_state('error', how)
    messages.tell(
      (
        '%s %d times within %d s and is left alone. :Midfill log shows why, :Midfill restart '
        .. 'tries again.'
      ):format(how, count, crashes.WINDOW_S),
      vim.log.levels.ERROR
    )
    return
  end
  set_state('starting', how .. '; starting it again')
  vim.defer_fn(M.attach_all, wait_ms)
end

---@param result { serverInfo?: { version?: string } }
---@return string
local function version_of(result)
  return result and result.serverInfo and result.serverInfo.version or '(unknown version)'
end

---@param started vim.lsp.Client
---@param result table
local function on_init(started, result)
  if not started.server_capabilities.inlineCompletionProvider then
    M.stop()
    set_state('error', 'the server offers no inline completion')
    messages.tell(
      ('%s %s offers no inline completion; update it: %s'):format(
        launch.command()[1],
        version_of(result),
        INSTALL
      ),
      vim.log.levels.ERROR
    )
    return
  end
  if config.values.ui == 'own' then
    -- Hidden from Neovim 0.12's own inline completion, which would draw the text a second time.
    started.server_capabilities.inlineCompletionProvider = nil
  end
  set_state('loading', 'the model is being loaded')
end

---@param _ any
---@param result { state?: string, message?: string }
local function on_status(_, result)
  local state = result.state
  if state ~= 'loading' and state ~= 'ready' and state ~= 'error' and state ~= 'disabled' then
    return
  end
  set_state(state --[[@as midfill.ServerState]], result.message)
  if state == 'ready' then
    -- What was asked while the model was loading got no answer.
    M.on.ready(nil, api.nvim_get_current_buf())
  end
  if state == 'error' and M.message ~= '' then
    messages.tell_once('status:' .. M.message, M.message, vim.log.levels.ERROR)
  end
end

---The server writes what is wrong with settings into its log, which nobody opens unasked.
---@param err any
---@param result { type: integer, message: string }
---@param context any
local function on_log(err, result, context)
  local problem = result
    and result.type == vim.lsp.protocol.MessageType.Warning
    and result.message:match('^midfill: (.*)$')
  if problem then
    messages.tell_once('log:' .. problem, problem, vim.log.levels.WARN)
  end
  return vim.lsp.handlers['window/logMessage'](err, result, context)
end

---The server leaves a document alone, or does so no longer.
---@param _ any
---@param result { uri: string, message: string }
local function on_silence(_, result)
  silences[result.uri] = result.message ~= '' and result.message or nil
  M.on.change()
  if result.message == '' then
    M.on.ready(nil, api.nvim_get_current_buf())
  end
end

---@type midfill.Callbacks
local callbacks = {
  on_init = on_init,
  on_exit = on_exit,
  on_attach = function(...)
    M.on.ready(...)
  end,
  handlers = {
    ['window/logMessage'] = on_log,
    ['midfill/status'] = on_status,
    ['midfill/documentStatus'] = on_silence,
    ['midfill/moreAvailable'] = function(_, result)
      M.on.more(result.uri, result.version)
    end,
  },
}

---Tell the one running server about another project.
---@param root string?
local function add_root(root)
  if not root or not wire.client then
    return
  end
  local uri = vim.uri_from_fname(root)
  local folders = wire.client.workspace_folders or {}
  for _, folder in ipairs(folders) do
    if folder.uri == uri then
      return
    end
  end
  local folder = { uri = uri, name = root }
  wire.client.workspace_folders = vim.list_extend({ folder }, folders)
  wire.notify('workspace/didChangeWorkspaceFolders', { event = { added = { folder }, removed = {} } })
end

---Start the server, or use the running one: one model in memory serves every project.
---@param bufnr integer
---@param layered table
---@param root string?
local function start(bufnr, layered, root)
  if not api.nvim_buf_is_loaded(bufnr) or config.silent(bufnr) then
    return
  end
  if wire.is_alive() then
    add_root(root)
    vim.lsp.buf_attach_client(bufnr, wire.client.id)
  else
    set_state('starting')
    local id = vim.lsp.start(launch.config(layered, root, callbacks), {
      bufnr = bufnr,
      reuse_client = function()
        return false
      end,
    })
    wire.client = id and vim.lsp.get_client_by_id(id) or nil
    if not wire.client then
      set_state('error', ('could not start %s'):format(layered.cmd[1]))
      return
    end
  end
  M.on.attach(bufnr)
end

---Serve a buffer, unless midfill is off there or cannot run.
---@param bufnr integer
function M.attach(bufnr)
  if config.silent(bufnr) or exiting then
    return
  end
  if wire.is_alive() and wire.client.attached_buffers[bufnr] then
    return
  end
  buffers[bufnr] = vim.bo[bufnr].filetype
  if wire.client and wire.leaving[wire.client.id] then
    wire.leaving[wire.client.id] = 'restart'
    return
  elseif not wire.is_alive() and (M.state == 'error' or M.state == 'starting') then
    return -- after a crash: the back-off decides
  end
  local layered = launch.settings()
  if type(layered.cmd) == 'table' and vim.fn.executable(layered.cmd[1]) == 0 then
    set_state('missing', ('%s is not installed'):format(layered.cmd[1]))
    messages.tell_once(
      'missing',
      ('`%s` is not on the PATH. Install it with `%s`, then :Midfill restart'):format(layered.cmd[1], INSTALL),
      vim.log.levels.ERROR
    )
    return
  end
  launch.find_root(bufnr, layered, function(root)
    start(bufnr, layered, root)
  end)
end

---Serve again every buffer that was served before.
function M.attach_all()
  if M.state == 'starting' then
    M.state = 'stopped'
  end
  for bufnr in pairs(buffers) do
    if api.nvim_buf_is_loaded(bufnr) then
      M.attach(bufnr)
    end
  end
end

---Stop serving a buffer: the server hears that it was closed and gets no more of its text.
---@param bufnr integer
function M.detach(bufnr)
  buffers[bufnr] = nil
  if wire.is_alive() and wire.client.attached_buffers[bufnr] then
    vim.lsp.buf_detach_client(bufnr, wire.client.id)
  end
  M.on.detach(bufnr)
end

---Whether the server has the buffer's text and can be asked about it.
---@param bufnr integer
---@return boolean
function M.serves(bufnr)
  return wire.is_alive() and wire.client.initialized == true and wire.client.attached_buffers[bufnr] == true
end

---A buffer got a filetype, perhaps another one: that is a language, and an off switch.
---@param bufnr integer
function M.retype(bufnr)
  if buffers[bufnr] and (buffers[bufnr] ~= vim.bo[bufnr].filetype or config.silent(bufnr)) then
    M.detach(bufnr)
  end
  M.attach(bufnr)
end

---@param next_step? 'stop'|'restart'
function M.stop(next_step)
  if not wire.is_alive() then
    return
  end
  local stopping = wire.client
  wire.leaving[stopping.id] = next_step or 'stop'
  wire.call('stop')
  vim.defer_fn(function()
    if wire.client == stopping then
      wire.call('stop', true)
    end
  end, STOP_PATIENCE_MS)
end

---Start afresh, whatever went wrong before.
function M.restart()
  crashes.forget()
  messages.forget('missing')
  if wire.is_alive() then
    M.stop('restart')
    return
  end
  M.state, M.message = 'stopped', ''
  M.attach_all()
end

---Neovim is leaving: an exit is no crash now.
function M.leave()
  exiting = true
end

---Say so when somebody else started a midfill server too: both hold the model in memory.
---@param id integer a client that was attached to a buffer
function M.look_for_second(id)
  local other = vim.lsp.get_client_by_id(id)
  if other and other.name == NAME and wire.client and wire.client.id ~= id and not wire.leaving[id] then
    messages.tell_once(
      'second',
      "a second midfill server runs; start it by setup() or by vim.lsp.enable('midfill'), not both",
      vim.log.levels.WARN
    )
  end
end

---Why the server makes no suggestions for a buffer, or nil.
---@param bufnr integer
---@return string?
function M.silence(bufnr)
  return silences[vim.uri_from_bufnr(bufnr)]
end

return M
