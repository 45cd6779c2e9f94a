--- The server's life: start, attach, talk, stop, and start again after a crash.
local config = require('midfill.config')
local messages = require('midfill.messages')

local api = vim.api
local NAME = 'midfill'
local INSTALL = 'pipx install midfill (or: uv tool install midfill)'

---Crashes within the window that end the restarts, and the waits before the earlier restarts.
local CRASH_WINDOW_S = 60
local RESTART_WAITS_MS = { 500, 2000 }
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
  NAME = NAME,
  INSTALL = INSTALL,
}

---@type vim.lsp.Client?
local client = nil
---@type table<integer, string> buffers that midfill serves or will serve after a restart, and
---the filetype that each was opened with
local buffers = {}
---@type number[] times of the latest crashes, in seconds
local crashes = {}
---@type table<integer, 'stop'|'restart'> clients asked to leave, and what follows
local leaving = {}
local exiting = false

---Client methods became methods in 0.11 and were plain functions before.
---@param name string
---@param ... any
---@return any ...
local function call(name, ...)
  if vim.fn.has('nvim-0.11') == 1 then
    return client[name](client, ...)
  end
  return client[name](...)
end

---@param state midfill.ServerState
---@param message? string
local function set_state(state, message)
  M.state, M.message = state, message or ''
  M.on.change()
end

---@return boolean
local function is_alive()
  return client ~= nil and not leaving[client.id] and not call('is_stopped')
end

---The command as it will be run.
---@return string[]
function M.command()
  return M.settings().cmd --[[@as string[] ]]
end

---Neovim's layered configuration for midfill, before this plugin adds its part.
---@return table
function M.settings()
  local layered ---@type table
  if vim.fn.has('nvim-0.11') == 1 then
    layered = vim.deepcopy(vim.lsp.config[NAME] or {})
  else
    layered = dofile(api.nvim_get_runtime_file('lsp/midfill.lua', false)[1])
  end
  local values = config.values
  layered.cmd = values.cmd or layered.cmd
  layered.root_markers = values.root_markers or layered.root_markers
  return layered
end

---@param bufnr integer
---@param layered table
---@param start fun(root: string?)
local function find_root(bufnr, layered, start)
  if type(layered.root_dir) == 'function' then
    layered.root_dir(bufnr, start)
  elseif type(layered.root_dir) == 'string' then
    start(layered.root_dir)
  else
    start(vim.fs.root(bufnr, layered.root_markers or {}))
  end
end

---@param code integer
---@param signal integer
---@param id integer
local function on_exit(code, signal, id)
  local asked = leaving[id]
  leaving[id] = nil
  if client and client.id == id then
    client = nil
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
  local now = vim.uv.now() / 1000
  crashes = vim.tbl_filter(function(at)
    return now - at < CRASH_WINDOW_S
  end, crashes)
  crashes[#crashes + 1] = now
  local wait_ms = RESTART_WAITS_MS[#crashes]
  local how = ('the server ended (exit code %d, signal %d)'):format(code, signal)
  if not wait_ms then
    set_state('error', how)
    messages.tell(
      ('%s %d times within %d s and is left alone. :Midfill log shows why, :Midfill restart '
        .. 'tries again.'):format(how, #crashes, CRASH_WINDOW_S),
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
        M.command()[1],
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

---Our callback before the user's: one, a list of them, or none.
---@param ours function
---@param users function|function[]|nil
---@return function[]
local function chain(ours, users)
  return vim.list_extend({ ours }, type(users) == 'table' and users or { users })
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

---What `vim.lsp.start` gets: Neovim's layers, the user's settings, and what this plugin needs.
---@param layered table
---@param root string?
---@return table
local function start_config(layered, root)
  local values = config.values
  local capabilities = vim.tbl_deep_extend(
    'force',
    vim.lsp.protocol.make_client_capabilities(),
    layered.capabilities or {},
    { textDocument = { inlineCompletion = { dynamicRegistration = false } } }
  )
  return vim.tbl_extend('force', layered, {
    name = NAME,
    root_dir = root,
    capabilities = capabilities,
    init_options = vim.tbl_deep_extend(
      'force',
      { growing = values.growing },
      layered.init_options or {},
      values.settings
    ),
    settings = vim.tbl_deep_extend(
      'force',
      layered.settings or {},
      { midfill = vim.tbl_isempty(values.settings) and vim.empty_dict() or values.settings }
    ),
    handlers = vim.tbl_extend('force', layered.handlers or {}, {
      ['midfill/status'] = on_status,
      ['midfill/moreAvailable'] = function(_, result)
        M.on.more(result.uri, result.version)
      end,
    }),
    on_init = chain(on_init, layered.on_init),
    on_exit = chain(vim.schedule_wrap(on_exit), layered.on_exit),
    on_attach = chain(vim.schedule_wrap(M.on.ready), layered.on_attach),
  })
end

---Tell the one running server about another project.
---@param root string?
local function add_root(root)
  if not root or not client then
    return
  end
  local uri = vim.uri_from_fname(root)
  local folders = client.workspace_folders or {}
  for _, folder in ipairs(folders) do
    if folder.uri == uri then
      return
    end
  end
  local folder = { uri = uri, name = root }
  client.workspace_folders = vim.list_extend({ folder }, folders)
  M.notify('workspace/didChangeWorkspaceFolders', { event = { added = { folder }, removed = {} } })
end

---Start the server, or use the running one: one model in memory serves every project.
---@param bufnr integer
---@param layered table
---@param root string?
local function start(bufnr, layered, root)
  if not api.nvim_buf_is_loaded(bufnr) or config.silent(bufnr) then
    return
  end
  if is_alive() then
    add_root(root)
    vim.lsp.buf_attach_client(bufnr, client.id)
  else
    set_state('starting')
    local id = vim.lsp.start(start_config(layered, root), {
      bufnr = bufnr,
      reuse_client = function()
        return false
      end,
    })
    client = id and vim.lsp.get_client_by_id(id) or nil
    if not client then
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
  if is_alive() and client.attached_buffers[bufnr] then
    return
  end
  buffers[bufnr] = vim.bo[bufnr].filetype
  if client and leaving[client.id] then
    leaving[client.id] = 'restart'
    return
  elseif not is_alive() and (M.state == 'error' or M.state == 'starting') then
    return -- after a crash: the back-off decides
  end
  local layered = M.settings()
  if type(layered.cmd) == 'table' and vim.fn.executable(layered.cmd[1]) == 0 then
    set_state('missing', ('%s is not installed'):format(layered.cmd[1]))
    messages.tell_once(
      'missing',
      ('`%s` is not on the PATH. Install it with `%s`, then :Midfill restart'):format(
        layered.cmd[1],
        INSTALL
      ),
      vim.log.levels.ERROR
    )
    return
  end
  find_root(bufnr, layered, function(root)
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
  if is_alive() and client.attached_buffers[bufnr] then
    vim.lsp.buf_detach_client(bufnr, client.id)
  end
  M.on.detach(bufnr)
end

---Whether the server has the buffer's text and can be asked about it.
---@param bufnr integer
---@return boolean
function M.serves(bufnr)
  return is_alive() and client.initialized == true and client.attached_buffers[bufnr] == true
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
  if not is_alive() then
    return
  end
  local stopping = client
  leaving[stopping.id] = next_step or 'stop'
  call('stop')
  vim.defer_fn(function()
    if client == stopping then
      call('stop', true)
    end
  end, STOP_PATIENCE_MS)
end

---Start afresh, whatever went wrong before.
function M.restart()
  crashes = {}
  messages.forget('missing')
  if is_alive() then
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
  if other and other.name == NAME and client and client.id ~= id and not leaving[id] then
    messages.tell_once(
      'second',
      "a second midfill server runs; start it by setup() or by vim.lsp.enable('midfill'), not both",
      vim.log.levels.WARN
    )
  end
end

---@param bufnr integer
---@param method string
---@param params table
---@param answer fun(err: table?, result: any)
---@return integer? id for `cancel`
function M.request(bufnr, method, params, answer)
  if not is_alive() then
    return nil
  end
  local sent, id = call('request', method, params, answer, bufnr)
  return sent and id or nil
end

---@param id integer
function M.cancel(id)
  if is_alive() then
    call('cancel_request', id)
  end
end

---@param method string
---@param params table
function M.notify(method, params)
  if is_alive() then
    call('notify', method, params)
  end
end

---@return string 'utf-8', 'utf-16' or 'utf-32'
function M.encoding()
  return client and client.offset_encoding or 'utf-16'
end

---The document's version as the server knows it.
---@param bufnr integer
---@return integer?
function M.version(bufnr)
  return vim.lsp.util.buf_versions[bufnr]
end

return M
